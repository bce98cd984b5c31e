"""Adam that holds or moves zeros: two moves by hand, numbers that stay, options of the family."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn

from lagrange import compiled
from lagrange.nn import HeldAdam, RegrowingAdam, Regrowth
from lagrange.nn.regrowth import over
from problems.networks import finishing
from problems.networks.compress import Task
from problems.networks.pruned import PruningTask
from problems.networks.settings import Settings


def parameters():
    """Seven entries in two tensors, four of them nonzero, and a bias that is not held."""
    a = nn.Parameter(torch.tensor([[2.0, 0.0], [0.5, 0.0]]))
    b = nn.Parameter(torch.tensor([0.0, 1.0, 3.0]))
    return [nn.Parameter(torch.tensor([0.0])), a, b]


def stepped(optimizer, values, gradients):
    for value, gradient in zip(values, gradients, strict=True):
        value.grad = torch.tensor(gradient)
    optimizer.step()


GRADIENTS = [[1.0], [[0.1, 0.3], [0.4, 0.9]], [0.7, 1.0, 0.01]]


def test_held_zeros_stay_and_what_is_not_held_moves():
    values = parameters()
    optimizer = HeldAdam(values, 0.1, values[1:])
    for _ in range(3):
        stepped(optimizer, values, GRADIENTS)
    free, a, b = (value.detach() for value in values)
    torch.testing.assert_close(free, torch.tensor([-0.3]))
    torch.testing.assert_close(a, torch.tensor([[1.7, 0.0], [0.2, 0.0]]))
    torch.testing.assert_close(b, torch.tensor([0.0, 0.7, 2.7]))


def test_two_moves_by_hand():
    values, told = parameters(), []
    rule = Regrowth(share=0.5, every=1, last=4, power=0.5)
    optimizer = RegrowingAdam(values, 0.1, values[1:], rule, moved=told.append)
    stepped(optimizer, values, GRADIENTS)
    # Adam's first step is −0.1 sign g: nonzeros 1.9, 0.4 and 0.9, 2.9; v = 0.001 g²; (v)^¼ ∝ √g:
    # worth 1.9 √0.1 = 0.60, 0.4 √0.4 = 0.25, 0.9 √1 = 0.9, 2.9 √0.01 = 0.29.
    # share 0.5 (1 + cos π/4)/2 = 0.427 of 4: two move. Out: 0.4 and 2.9. In: gradients 0.9 and 0.7.
    torch.testing.assert_close(values[1], torch.tensor([[1.9, 0.0], [0.0, 0.0]]))
    torch.testing.assert_close(values[2], torch.tensor([0.0, 0.9, 0.0]))
    masks = told[0]
    assert masks[values[1]].tolist() == [[True, False], [False, True]]
    assert masks[values[2]].tolist() == [True, True, False]
    moments = optimizer.state[values[1]]
    assert moments["exp_avg"][1, 1] == moments["exp_avg"][1, 0] == 0.0
    assert float(moments["exp_avg_sq"][1, 1]) == pytest.approx(0.001 * 0.1**2, rel=1e-4)
    stepped(optimizer, values, GRADIENTS)
    # New entries: m = 0.1 g, v = 0.999 v + 0.001 g²; the bias corrections are 0.19 and 0.001999.
    v = 0.999 * (0.001 * 0.1**2) + 0.001 * 0.9**2
    fresh = -0.1 * (0.1 * 0.9 / 0.19) / math.sqrt(v / 0.001999)
    v = 0.999 * (0.001 * 1.0**2) + 0.001 * 0.7**2
    other = -0.1 * (0.1 * 0.7 / 0.19) / math.sqrt(v / 0.001999)
    # worth: 1.8 √0.1, 0.05 √…, 0.8 √1, 0.03 √…; share 0.25 of 4: one moves, `other`; in comes 0.4.
    assert abs(other) * (v / 1.999) ** 0.25 < abs(fresh)
    torch.testing.assert_close(
        values[1], torch.tensor([[1.8, 0.0], [0.0, fresh]]), rtol=1e-4, atol=0
    )
    torch.testing.assert_close(values[2], torch.tensor([0.0, 0.8, 0.0]), rtol=1e-4, atol=0)
    assert told[1][values[1]].tolist() == [[True, False], [True, True]]
    assert told[1][values[2]].tolist() == [False, True, False]


def test_shares_fall_in_a_cosine_and_end():
    rule = Regrowth(share=0.4, every=3, last=12)
    assert [rule.at(t) > 0 for t in range(1, 16)] == [t in {3, 6, 9} for t in range(1, 16)]
    assert rule.at(6) == pytest.approx(0.2)


def test_moves_of_a_training():
    assert over(4_000, 0.2) == Regrowth(0.2, 50, 3_000)
    assert over(40_000, 0.2, 1.0) == Regrowth(0.2, 200, 30_000, 1.0)


@pytest.mark.parametrize("apart", (False, True))
def test_the_number_of_nonzeros_stays(apart):
    generator = torch.Generator().manual_seed(2)
    values = [nn.Parameter(torch.randn(6, 5, generator=generator)) for _ in range(2)]
    with torch.no_grad():
        values[0][torch.rand(6, 5, generator=generator) < 0.6] = 0.0
        values[1][torch.rand(6, 5, generator=generator) < 0.9] = 0.0
    told = []
    optimizer = RegrowingAdam(
        values,
        0.1,
        values,
        Regrowth(1.0, 1, 30),
        gradients=lambda: [torch.randn(6, 5, generator=generator) * scale for scale in (1.0, 9.0)],
        moved=told.append,
        apart=apart,
        fused=True,
    )
    before = [int((v != 0).sum()) for v in values]
    for _ in range(30):
        for value in values:
            value.grad = torch.randn(6, 5, generator=generator)
        optimizer.step()
        for mask, value in zip(told[-1].values(), values, strict=True):
            assert ((value == 0) | mask).all()
        counts = [int(told[-1][v].sum()) for v in values]
        assert sum(counts) == sum(before)
        assert not apart or counts == before
    assert len(told) == 29
    assert apart or counts != before


def test_a_state_goes_on_with_the_places_that_are_about_to_come_in():
    rule = Regrowth(share=0.5, every=2, last=5, power=0.5)
    gradients = [[[0.3, -0.7], [0.2, 0.9]], [0.5, -0.4, 0.1], [0.2]]

    def begun(values):
        return RegrowingAdam(values, 0.1, values[:2], rule)

    straight = [
        nn.Parameter(t) for t in (torch.eye(2), torch.tensor([0.0, 1.0, 0.0]), torch.ones(1))
    ]
    optimizer = begun(straight)
    for _ in range(2):
        stepped(optimizer, straight, gradients)
    assert any(((p == 0) & m).any() for p, m in zip(straight, optimizer._masks, strict=False))
    again = [nn.Parameter(p.detach().clone()) for p in straight]
    other = begun(again)
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for _ in range(5):
        stepped(optimizer, straight, gradients)
        stepped(other, again, gradients)
    assert all(torch.equal(p, q) for p, q in zip(straight, again, strict=True))
    assert sum(int(m.sum()) for m in other._masks) == 3


def test_a_tensor_without_zeros_or_without_nonzeros_is_left_alone():
    values = [nn.Parameter(torch.ones(3)), nn.Parameter(torch.zeros(3))]
    told = []
    optimizer = RegrowingAdam(
        values, 0.1, values, Regrowth(1.0, 1, 9), moved=told.append, apart=True
    )
    stepped(optimizer, values, [[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]])
    assert told[0][values[0]].all() and not told[0][values[1]].any()
    torch.testing.assert_close(values[0], torch.full((3,), 0.9))
    assert values[1].tolist() == [0.0, 0.0, 0.0]


SMALL = Settings(pretrain=2, epochs=2, retrain=8, baselines=False, score=0.5, path="log")


def finished(**changes):
    scope, keep = changes.pop("scope", "global"), changes.pop("keep", 0.05)
    task = PruningTask(
        Task("digits", "digits", Settings(**{**vars(SMALL), **changes})), keep, scope, True
    )
    dense = {n: t.detach() for n, t in task.task.dense.state_dict().items()}
    hard = task._cut(dense, task.budgets.block)
    return task, hard, task.final(hard)


def support(task, state):
    return {n: state[n] != 0 for n in task.task.sizes}


@pytest.mark.parametrize("scope", ("global", "layer"))
def test_regrowth_moves_nonzeros_within_the_budget(scope):
    task, hard, final = finished(regrow=0.3, scope=scope)
    before, after = support(task, hard), support(task, final)
    assert any((before[n] != after[n]).any() for n in before)
    for rows, k in (
        [(tuple(before), task.budgets.counts[""])]
        if scope == "global"
        else [((n,), k) for n, k in task.budgets.counts.items()]
    ):
        assert sum(int(after[n].sum()) for n in rows) <= k
    _, hard, final = finished(scope=scope)
    assert all(
        (after <= before).all()
        for before, after in zip(
            support(task, hard).values(), support(task, final).values(), strict=True
        )
    )


@pytest.mark.skipif(not compiled.is_available(), reason="numba is not installed (extra fast)")
@pytest.mark.parametrize("regrow", (0.0, 0.3))
def test_computing_with_nonzeros_only_is_the_same_training(regrow, monkeypatch):
    monkeypatch.setattr(
        finishing, "over", lambda steps, *rest: Regrowth(rest[0], steps // 4, steps)
    )
    task, hard, dense = finished(retrain=1, regrow=regrow)
    again, same, sparse = finished(retrain=1, regrow=regrow, sparse=True)
    assert all(torch.equal(hard[n], same[n]) for n in hard)
    for name, weights in dense.items():
        np.testing.assert_allclose(sparse[name], weights, rtol=2e-3, atol=2e-4)
    moved = any(
        (support(task, hard)[n] != support(again, sparse)[n]).any() for n in task.task.sizes
    )
    assert moved == (regrow > 0)
