"""A session takes little memory: between updates, during them, and in the checkpoint."""

import io

import pytest
import torch
from torch import nn

from benchmarks.networks import in_processes, in_python
from lagrange import ADMM, SurrogateLagrangian, vectors
from lagrange.nn import Compression, choose, thin
from lagrange.nn.rest import memory
from lagrange.sets import GlobalCardinality, UniformGrid
from lagrange.solvers.alternating import Alternating
from lagrange.step_sizes import SurrogateContraction
from lagrange.testing.compare import difference
from tests.worlds.sessions import Loop, block_of, pulled, timeless

RULE = SurrogateContraction(50, 0.1, first_step=0.05)
SOLVERS = {
    "admm": ADMM(0.1),
    "surrogate": SurrogateLagrangian(RULE, rho=0.1),
    "penalty": Alternating(0.1, rounds=2),
}
SPARSE = GlobalCardinality(3)  # of 30 weights


def wide():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(90, 80), nn.ReLU(), nn.Linear(80, 2))


def trained(solver, sets, updates, **changes):
    """A session after so many updates of one step each, and what it then holds, in targets."""
    net = wide()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    inputs, labels = torch.randn(8, 90), torch.arange(8) % 2
    loss = nn.functional.cross_entropy
    if isinstance(solver, SurrogateLagrangian):
        changes |= {"optimizer": optimizer, "cost": lambda model: loss(model(inputs), labels)}
    session = Compression(net, choose(net), sets, solver, **changes)
    for _ in range(updates):
        (loss(net(inputs), labels) + session.penalty()).backward()
        optimizer.step()
        optimizer.zero_grad()
        session.update()
    talk = session._talk
    held = memory(talk.state, talk._asks, talk.problem.rhs)
    return session, optimizer, held / (4 * sum(session.targets.sizes.values()))


@pytest.mark.parametrize("name", SOLVERS)
def test_what_is_held_between_updates(name):
    """λ, W and a sparse Z; a solver that compares costs also the model and the moments."""
    for updates in (1, 2, 5):
        session, _, held = trained(SOLVERS[name], GlobalCardinality(400), updates)
        if name == "surrogate":
            model = sum(t.nbytes for t in session._net.state_dict().values())
            moments = 4 * 2 * sum(p.numel() for p in session._net.parameters())
            held -= (model + moments) / (4 * sum(session.targets.sizes.values()))
            held += 1.0  # W is in the model
        assert 1.0 < held < 2.6


def test_a_set_that_is_not_sparse():
    """Z as it is; ADMM remembers nothing of the sweep before, nor looks for signs of no solution."""
    for solver, updates in (("penalty", 3), ("admm", 3), ("admm", 70)):
        _, _, held = trained(SOLVERS[solver], {"*": UniformGrid(3)}, updates)
        assert 2.9 < held <= 3.01


def test_a_checkpoint_is_as_small_as_what_is_held():
    session, _, _ = trained(SOLVERS["penalty"], GlobalCardinality(400), 3)
    file = io.BytesIO()
    torch.save(session.state_dict(), file)
    assert file.tell() < 3.1 * 4 * sum(session.targets.sizes.values()) + 30_000


@pytest.mark.parametrize("name", SOLVERS)
def test_push_equals_pull_in_pieces_and_thin(name, monkeypatch):
    """Small networks have small rows: here they are made to count as large ones."""
    monkeypatch.setattr(vectors, "PIECE", 16)
    monkeypatch.setattr(thin, "SMALLEST", 2)
    monkeypatch.setattr("lagrange.nn.pull.PIECE", 0)
    made = []
    monkeypatch.setattr(thin.Thin, "__getitem__", spied(thin.Thin.__getitem__, made))
    loop = Loop(block_of(), SOLVERS[name], SPARSE).run(8)
    solution = pulled(block_of(), SPARSE, SOLVERS[name], len(loop.session.trace))
    assert timeless(loop.session.trace) == timeless(solution.trace)
    assert difference(loop.session.state.multipliers, solution.state.multipliers) is None
    assert made


def spied(method, calls):
    def spy(self, part):
        calls.append(part)
        return method(self, part)

    return spy


def test_an_observer_that_fails_leaves_the_session_whole():
    seen = []

    def observe(record):
        seen.append(record.step)
        if len(seen) == 1:
            raise OSError("no space left")

    session, *_ = trained(SOLVERS["admm"], SPARSE, 0, observe=observe)
    session.pull(0.1)
    with pytest.raises(OSError, match="no space left"):
        session.update()
    session.pull(0.1)
    session.update()
    assert seen == [1, 2] and [record.step for record in session.trace] == [1, 2]


BIG = """
import json
from argparse import Namespace
from torch import nn
from benchmarks.networks import watched
make = lambda: nn.Sequential(nn.Linear(512, 1024), nn.ReLU(), nn.Linear(1024, 512))
print(json.dumps(watched(make, (512,), {one!r}, Namespace(keep=0.1, **{settings}))))
"""


def big(one, *, penalty=False, in_memory=False):
    settings = {"penalty": penalty, "in_memory": in_memory}
    return in_python(["-c", BIG.format(one=one, settings=settings)])


@pytest.mark.parametrize("one", ("ADMM", "SLR"))
def test_the_peak_of_an_update_is_within_the_bound(one):
    """Model, moments and three times the targets; the loop has gradients besides."""
    row = big(one)
    assert 0.8 * row["bound"] < row["update"] <= row["bound"]
    assert row["loop"] <= row["bound"] + 4 * row["parameters"]


@pytest.mark.slow
@pytest.mark.parametrize("one", ("ADMM", "SLR"))
def test_the_peak_in_memory(one):
    """With gradients and, under SLR, what it keeps to come back to; hardly an activation."""
    row = big(one, in_memory=True)
    kept = row["model"] + row["optimizer"] if one == "SLR" else 0
    assert max(row["update"], row["loop"]) - kept <= row["bound"] + 4 * row["parameters"]


@pytest.mark.slow
def test_a_penalty_takes_one_more_copy_of_the_largest_layer():
    """Its gradients are there before those of the loss."""
    row = big("ADMM", penalty=True)
    assert row["loop"] <= row["bound"] + 4 * (row["parameters"] + 1024 * 4096)


@pytest.mark.slow
@pytest.mark.parametrize("name", ("lenet5", "resnet20"))
def test_networks_are_within_the_bound(name):
    """Small ones, where all that is not a tensor shows most."""
    rows = in_processes(name, [])
    for one in ("ADMM", "SLR"):
        assert rows[one]["update"] <= 1.02 * rows[one]["bound"]
        assert rows[one]["loop"] <= 1.02 * (rows["plain"]["loop"] + 3 * 4 * rows[one]["targeted"])
