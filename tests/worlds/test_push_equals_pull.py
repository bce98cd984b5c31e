"""A session in a loop of the user's own is the engine's ask and tell, bit for bit; and a checkpoint at
any update goes on as if nothing had happened.
"""

import io
import json

import pytest
import torch

from lagrange import ADMM, Progressive, SurrogateLagrangian
from lagrange.nn import SupportGrowth, conversation
from lagrange.nn.schedules import budgets
from lagrange.sets import GlobalCardinality, UniformGrid
from lagrange.solvers.alternating import Alternating
from lagrange.solvers.scheduled import Scheduled
from lagrange.step_sizes import SurrogateContraction
from lagrange.stopping import StepLimit
from lagrange.testing.compare import difference
from tests.worlds.sessions import KEEP, Loop, block_of, pulled, timeless

UPDATES = 20
CONTRACTION = SurrogateContraction(50, 0.1, first_step=0.05)
PATH = [GlobalCardinality(k) for k in budgets("log", 30, KEEP, 5)]
SOLVERS = {
    "admm": (ADMM(0.1), None),
    "admm, set first": (ADMM(0.1, order=((1,), (0,))), None),
    "surrogate": (SurrogateLagrangian(CONTRACTION, rho=0.1), None),
    "surrogate, both at once": (SurrogateLagrangian(CONTRACTION, group=2, rho=0.1), None),
    "penalty": (Alternating(0.1), None),
    "multipliers": (Alternating(0.1, rounds=3), None),
    "penalty, set first": (Alternating(0.1, order=(1, 0)), None),
    "growing": (ADMM(SupportGrowth(0.1, every=2)), None),
    "progressive": (Progressive(ADMM(0.1), StepLimit(4)), PATH),
    "scheduled": (Scheduled(ADMM(SupportGrowth(0.1)), every=2), PATH),
    "quantized": (ADMM(0.1), {"0*": UniformGrid(3), "4*": UniformGrid(2)}),
}


def steps_of(session):
    return len(session.trace)


@pytest.mark.parametrize("name", SOLVERS)
def test_push_equals_pull(name):
    solver, sets = SOLVERS[name]
    block = block_of()
    loop = Loop(block, solver, sets).run(UPDATES)
    solution = pulled(block, sets or GlobalCardinality(KEEP), solver, steps_of(loop.session))
    assert steps_of(loop.session) >= UPDATES
    assert timeless(loop.session.trace) == timeless(solution.trace)
    state = loop.session.state
    assert difference(state.multipliers, solution.state.multipliers) is None
    # a set that answers first has done so already, for the question that is open
    compared = slice(0, 1) if "set first" in name else slice(0, 2)
    for ours, theirs in zip(state.responses[compared], solution.responses[compared], strict=True):
        assert difference(ours.image, theirs.image) is None


@pytest.mark.parametrize("decoupled", (None, 0.01))
def test_decoupled_pull_equals_that_of_the_block(decoupled):
    block = block_of(decoupled=decoupled)
    loop = Loop(block, ADMM(0.5)).run(UPDATES)
    solution = pulled(block, GlobalCardinality(KEEP), ADMM(0.5), UPDATES)
    assert timeless(loop.session.trace) == timeless(solution.trace)


def rejecting():
    """Momentum, batch statistics and dropout: training often makes things worse."""
    return block_of(optimizer=lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9))


def test_rejected_answers_are_undone_and_the_traces_are_still_equal():
    solver = SurrogateLagrangian(CONTRACTION, rho=0.1)
    loop = Loop(rejecting(), solver)
    before, seen = None, 0
    for _ in range(UPDATES):
        kept = loop.session.position
        before = loop.checkpoint()
        before = {k: torch.load(saved(v), weights_only=True) for k, v in before.items()}
        loop.epoch()
        if loop.session.position == kept:
            seen += 1
            assert difference(loop.model.state_dict(), before["model"]) is None
            assert repr(loop.optimizer.state_dict()) == repr(before["optimizer"])
    assert 3 <= seen <= UPDATES - 3, "some answers must be rejected and some accepted"
    steps = steps_of(loop.session)
    solution = pulled(rejecting(), GlobalCardinality(KEEP), solver, steps)
    assert timeless(loop.session.trace) == timeless(solution.trace)


def saved(value):
    file = io.BytesIO()
    torch.save(value, file)
    file.seek(0)
    return file


RESUMED = ("admm", "surrogate", "multipliers", "growing", "progressive", "scheduled")


@pytest.mark.parametrize("name", RESUMED)
def test_resume_at_any_update_is_the_uninterrupted_run(name, monkeypatch):
    monkeypatch.setattr(conversation, "perf_counter", lambda: 0.0)
    solver, sets = SOLVERS[name]
    whole = Loop(block_of(), solver, sets)
    files = [saved(whole.checkpoint())]
    for _ in range(6):
        whole.epoch()
        files.append(saved(whole.checkpoint()))
    for updates, file in enumerate(files):
        again = Loop(block_of(), solver, sets).restore(torch.load(file, weights_only=True))
        again.run(6 - updates)
        assert timeless(again.session.trace) == timeless(whole.session.trace)
        assert difference(again.model.state_dict(), whole.model.state_dict()) is None
        assert difference(again.session.state, whole.session.state) is None


def test_resume_within_an_answer():
    """Between two updates: the question is the same, and so is what took part in the training."""
    whole, again = Loop(block_of(), ADMM(0.1)).run(2), Loop(block_of(), ADMM(0.1))
    first, second, third = whole.block.batches(2)

    def train(loop, batch):
        torch.manual_seed(5)
        loop.optimizer.zero_grad()
        (loop.block.loss(loop.model, batch) + loop.session.penalty()).backward()
        loop.optimizer.step()

    train(whole, first)
    again.restore(torch.load(saved(whole.checkpoint()), weights_only=True))
    for loop in (whole, again):
        loop.model.train()
        for batch in (second, third):
            train(loop, batch)
    last = Loop(block_of(), ADMM(0.1))
    last.restore(torch.load(saved(again.checkpoint()), weights_only=True))
    for loop in (
        whole,
        again,
        last,
    ):  # the last takes over when there is nothing left but to update
        loop.session.update(3)
    assert timeless(last.session.trace) == timeless(whole.session.trace)
    assert timeless(again.session.trace) == timeless(whole.session.trace)


def test_a_checkpoint_is_tensors_and_json():
    loop = Loop(block_of(), SurrogateLagrangian(CONTRACTION, rho=0.1)).run(2)
    count = 0

    def plain(value):
        nonlocal count
        if isinstance(value, torch.Tensor):
            count += 1
            return "tensor"
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        return [plain(item) for item in value] if isinstance(value, list) else value

    text = json.dumps(plain(loop.session.state_dict()))
    assert json.loads(text)["targets"] == ["0.weight", "4.weight"]
    assert count >= 6


def test_the_state_shares_nothing_with_the_model():
    loop = Loop(block_of(), SurrogateLagrangian(CONTRACTION, rho=0.1)).run(3)
    before = timeless([loop.session.state.record]), loop.session.state_dict()
    copy_ = torch.load(saved(before[1]), weights_only=True)
    with torch.no_grad():
        for tensor in loop.model.state_dict().values():
            tensor.add_(1)
        for held in loop.optimizer.state.values():
            held["exp_avg"].add_(1)
    after = loop.session.state_dict()
    assert after.pop("weights") != copy_.pop("weights")  # the digest of the model's own
    assert repr(after) == repr(copy_)
