"""Defects of released compression code, as mutants of this library that the checks here must catch.

Each check passes on the session as it is and fails on the mutant: copies that are aliases of live
weights, multipliers that carry a graph, a norm that is not squared, a scaled dual that is not rescaled
when ρ changes, weights selected by a score.
"""

import copy
from dataclasses import dataclass
from itertools import pairwise

import pytest
import torch

from lagrange import ADMM, SurrogateLagrangian
from lagrange.nn import Compression, choose, session
from lagrange.nn.pull import Pull, pull_of
from lagrange.sets import GlobalCardinality
from lagrange.solvers.alternating import Alternating
from lagrange.step_sizes import SurrogateContraction

RHO = 0.5
RULE = SurrogateContraction(20, 0.1, first_step=RHO)


@dataclass(frozen=True)
class Doubling:
    """ρ doubles after every sweep."""

    def init(self):
        return RHO, None

    def next(self, now, memory):
        return 2 * now.rho, memory


SOLVERS = {
    "admm": lambda: ADMM(RHO),
    "surrogate": lambda: SurrogateLagrangian(RULE, rho=RHO),
    "growing": lambda: ADMM(Doubling()),
    "penalty": lambda: Alternating(Doubling()),
}


def begun(solver, kind=Compression, score=None):
    """Three updates of a linear network whose loss pulls the weights to 1, 2, 3, …"""
    net = torch.nn.Linear(4, 3, bias=False).double()
    aim = torch.arange(1.0, 13.0, dtype=torch.float64).reshape(3, 4)
    with torch.no_grad():
        net.weight.copy_(aim / 10)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)

    def loss(model):
        return 0.5 * (model.weight - aim).square().sum()

    talk = kind(
        net,
        choose(net),
        GlobalCardinality(5),
        solver,
        optimizer=optimizer,
        cost=score or loss,
    )
    for _ in range(3):
        for _ in range(4):
            optimizer.zero_grad()
            (loss(net) + talk.penalty()).backward()
            optimizer.step()
        talk.update()
    return talk, net


def check_gradient(solver, kind=Compression):
    """∇ of the term is λ + ρ (W − Z) with the multipliers and the ρ of the question, every time."""
    talk, net = begun(solver, kind)
    for _ in range(2):
        state = talk.state
        question = talk._talk.question
        net.weight.grad = None
        talk.penalty().backward()
        z = -state.responses[1].image["weight"]
        by_hand = state.multipliers["weight"] + question.query.rho * (net.weight.detach() - z)
        assert torch.allclose(net.weight.grad, by_hand, rtol=1e-12, atol=1e-12)
        with torch.no_grad():
            net.weight.add_(0.1)


def check_copies(solver, kind=Compression):
    """What the solver holds does not move with the weights."""
    talk, net = begun(solver, kind)
    before = copy.deepcopy(talk.state_dict())
    with torch.no_grad():
        net.weight.add_(1.0)
    after = talk.state_dict()
    assert before.pop("weights") != after.pop("weights")  # the digest of the model's own
    assert repr(before) == repr(after)


def check_telescoping(solver, kind=Compression):
    """s_k ‖g_k‖ falls by α_k from move to move: only if the residual before was that of then."""
    talk, _ = begun(solver, kind)
    lengths = [r.movement for r in talk.trace if r.movement > 0]
    assert len(lengths) >= 4
    alphas = [1 - 1 / (RULE.M * k ** (1 - 1 / k**RULE.r)) for k in range(1, len(lengths))]
    ratios = [b / a for a, b in pairwise(lengths)]
    assert ratios == pytest.approx(alphas, rel=1e-9)


def check_no_graph(solver, kind=Compression):
    """No tensor of the state requires gradients."""
    talk, _ = begun(solver, kind)
    state = talk.state
    vectors = [state.multipliers, state.residual, *(r.image for r in state.responses)]
    assert not any(row.requires_grad for vector in vectors for row in vector.values())


def check_no_selection(solver, kind=Compression):
    """A score measured on the way chooses nothing: any other score ends in the same weights."""
    ends = []
    for score in (lambda net: net.weight.square().sum(), lambda net: -net.weight.square().sum()):
        talk, net = begun(solver, kind, score)
        ends.append(talk.finish().weights["weight"])
        assert torch.equal(net.weight.detach(), ends[-1])
    assert torch.equal(*ends)


CHECKS = [
    (check_gradient, ("admm", "surrogate", "growing", "penalty")),
    (check_copies, ("admm", "surrogate", "growing")),
    (check_no_graph, ("admm", "surrogate", "growing")),
    (check_telescoping, ("surrogate",)),
    (check_no_selection, ("admm", "penalty")),
]


@pytest.mark.parametrize(
    ("check", "solver"), [(check, name) for check, names in CHECKS for name in names]
)
def test_the_session_passes(check, solver):
    check(SOLVERS[solver]())


def live_alias(patch):
    def alias(targets, take):
        return {name: target.detach() for name, target in targets.items()}

    patch.setattr(session, "image_of", alias)


def attached(patch):
    """Copies with their graph, and the term left to autograd, as the released code has it."""
    patch.setattr(
        session, "image_of", lambda targets, take: {n: t.clone() for n, t in targets.items()}
    )

    def penalty(self, weights):
        terms = [self.beyond(n, weights[n]).square().sum() for n in self.price]
        return self.rho / 2 * sum(terms)

    patch.setattr(Pull, "penalty", penalty)


def unsquared(patch):
    def penalty(self, weights):
        squares = [self.beyond(n, weights[n]).square().sum() for n in self.price]
        return self.rho / 2 * sum(squares).sqrt()

    patch.setattr(Pull, "penalty", penalty)


def not_rescaled(patch):
    """U = λ/ρ is made with the first ρ and kept when ρ grows."""

    def stale(names, price, query):
        pull = pull_of(names, price, query)
        return Pull(pull.rho, {n: price[n] / RHO * pull.rho for n in names}, pull.offset)

    patch.setattr(session, "pull_of", stale)


def half_pull(patch):
    """The factor ρ/2 with the gradient ρ/2 (W − C)."""
    true = Pull.penalty
    patch.setattr(Pull, "penalty", lambda self, weights: 0.5 * true(self, weights))


class BestKept(Compression):
    """Keeps the weights of the best score, as selection on a test set does."""

    best = (float("inf"), None)

    def update(self, position=None):
        record = super().update(position)
        if record.cost < self.best[0]:
            self.best = (record.cost, copy.deepcopy(self._net.state_dict()))
        return record

    def finish(self):
        if self.best[1] is not None:
            self._net.load_state_dict(self.best[1])
        return super().finish()


MUTANTS = [
    (live_alias, check_copies, "admm"),
    (live_alias, check_copies, "surrogate"),
    (attached, check_no_graph, "admm"),
    (attached, check_gradient, "admm"),
    (unsquared, check_gradient, "admm"),
    (unsquared, check_gradient, "surrogate"),
    (not_rescaled, check_gradient, "growing"),
    (half_pull, check_gradient, "penalty"),
]


@pytest.mark.filterwarnings("ignore:Converting a tensor")  # torch on reading a tensor with a graph
@pytest.mark.parametrize(
    ("mutate", "check", "solver"), MUTANTS, ids=lambda x: getattr(x, "__name__", x)
)
def test_the_mutant_is_caught(mutate, check, solver, monkeypatch):
    mutate(monkeypatch)
    with pytest.raises((AssertionError, RuntimeError)):
        check(SOLVERS[solver]())


def test_selection_is_caught():
    with pytest.raises(AssertionError):
        check_no_selection(SOLVERS["admm"](), BestKept)
