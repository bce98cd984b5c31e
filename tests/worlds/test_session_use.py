"""What counts as using a session, which checkpoints it takes, and which sets have an effect."""

import gc
import json
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from lagrange import ADMM, Progressive, StepLimit
from lagrange.nn import Compression, Readings, choose, diagnose, freeze_zeros, measure, retrain
from lagrange.nn.diagnosis import Diagnosis
from lagrange.nn.fingerprints import described, digest, first_difference
from lagrange.nn.split import members_of, require_effect
from lagrange.nn.usage import _NEWEST
from lagrange.penalties import ResidualBalancing
from lagrange.sets import Box, Cardinality, GlobalCardinality, LowRank, UniformGrid
from tests.worlds.test_session_loops import KEEP, RHO, Tied, data, mlp

BUDGET = GlobalCardinality(KEEP)


def loss_of(net):
    inputs, labels = data()
    return functional.cross_entropy(net(inputs), labels)


def sgd(net, rate=0.1):
    return torch.optim.SGD(net.parameters(), lr=rate)


def by_closure(net, session):
    optimizer = torch.optim.LBFGS(net.parameters(), lr=0.1, max_iter=3)

    def closure():
        optimizer.zero_grad()
        loss = loss_of(net) + session.penalty()
        loss.backward()
        return loss

    optimizer.step(closure)


def by_gradients(net, session):
    """No ``backward``: torch.autograd.grad, as a hand-written optimizer has it."""
    parameters = list(net.parameters())
    slopes = torch.autograd.grad(loss_of(net) + session.penalty(), parameters)
    with torch.no_grad():
        for parameter, slope in zip(parameters, slopes, strict=True):
            parameter -= 0.1 * slope


def by_data(net, session):
    """As old optimizers step: torch's version counter of the weights does not see it."""
    (loss_of(net) + session.penalty()).backward()
    for parameter in net.parameters():
        parameter.data -= 0.1 * parameter.grad


def in_parallel(net, session):
    optimizer, outer = sgd(net), nn.DataParallel(net)
    (loss_of(outer) + session.penalty()).backward()
    optimizer.step()


def compiled(net, session):
    optimizer, inner = sgd(net), torch.compile(net, backend="eager")
    (loss_of(inner) + session.penalty()).backward()
    optimizer.step()


def accumulated(net, session):
    """The penalty in the first of two backward passes only."""
    optimizer = sgd(net)
    (loss_of(net) + session.penalty()).backward()
    loss_of(net).backward()
    optimizer.step()


def scaled(net, session):
    optimizer, scaler = sgd(net), torch.amp.GradScaler("cpu", init_scale=2.0**4)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = loss_of(net) + session.penalty()
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()


WAYS = (by_closure, by_gradients, by_data, in_parallel, compiled, accumulated, scaled)


@pytest.mark.parametrize("way", WAYS)
def test_a_penalty_that_a_gradient_went_through_took_part(way):
    net = mlp()
    session = Compression(net, choose(net), BUDGET, ADMM(RHO))
    for step in (1, 2):
        way(net, session)
        assert session.update().step == step
    with pytest.raises(ValueError, match="neither"):
        session.update()


def test_weights_that_rest_later_are_no_error():
    """A scaler may skip the first step, and training may arrive; never to move at all is one."""
    net = mlp()
    session = Compression(net, choose(net), BUDGET, ADMM(RHO))
    session.penalty().backward()
    session.update()
    for refused in (session.finish, session.update):
        session.penalty().backward()
        with pytest.raises(ValueError, match="has moved"):
            refused()
    session.pull(0.1)  # the refusal left everything as it was, the penalty's part in it too
    with pytest.raises(ValueError, match=r"penalty\(\) and pull\(step\)"):
        session.update()
    again = Compression(net, choose(net), BUDGET, ADMM(RHO))
    by_gradients(net, again)
    again.update()
    again.penalty().backward()
    assert again.update().step == 2
    again.finish()


def test_what_took_part_and_moved_is_part_of_the_checkpoint():
    """Nothing did before; then the penalty did, and the weights have not moved yet."""
    net = mlp()
    session = Compression(net, choose(net), BUDGET, ADMM(RHO))
    saved = session.state_dict()
    session.penalty().backward()
    session.update()
    session.penalty().backward()
    later = session.state_dict()
    again = Compression(net, choose(net), BUDGET, ADMM(RHO))
    again.load_state_dict(later)
    with pytest.raises(ValueError, match="has moved"):
        again.update()
    first = net[0].weight.detach().clone()
    with torch.no_grad():
        net[0].weight[0, 0] += 1
    assert again.update().step == 2
    with torch.no_grad():
        net[0].weight.copy_(first)
    again.load_state_dict(saved)
    with pytest.raises(ValueError, match="neither"):
        again.update()
    with pytest.raises(ValueError, match="before the first update"):
        again.finish()


def test_the_newest_session_has_the_weights_and_none_lives_longer_than_it_is_used():
    gc.collect()
    before = len(_NEWEST)
    net = mlp()
    first = Compression(net, choose(net), BUDGET, ADMM(RHO))
    second = Compression(net, "0.weight", BUDGET, ADMM(RHO))
    with pytest.raises(ValueError, match=r"another session has begun on target '0.weight'"):
        first.penalty()
    by_gradients(net, second)
    second.update()
    beside = Compression(net, "2.weight", {"*": Cardinality(2)}, ADMM(RHO))
    second.penalty()
    beside.penalty()
    second.finish()
    del first, second, beside
    gc.collect()
    assert len(_NEWEST) == before


def test_a_refused_session_takes_nothing_over():
    net = mlp()
    first = Compression(net, choose(net), BUDGET, ADMM(RHO))
    with pytest.raises(ValueError, match="keeps all"):
        Compression(net, choose(net), GlobalCardinality(40), ADMM(RHO))
    first.penalty()


def test_descriptions_are_equal_where_settings_are():
    def settings(seed=0, nan=math.nan):
        weights = {"a": np.random.default_rng(seed).uniform(size=3), "b": torch.ones(2)}
        return (ADMM(ResidualBalancing(0.3)), [UniformGrid(3), math.sin], weights, nan, np.int64(4))

    assert described(settings()) == described(settings())
    assert json.loads(json.dumps(described(settings()))) == described(settings())
    told = first_difference(described(settings()), described(settings(seed=1)), "s")
    assert told is not None and told.startswith("s.2.a was a tensor")
    told = first_difference(described(settings()), described(settings(nan=2.0)), "s")
    assert told == "s.3 was nan and is 2.0 now"
    assert described(math.sin) == "math:sin" and described(math.cos) != described(math.sin)
    assert described(np.float64(0.5)) == described(0.5)


def test_a_digest_is_of_every_bit_and_not_of_the_layout(monkeypatch):
    t = torch.randn(6, 4, 3, 3)
    assert digest(t) == digest(t.to(memory_format=torch.channels_last)) == digest(t.clone())
    assert digest(t) != digest(t.double()) and digest(t) != digest(t.view(6, 36))
    for place in (0, 100, 215):
        other = t.clone()
        other.view(-1)[place] = torch.nextafter(other.view(-1)[place], torch.tensor(9.0))
        assert digest(other) != digest(t)
    zero = torch.zeros(3)
    assert digest(zero) != digest(-zero)
    assert digest(zero.bfloat16()) != digest(zero.half()) and digest(torch.tensor(1.0))
    whole = digest(t)
    monkeypatch.setattr("lagrange.vectors.PIECE", 4)
    assert digest(t) == whole


def test_changed_sets_are_part_of_the_checkpoint():
    net = mlp()
    session = Compression(net, choose(net), BUDGET, ADMM(RHO))
    by_gradients(net, session)
    session.update()
    session.change_sets(GlobalCardinality(5))
    saved = session.state_dict()
    again = Compression(net, choose(net), BUDGET, ADMM(RHO))
    with pytest.raises(ValueError, match=r"sets.0.k was 5 and is 10 now"):
        again.load_state_dict(saved)
    again.change_sets(GlobalCardinality(5))
    again.load_state_dict(saved)
    assert again.finish().members.set == GlobalCardinality(5)  # its updates count


def test_sets_that_have_an_effect_are_not_refused():
    """Bounds that all weights are within, a rule that concerns one layer of two, a first stage."""
    targets = choose(mlp())  # (5, 6) and (2, 5)
    for sets in (
        {"*": Box(-100.0, 100.0)},
        {"*": LowRank(2)},
        {"*": Cardinality(12)},
        GlobalCardinality(39),
        [GlobalCardinality(40), GlobalCardinality(39)],
    ):
        require_effect(targets, sets)
    net = mlp()
    stages = Progressive(ADMM(RHO), StepLimit(1))
    assert Compression(net, "*", [GlobalCardinality(40), BUDGET], stages).active


def test_tied_weights_go_by_any_of_their_names():
    net = Tied()
    targets = choose(net, "decoder.weight")
    for pattern in ("encoder.weight", "decoder.weight", "*coder.weight"):
        one = members_of(targets, {pattern: Cardinality(3)})
        assert list(one.sets) == ["encoder.weight"]
    with pytest.raises(ValueError, match="matched twice"):
        members_of(targets, {"encoder*": Cardinality(3), "decoder*": Cardinality(3)})
    x = torch.ones(2, 4)
    first, second = (measure(net, [f"{n}.weight"], x).layers[0] for n in ("encoder", "decoder"))
    assert first.size == second.size and first.size.total == 32 * 16


def test_readings_of_a_session_are_those_by_hand():
    net = mlp(torch.float64)
    session = Compression(net, choose(net), BUDGET, ADMM(RHO))
    readings, optimizer = Readings(session), sgd(net)
    inputs, labels = data()
    copies = [session.state.responses[1].point]
    for _ in range(9):
        optimizer.zero_grad()
        loss = functional.cross_entropy(net(inputs.double()), labels)
        (loss + session.penalty()).backward()
        optimizer.step()
        session.update()
        found = readings.take(loss, accuracy=0.5)
        w = torch.cat([t.detach().flatten() for t in session.targets.values()])
        copies.append(session.state.responses[1].point)
        old, z = (torch.cat([t.flatten() for t in c.values()]) for c in copies[-2:])
        y = torch.cat([t.flatten() for t in session.state.multipliers.values()])
        assert found.residual == pytest.approx(float((w - z).norm() / w.norm()), rel=1e-9)
        assert found.dual == pytest.approx(RHO * float((z - old).norm() / y.norm()), rel=1e-9)
        assert found.changes == int(((z != 0) != (old != 0)).sum()) / KEEP
        assert (found.loss, found.accuracy) == (loss.item(), 0.5)
    assert [r.step for r in readings.series] == list(range(1, 10))
    assert readings.diagnosis() == diagnose(readings.series) != (Diagnosis.TOO_FEW,)


@pytest.mark.parametrize("frozen", (False, True))
def test_retraining_tells_zeros_that_came_alive(frozen):
    net = mlp()
    with torch.no_grad():
        net[0].weight[:, 3:] = 0
        net[0].bias[0] = 0
    if frozen:
        freeze_zeros(net, ["0.weight"])
    scores = iter((0.0, 1.0))
    done = retrain(
        net,
        lambda model, batch: functional.cross_entropy(model(batch[0]), batch[1]),
        lambda epoch: [data()],
        sgd(net),
        epochs=1,
        validate=lambda model: next(scores),
    )
    zeros = int((net[0].weight == 0).sum())
    assert done.revived == 15 - zeros
    assert zeros == 15 if frozen else zeros < 15
