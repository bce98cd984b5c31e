"""Targets, budgets, controls and solvers for networks: bad settings."""

import math
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from lagrange import ADMM, Problem
from lagrange.nn import (
    Gradual,
    RegrowingAdam,
    Regrowth,
    SupportGrowth,
    budgets,
    choose,
    distillation,
    each_layer,
    over_all,
    regrown,
    split,
    worths,
)
from lagrange.nn.conversation import Outside
from lagrange.nn.descent import rises
from lagrange.nn.pull import Pull
from lagrange.records import Record
from lagrange.sets import GlobalCardinality
from lagrange.solvers.alternating import Alternating
from lagrange.solvers.scheduled import Scheduled
from tests.contracts.networks import network
from tests.errors.case import Case, refused

NAN = math.nan
BUDGET = GlobalCardinality(3)


def net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))


def sgd(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.SGD(model.parameters(), lr=0.1)


def target_of(**changes: Any) -> Any:
    def make(_: Any) -> Any:
        model = net()
        for name, value in changes.items():
            setattr(model[0], name, value)
        return choose(model)

    return make


def regrowing_from_adam() -> None:
    weight = nn.Parameter(torch.ones(3))
    optimizer = RegrowingAdam([weight], 0.1, [weight], Regrowth(0.5, 1, 9))
    optimizer.load_state_dict(torch.optim.Adam([weight]).state_dict())


def gradual_to_the_end() -> None:
    made = Gradual(choose(net()), [BUDGET])
    made.update()
    made.update()


def scheduled_on_one(_: Any) -> None:
    model = net()
    Scheduled(ADMM(0.1)).init(split(Outside(), choose(model), BUDGET))


TARGETS = [
    (
        "no layer of a type",
        lambda _: choose(net(), types=[nn.Conv2d]),
        "of type ['Conv2d']",
        "0.weight",
    ),
    ("everything ignored", lambda _: choose(net(), ignore=["*"]), "ignore=['*'] leaves no target"),
    (
        "frozen target",
        target_of(weight=nn.Parameter(torch.ones(4, 3), requires_grad=False)),
        "'0.weight' is frozen",
    ),
    (
        "target of one byte",
        target_of(weight=nn.Parameter(torch.ones(4, 3).to(torch.float8_e5m2))),
        "dtype torch.float8_e5m2",
    ),
    ("empty target", target_of(weight=nn.Parameter(torch.ones(0, 3))), "has no entries"),
    ("target NaN", target_of(weight=nn.Parameter(torch.full((4, 3), NAN))), "a NaN or an inf"),
    (
        "budget of a layer that rounds to nothing",
        lambda _: each_layer(choose(net()), 0.1),
        "target '2.weight'",
        "rounds to nothing",
    ),
    ("budgets by wrong names", lambda _: each_layer(choose(net()), {"a": 0.1}), "keep has ['a']"),
    ("floor of all", lambda _: over_all(choose(net()), 0.5, floor=1.0), "got 1.0"),
]
OTHERS = [
    ("pull of step zero", lambda _: Pull(1.0, {}, {}).apply({}, 0.0), "got 0.0"),
    ("unknown path", lambda _: budgets("square", 10, 5, 3), "linear, cubic, log", "'square'"),
    ("budget above all", lambda _: budgets("log", 10, 11, 3), "total = 10, got 11"),
    ("held for longer than all", lambda _: budgets("log", 10, 5, 3, hold=3), "steps = 3, got 3"),
    ("merit without a cost", lambda _: rises([Record(step=4)]), "not measured at step 4"),
    ("gradual without a set", lambda _: Gradual(choose(net()), []), "at least one set"),
    ("gradual past its end", lambda _: gradual_to_the_end(), "all 1 sets are done"),
    ("power of worths", lambda _: worths(sgd(net()), choose(net()), power=2.0), "got 2.0"),
    (
        "worths without moments",
        lambda _: worths(sgd(net()), choose(net())),
        "SGD has no second moments of '0.weight'",
    ),
    (
        "regrow more than there is",
        lambda _: regrown({"a": torch.ones(2) > 0}, {"a": torch.ones(2)}, 1),
        "1 … 0",
    ),
    ("regrowth of nothing", lambda _: Regrowth(0.0, 1, 9), "share must lie in (0, 1]", "got 0.0"),
    ("power of regrowth", lambda _: Regrowth(0.1, 1, 9, power=2.0), "power in [0, 1]", "and 2.0"),
    (
        "regrowth from a state of plain Adam",
        lambda _: regrowing_from_adam(),
        "no places of nonzeros",
        "got ['param_groups', 'state']",
    ),
    ("regrowth every 0 steps", lambda _: Regrowth(0.1, 0, 9), "every must be at least 1, got 0"),
    (
        "distillation of other classes",
        lambda _: distillation(torch.ones(2, 3), torch.ones(2, 4)),
        "(2, 3) and (2, 4)",
    ),
    ("scheduled on one problem", scheduled_on_one, "pass lagrange.in_stages"),
    ("growth above its limit", lambda _: SupportGrowth(1.0, limit=0.5), "first = 1.0, got 0.5"),
    (
        "alternating blocks",
        lambda _: Alternating(1.0).init(Problem((Outside(),), {"x": torch.zeros(1)})),
        "takes two blocks",
    ),
    (
        "training on nothing",
        lambda _: replace(network(), batches=lambda e: []).respond(
            {"0.weight": torch.zeros(6, 3), "4.weight": torch.zeros(2, 6)}, None, None
        ),
        "batches(0) is empty",
    ),
    (
        "tolerance of a decoupled pull",
        lambda _: replace(network(), decoupled=0.1, tolerance=0.1),
        "leave decoupled or tolerance out",
    ),
    ("steps and epochs", lambda _: replace(network(), steps=3, epochs=2), "steps=3 and epochs=2"),
]

CASES = [
    Case(name, call, TypeError if name == "scheduled on one problem" else ValueError, tuple(says))
    for name, call, *says in (*TARGETS, *OTHERS)
]
CASES += refused(
    "temperature", lambda t: distillation(torch.ones(1, 2), torch.ones(1, 2), t), [0.0]
)
CASES += refused("alternating rounds", lambda n: Alternating(1.0, rounds=n), [0, 1.5], "rounds")
CASES += refused("alternating order", lambda o: Alternating(1.0, order=o), [(0, 0)], "order")
CASES += refused("scheduled every", lambda n: Scheduled(ADMM(1.0), n), [0], "every")
CASES += refused("growth every", lambda n: SupportGrowth(every=n), [0], "every")
CASES += refused("training tolerance", lambda t: replace(network(), tolerance=t), [-1.0])
CASES += refused("decoupled", lambda a: replace(network(), decoupled=a), [0.0], "decoupled")
