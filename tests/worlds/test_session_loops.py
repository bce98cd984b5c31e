"""A session in the loops that people write: any optimizer, mixed precision, accumulated gradients, tied
weights, compiled modules.
"""

import shutil

import pytest
import torch
from torch import nn
from torch.nn import functional

from lagrange import ADMM
from lagrange.nn import Compression, choose
from lagrange.sets import Cardinality, GlobalCardinality
from tests.tolerances import EXACT

RHO, KEEP = 0.3, 10


def data(rows=16, seed=0):
    make = torch.Generator().manual_seed(seed)
    inputs = torch.randn(rows, 6, generator=make)
    return inputs, (inputs[:, :3].sum(dim=1) > 0).long()


def mlp(dtype=torch.float32):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 2)).to(dtype)


def begun(net, **changes):
    """A session after one update, so that multipliers and offsets are at work."""
    session = Compression(net, choose(net), GlobalCardinality(KEEP), ADMM(RHO), **changes)
    with torch.no_grad():
        for target in session.targets.values():
            target.mul_(1.5)
    session.penalty().backward()
    session.update()
    net.zero_grad()
    return session


def expected_pull(session, name):
    """λ + ρ(W − Z), from the state by hand."""
    state = session.state
    z = -state.responses[1].image[name]
    weight = session.targets[name].detach()
    return state.multipliers[name] + RHO * (weight - z)


def test_the_gradient_of_the_penalty_is_that_of_the_augmented_lagrangian():
    session = begun(mlp(torch.float64))
    value = session.penalty()
    value.backward()
    by_hand = 0.0
    for name, target in session.targets.items():
        pull = expected_pull(session, name)
        assert float(pull.abs().max()) > 0.01
        assert torch.allclose(target.grad, pull, rtol=0, atol=EXACT())
        by_hand += float((pull / RHO).square().sum()) * RHO / 2
    assert value.item() == pytest.approx(by_hand, rel=1e-12)


OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01, foreach=True),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, amsgrad=True),
    "rmsprop": lambda p: torch.optim.RMSprop(p, lr=0.01),
    "adagrad": lambda p: torch.optim.Adagrad(p, lr=0.1),
}


def trained(make, use):
    """Relative distance from the set after 150 steps; ``use``: penalty, pull or nothing."""
    net = mlp()
    optimizer = make(net.parameters())
    session = Compression(net, choose(net), GlobalCardinality(KEEP), ADMM(RHO))
    inputs, labels = data()
    for step in range(1, 151):
        optimizer.zero_grad()
        loss = functional.cross_entropy(net(inputs), labels)
        (loss + session.penalty() if use == "penalty" else loss).backward()
        optimizer.step()
        if use == "pull":
            session.pull(0.1)
        if use != "nothing" and step % 10 == 0:
            session.update()
    if use == "nothing":
        session.penalty().backward()
        session.update()
    done = session.finish()
    assert sum(int(w.count_nonzero()) for w in done.weights.values()) == KEEP
    return done.distance


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_any_optimizer_brings_weights_and_copy_together(name):
    plain = trained(OPTIMIZERS[name], "nothing")
    for use in ("penalty", "pull"):
        assert trained(OPTIMIZERS[name], use) < 0.45 * plain


def test_the_decoupled_pull_is_the_proximal_step():
    session = begun(mlp(torch.float64))
    before = {n: t.detach().clone() for n, t in session.targets.items()}
    centers = {n: before[n] - expected_pull(session, n) / RHO for n in before}
    session.pull(0.5)
    a = 0.5 * RHO
    for name, target in session.targets.items():
        by_hand = (before[name] + a * centers[name]) / (1 + a)
        assert torch.allclose(target.detach(), by_hand, rtol=0, atol=EXACT())


def test_mixed_precision_and_a_scaler_leave_the_pull_as_it_is():
    """Under autocast the network computes in half precision; the pull's gradient does not."""
    session = begun(mlp())
    optimizer = torch.optim.SGD(session.targets.values(), lr=0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        penalty = session.penalty()
        half = functional.linear(torch.ones(1, 6), session.targets["0.weight"])
    assert half.dtype == torch.bfloat16 and penalty.dtype == torch.float32
    scaler.scale(penalty).backward()
    scaler.unscale_(optimizer)
    for name, target in session.targets.items():
        close = EXACT(torch.float32)
        assert torch.allclose(target.grad, expected_pull(session, name), rtol=close, atol=close)
    scaler.step(optimizer)
    scaler.update()
    session.update()
    assert session.trace[1].step == 2


def test_training_with_autocast_and_a_scaler():
    net = mlp()
    optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
    session = Compression(net, choose(net), GlobalCardinality(KEEP), ADMM(0.5))
    scaler, (inputs, labels) = torch.amp.GradScaler("cpu"), data()
    for step in range(1, 201):
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = functional.cross_entropy(net(inputs), labels) + session.penalty()
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        if step % 10 == 0:
            session.update()
    assert session.finish().distance < 0.2
    assert all(row.dtype == torch.float32 for row in session.state.multipliers.values())


def test_half_precision_weights_have_single_precision_copies():
    session = begun(mlp(torch.bfloat16))
    assert all(row.dtype == torch.float32 for row in session.state.multipliers.values())
    session.penalty().backward()
    assert all(t.grad.dtype == torch.bfloat16 for t in session.targets.values())
    done = session.finish()
    assert sum(int(w.count_nonzero()) for w in done.weights.values()) == KEEP


def test_accumulated_gradients_are_those_of_the_whole_batch():
    inputs, labels = data(16)
    whole, parts = begun(mlp(torch.float64)), begun(mlp(torch.float64))
    for session, cuts in ((whole, 1), (parts, 4)):
        model = session._net
        for x, y in zip(inputs.double().chunk(cuts), labels.chunk(cuts), strict=True):
            ((functional.cross_entropy(model(x), y) + session.penalty()) / cuts).backward()
    for name in whole.targets:
        assert torch.allclose(
            whole.targets[name].grad, parts.targets[name].grad, rtol=0, atol=EXACT()
        )


class Tied(nn.Module):
    """Encoder and decoder share a weight."""

    def __init__(self):
        super().__init__()
        self.encoder, self.decoder = nn.Linear(4, 4), nn.Linear(4, 4)
        self.decoder.weight = self.encoder.weight

    def forward(self, x):
        return self.decoder(torch.relu(self.encoder(x)))


def test_tied_weights_are_one_target_with_one_budget_and_one_pull():
    with torch.random.fork_rng():
        torch.manual_seed(3)
        net = Tied().double()
    targets = choose(net, "*.weight")
    assert list(targets) == ["encoder.weight"]
    assert targets.tied == {"decoder.weight": "encoder.weight"}
    assert "decoder.weight is encoder.weight" in repr(targets)
    assert list(choose(net, "decoder*")) == ["encoder.weight"]
    session = begun_tied(net)
    session.penalty().backward()
    assert torch.allclose(
        net.decoder.weight.grad, expected_pull(session, "encoder.weight"), rtol=0, atol=EXACT()
    )
    done = session.finish()
    assert list(done.weights) == ["encoder.weight"]
    assert net.decoder.weight is net.encoder.weight
    assert int(net.decoder.weight.count_nonzero()) == 3


def begun_tied(net):
    session = Compression(net, choose(net), {"*": Cardinality(3)}, ADMM(RHO))
    with torch.no_grad():
        net.encoder.weight.add_(0.3)
    session.penalty().backward()
    session.update()
    net.zero_grad()
    return session


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile on a CPU needs g++")
@pytest.mark.filterwarnings("ignore")  # the compiler's own
def test_a_compiled_module_is_compressed_as_the_plain_one():
    traces, names = [], []
    for compiled in (False, True):
        net = mlp(torch.float64)
        model = torch.compile(net) if compiled else net
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        session = Compression(model, "*.weight", GlobalCardinality(KEEP), ADMM(RHO))
        names.append(list(session.targets))
        inputs, labels = data()
        for step in range(1, 21):
            optimizer.zero_grad()
            loss = functional.cross_entropy(model(inputs.double()), labels)
            (loss + session.penalty()).backward()
            optimizer.step()
            if step % 5 == 0:
                session.update()
        session.finish()
        traces.append([record.residual for record in session.trace])
        assert sum(int(p.count_nonzero()) for p in session.targets.values()) == KEEP
        assert torch.equal(model(inputs.double()), net(inputs.double())) or compiled
    assert names[0] == names[1] == ["0.weight", "2.weight"]
    assert traces[0] == pytest.approx(traces[1], rel=1e-9)
