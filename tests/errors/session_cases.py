"""Sessions, targets, schedules and controls: what a training loop can get wrong."""

import math
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lagrange import ADMM, Progressive, StepLimit, SurrogateLagrangian
from lagrange.nn import (
    Compression,
    Together,
    choose,
)
from lagrange.nn.checkpoint import decode, encode
from lagrange.nn.conversation import Outside
from lagrange.nn.formulas import formula
from lagrange.nn.ranks import require_same
from lagrange.nn.rest import Made, recalled
from lagrange.sets import Cardinality, GlobalCardinality
from lagrange.solvers.alternating import Alternating
from lagrange.solvers.scheduled import Scheduled
from lagrange.step_sizes import Constant, SurrogateContraction
from tests.errors.case import Case

NAN = math.nan
SLR = SurrogateLagrangian(SurrogateContraction(50, 0.1, first_step=0.1), rho=0.5)
BUDGET = GlobalCardinality(3)


def net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))


def sgd(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.SGD(model.parameters(), lr=0.1)


def session(
    sets: Any = BUDGET, solver: Any = None, model: Any = None, targets: Any = "*", **rest: Any
) -> Compression:
    return Compression(model or net(), targets, sets, solver or ADMM(0.1), **rest)


def train(made: Compression) -> None:
    """The penalty takes part, and the weights move."""
    made.penalty().backward()
    with torch.no_grad():
        for target in made.targets.values():
            target.add_(0.1)


def used(**options: Any) -> Compression:
    """A session in which the penalty took part."""
    made = session(**options)
    train(made)
    return made


def spoiled() -> None:
    made = used()
    with torch.no_grad():
        next(iter(made.targets.values())).fill_(NAN)
    made.update()


def replaced_layer() -> None:
    model = net()
    made = used(model=model)
    model[2] = nn.Linear(4, 2)
    made.update()


def drifting_cost() -> Any:
    calls = iter(range(100))
    return lambda model: float(next(calls))


def surrogate(cost: Any, **rest: Any) -> Compression:
    model = net()
    return session(solver=SLR, model=model, cost=cost, **{"optimizer": sgd(model), **rest})


def other_optimizer() -> None:
    surrogate(lambda model: 1.0, optimizer=sgd(net()))


def past_the_end() -> None:
    made = used(sets=[BUDGET], solver=Progressive(ADMM(0.1), StepLimit(1)))
    made.update()
    made.penalty()


def finished(then: str, *arguments: Any) -> None:
    made = used()
    made.update()
    made.finish()
    getattr(made, then)(*arguments)


def both() -> None:
    made = used()
    made.pull(0.1)
    made.update()


def without_gradients() -> None:
    made = session()
    with torch.no_grad():
        made.penalty()
    made.update()


class Forgetful:
    """ADMM, but from the third answer on the old one is kept."""

    def __init__(self) -> None:
        self.inner = ADMM(0.1)

    def init(self, problem: Any, start: Any = None) -> Any:
        return self.inner.init(problem, start)

    def ask(self, problem: Any, state: Any) -> Any:
        return self.inner.ask(problem, state)

    def tell(self, problem: Any, state: Any, answers: Any) -> Any:
        told = self.inner.tell(problem, state, answers)
        if state.record.step < 1:
            return told
        return told._replace(responses=state.responses)


def dropped() -> None:
    made = session(solver=Forgetful())
    for _ in range(2):
        train(made)
        made.update()


class Failing:
    """A set that projects once."""

    def __init__(self) -> None:
        self.left = 1

    def project(self, v: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            raise RuntimeError("no memory left")
        return BUDGET.project(v)

    def contains(self, v: Any) -> bool:
        return BUDGET.contains(v)


def broken_off() -> None:
    made = used(sets=Failing())
    with suppress(RuntimeError):
        made.update()
    made.update()


def loaded(change: Any, solver: Any = None) -> None:
    saved = session().state_dict()
    change(saved)
    session(solver=solver).load_state_dict(saved)


def apart(place: Any) -> None:
    class Fake:
        @staticmethod
        def broadcast(tensor: Any, source: int) -> None:
            tensor += 1

        @staticmethod
        def all_reduce(tensor: Any) -> None:
            pass

    place.patch.setattr("lagrange.nn.ranks.distributed", Fake)
    require_same({"w": torch.ones(2)})


SESSION = [
    ("class for a solver", lambda _: session(solver=ADMM), "got the class ADMM"),
    (
        "pattern of nothing",
        lambda _: session(targets="conv*"),
        "no layer matches 'conv*'",
        "0.weight",
    ),
    ("targets of another model", lambda _: session(targets=choose(net())), "'0.weight'", "choose"),
    ("layer replaced later", lambda _: replaced_layer(), "'2.weight' is no parameter"),
    ("optimizer of another model", lambda _: other_optimizer(), "does not train target '0.weight'"),
    ("no cost for SLR", lambda _: session(solver=SLR), "compares costs", "cost=", "optimizer="),
    (
        "no optimizer for SLR",
        lambda _: surrogate(lambda m: 1.0, optimizer=None),
        "optimizer=, to undo",
    ),
    ("random cost", lambda _: surrogate(drifting_cost()), "gave 0.0 and then 1.0"),
    ("session cost NaN", lambda _: session(cost=lambda m: NAN), "must be a finite number, got nan"),
    (
        "prices without a pull",
        lambda _: session(
            solver=SurrogateLagrangian(Constant(0.1)),
            model=(model := net()),
            cost=lambda m: 1.0,
            optimizer=sgd(model),
        ),
        "give the solver a rho",
    ),
    ("set of one array", lambda _: session(sets=Cardinality(3)), "{'*': Cardinality(k=3)}"),
    ("target without a set", lambda _: session(sets={"0*": Cardinality(3)}), "target '2.weight'"),
    (
        "target with two sets",
        lambda _: session(sets={"0*": Cardinality(3), "*": Together(BUDGET)}),
        "'0.weight' is matched twice, by '0*' and by '*'",
    ),
    (
        "rule for nothing",
        lambda _: session(sets={"*": Cardinality(3), "conv*": Cardinality(1)}),
        "'conv*' matches no target",
    ),
    ("stages for ADMM", lambda _: session(sets=[BUDGET]), "ADMM takes one set"),
    (
        "one set for stages",
        lambda _: session(solver=Scheduled(ADMM(0.1))),
        "Scheduled takes a list of sets",
    ),
    ("update without a penalty", lambda _: session().update(), "neither penalty() nor pull(step)"),
    ("penalty without gradients", lambda _: without_gradients(), "with gradients enabled"),
    ("penalty and pull", lambda _: both(), "penalty() and pull(step) took part"),
    ("weights NaN", lambda _: spoiled(), "'0.weight' hold a NaN", "lower the learning rate"),
    ("update after the last stage", lambda _: past_the_end(), "session.active", "finish()"),
    ("penalty after the end", lambda _: finished("penalty"), "is finished"),
    ("finish twice", lambda _: finished("finish"), "is finished"),
    ("answer dropped without a copy", lambda _: dropped(), "dropped an answer"),
    ("update after one that broke off", lambda _: broken_off(), "half-way", "load a checkpoint"),
    ("row changed in place", lambda _: formula(torch.ones(3)).add_(1), "not changed in place"),
    ("processes apart", apart, "hold different weights"),
    (
        "spill into no folder",
        lambda _: session(spill=Path("no/such/folder")),
        "a folder that is there, or None, got 'no/such/folder'",
    ),
    (
        "block outside asked inside",
        lambda _: Outside().respond({}, None, None),
        "put a TrainingBlock in its place",
    ),
]
CHECKPOINTS = [
    ("checkpoint of other targets", lambda _: loaded(lambda s: s.update(targets=["a"])), "['a']"),
    ("checkpoint of another format", lambda _: loaded(lambda s: s.update(format=0)), "format 0"),
    (
        "checkpoint of another solver",
        lambda _: loaded(lambda s: None, Alternating(0.1)),
        "solver.class was lagrange.solvers.admm:ADMM and is lagrange.solvers.alternating:Alternating",
    ),
    ("checkpoint that is none", lambda _: loaded(lambda s: s.update(state={"a": 1})), "{'a': 1}"),
    (
        "checkpoint that brings a class in",
        lambda _: decode({"type": "os:stat_result", "fields": {}}),
        "'os:stat_result', which this session does not know",
    ),
    (
        "checkpoint with a row of unknown making",
        lambda _: recalled(Made("sin", ())),
        "made by 'sin'",
        "'add', 'sub'",
    ),
    ("position that cannot be saved", lambda _: encode({1, 2}), "no form for {1, 2}"),
]
CASES = [
    Case(name, call, ValueError, tuple(says)) for name, call, *says in (*SESSION, *CHECKPOINTS)
]
