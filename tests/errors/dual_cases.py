"""The bundle, level, penalty and averaging methods: what they refuse."""

import math
import sys

import numpy as np
import torch

from lagrange import Ask, Problem, Start
from lagrange.engine import serially
from lagrange.multiplier_divergence import Box, Passage, proved_level
from lagrange.oracles.closed_form import LeastSquares
from lagrange.oracles.folded import BinaryImages
from lagrange.queries import Absolute
from lagrange.solvers.bundle import LevelBundle
from lagrange.solvers.surrogate_absolute import SurrogateAbsolute
from lagrange.solvers.surrogate_level import SurrogateLevel
from lagrange.solvers.volume import Volume
from lagrange.starts import perturbed
from lagrange.step_sizes import Constant
from lagrange.sweeps import sweep
from lagrange.target_steps import AdaptiveTarget
from tests.by_hand.drive import MENU, states
from tests.errors.case import Case, refused
from tests.errors.small import ZERO, Fixed, problem

NAN, INF = math.nan, math.inf


def without_scipy(place):
    place.patch.setitem(sys.modules, "scipy", None)
    row = Passage(np.ones(1), np.ones(1), 1.0, 0.0, 0.0)
    proved_level([row], Box(-np.ones(1), np.ones(1)))


def fractions():
    block = BinaryImages(LeastSquares(np.eye(2), np.array([0.5, 1.0]), "r"))
    zero = {"r": np.zeros(2)}
    return block.respond(zero, Absolute(1e-6, zero), None)


PULL = Absolute(1.0, {"a": np.zeros(2)})


def swept(*asked):
    """A sweep of two blocks: (block, price, query) of each ask."""
    p = problem(*[Fixed({"a": ZERO})] * 2)
    asks = [Ask(i, {"a": np.full(2, price)}, query, None) for i, price, query in asked]
    return sweep(p, asks, serially(p, asks))


CASES = [
    *refused("bundle columns", LevelBundle, (1, 0, 2.5), "columns must be at least 2 and whole"),
    *refused(
        "bundle sweeps",
        lambda v: LevelBundle(sweeps=v),
        (0, 1.5),
        "sweeps must be at least 1 and whole",
    ),
    *refused(
        "bundle tolerance",
        lambda v: LevelBundle(tolerance=v),
        (-1.0, INF, NAN),
        "tolerance must be a finite number ≥ 0",
    ),
    *refused(
        "bundle step_size",
        lambda v: LevelBundle(step_size=v),
        (0.0, -1.0, INF, NAN),
        "step_size must be finite and > 0, or None",
    ),
    *refused(
        "bundle accuracy",
        lambda v: LevelBundle(accuracy=v),
        (0.0, 1.0, NAN),
        "accuracy must lie in (0, 1)",
    ),
    Case(
        "bundle on torch rows",
        lambda _: LevelBundle().init(
            Problem((Fixed({"a": torch.zeros(1)}),), {"a": torch.ones(1)})
        ),
        ValueError,
        ("rhs row 'a'", "Tensor", "numpy arrays only"),
    ),
    *refused("level", SurrogateLevel, (INF, NAN), "level must be a finite number or None"),
    *refused(
        "level pace",
        lambda v: SurrogateLevel(pace=v),
        (0.0, 1.5, NAN),
        "pace must lie in (0, 1], or be None",
    ),
    *refused(
        "level shrink",
        lambda v: SurrogateLevel(shrink=v),
        (0.0, 1.0, NAN),
        "shrink must lie in (0, 1)",
    ),
    *refused(
        "level check_every",
        lambda v: SurrogateLevel(check_every=v),
        (0, 2.5),
        "check_every must be at least 1 and whole",
    ),
    *refused(
        "level window",
        lambda v: SurrogateLevel(window=v),
        (0, 2.5),
        "window must be at least 1 and whole",
    ),
    *refused(
        "level radius",
        lambda v: SurrogateLevel(radius=v),
        (0.0, INF, NAN),
        "radius must be a finite number > 0",
    ),
    *refused("level group", lambda v: SurrogateLevel(group=v), (0,), "group must be at least 1"),
    Case(
        "level without a first one",
        lambda _: states(MENU.problem(), SurrogateLevel(), 1),
        ValueError,
        ("first level", "no feasible point", "level=..."),
    ),
    Case("level without scipy", without_scipy, ImportError, ("scipy", "lagrange[milp]")),
    Case(
        "absolute step rule",
        lambda _: SurrogateAbsolute(0.5),  # type: ignore[arg-type]
        ValueError,
        ("step_size must be a rule", "0.5"),
    ),
    *refused(
        "absolute weight",
        lambda v: SurrogateAbsolute(Constant(1.0), v),
        (0.0, -1.0, INF, NAN),
        "weight must be a finite number > 0",
    ),
    *refused(
        "absolute growth",
        lambda v: SurrogateAbsolute(Constant(1.0), growth=v),
        (1.0, INF, NAN),
        "growth must be a finite number > 1",
    ),
    *refused(
        "absolute sweep_every",
        lambda v: SurrogateAbsolute(Constant(1.0), sweep_every=v),
        (0, 1, 2.5),
        "sweep_every must be at least 2 and whole, or None",
    ),
    *refused(
        "volume mixing", lambda v: Volume(Constant(1.0), v), (0.0, 1.1, NAN), "mixing must lie"
    ),
    *refused("target gain", AdaptiveTarget, (0.0, INF, NAN), "gain must be a finite number > 0"),
    *refused(
        "target scale",
        lambda v: AdaptiveTarget(1.0, v),
        (0.0, 2.0, NAN),
        "scale must lie in (0, 2)",
    ),
    *refused(
        "target patience",
        lambda v: AdaptiveTarget(1.0, patience=v),
        (0, 1.5),
        "patience must be at least 1 and whole",
    ),
    *refused(
        "target least",
        lambda v: AdaptiveTarget(1.0, least=v),
        (-1.0, INF, NAN),
        "least must be a finite number ≥ 0",
    ),
    *refused(
        "start noise",
        lambda v: perturbed(Start({"a": np.ones(1)}), v, 0),
        (-0.1, 1.0, NAN),
        "size must lie in [0, 1)",
    ),
    Case(
        "start without multipliers to perturb",
        lambda _: perturbed(Start(), 0.1, 0),
        ValueError,
        ("no multipliers", "perturb"),
    ),
    *[
        Case(f"sweep {name}", lambda _, a=asks: swept(*a), ValueError, says)
        for name, asks, says in (
            ("of one block", [(0, 1.0, None)], ("each of the 2 blocks once", "blocks [0]")),
            ("of one block twice", [(1, 1.0, None)] * 2, ("each of the 2 blocks", "blocks [1, 1]")),
            ("with a query", [(0, 1.0, None), (1, 1.0, PULL)], ("block 1", "query Absolute")),
            (
                "at mixed prices",
                [(1, 1.0, None), (0, 1.5, None)],
                ("blocks 1 and 0", "different prices", "same multipliers"),
            ),
        )
    ],
    Case(
        "folding fractions",
        lambda _: fractions(),
        ValueError,
        ("row 'r'", "zeros and ones only", "Absolute"),
    ),
]
