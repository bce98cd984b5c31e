"""Resource allocation by water filling: agents share resources, with logarithmic utilities.

    min −Σ_a Σ_r w_ar log(base_ar + x_ar)   s.t.  Σ_a x_ar ≤ supply_r,  0 ≤ x_ar ≤ high

At the price p_r of a resource, agent a fills up to the level w_ar/p_r. Dual decomposition asks every
agent at the same prices; ADMM uses the exchange form.

Reference    Boyd, Vandenberghe, Convex Optimization, Cambridge (2004), ex. 5.2
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from lagrange.blocks import Response
from lagrange.grouping import exchange, original_multipliers, two_groups
from lagrange.instances import Instance, Method, Number
from lagrange.oracles.separable import LogUtility
from lagrange.penalties import AnyPenalty, Spectral
from lagrange.problem import Feasible, Problem
from lagrange.queries import Quadratic
from lagrange.solution import Solution
from lagrange.solvers.admm import ADMM
from lagrange.solvers.subgradient import Subgradient
from lagrange.step_sizes import Polyak
from lagrange.stopping import GapBelow, ResidualBelow
from problems.planting import Matrix
from problems.seeds import require_seed
from problems.tables import FloatArray


class Agents(NamedTuple):
    """Utilities (agents, resources), the supply (resources,), and the most of one share."""

    weight: FloatArray
    base: FloatArray
    supply: FloatArray
    high: float


def allocation(
    *,
    agents: int = 5,
    resources: int = 20,
    supply: float = 0.5,
    high: float = 10.0,
    rho: float | None = None,
    seed: int = 0,
) -> Instance:
    """Random utilities.

    agents    : how many
    resources : how many
    supply    : of every resource, for each agent; > 0
    high      : the most that an agent takes of a resource, > 0
    rho       : penalty of ADMM; without it a spectral rule chooses
    seed      : of the utilities
    """
    if agents < 1 or resources < 1:
        raise ValueError(f"agents and resources must be ≥ 1, got {agents} and {resources}")
    if not supply > 0:
        raise ValueError(f"supply must be > 0, got {supply}")
    require_seed(seed)
    data = generate(agents, resources, supply, seed)._replace(high=high)
    natural = build(data)
    tied = exchange(natural)
    penalty: float | AnyPenalty = Spectral() if rho is None else rho

    def admm(steps: int | None) -> Method:
        return Method(tied, ADMM(penalty, two_groups(tied), relaxation=1.6), steps or 20000)

    def subgradient(steps: int | None) -> Method:
        return Method(natural, Subgradient(Polyak(patience=20)), steps or 2000)

    return Instance(
        name=f"allocation-{agents}x{resources}-{seed}",
        source=f"generated, seed {seed}",
        methods={"admm": admm, "subgradient": subgradient},
        stop=ResidualBelow(1e-11) | GapBelow(1e-9),
        rebuild={
            "agents": agents,
            "resources": resources,
            "supply": supply,
            "high": high,
            "rho": rho,
            "seed": seed,
        },
        measure=lambda solution: _measure(data, natural, solution),
    )


def generate(agents: int, resources: int, supply: float, seed: int) -> Agents:
    """Uniform weights and bases; nobody takes more than 10."""
    rng = np.random.default_rng(seed)
    size = (agents, resources)
    weight, base = rng.uniform(0.5, 2.0, size), rng.uniform(0.2, 2.0, size)
    return Agents(weight, base, np.full(resources, agents * supply), 10.0)


def build(data: Agents) -> Problem[Quadratic | None]:
    """A block for every agent on the ≤ row ``supply``; ``grouping.exchange`` of it is for ADMM."""

    def recover(responses: Sequence[Response]) -> Feasible:
        x = np.stack([r.point for r in responses[: len(data.weight)]])
        used = x.sum(axis=0)
        # less of everything is allowed; one unit of rounding less so that sums stay below
        share = data.supply / np.maximum(used, data.supply)
        x = x * np.where(share < 1, share * (1 - 2.0**-50 * len(x)), 1.0)
        return Feasible(x, objective(data, x))

    high = np.full(data.supply.shape, data.high)
    blocks = tuple(
        LogUtility(w, base, high, "supply") for w, base in zip(data.weight, data.base, strict=True)
    )
    return Problem(blocks, {"supply": data.supply}, frozenset({"supply"}), recover=recover)


def objective(data: Agents, x: FloatArray) -> float:
    """−Σ w log(base + x)."""
    return -float((data.weight * np.log(data.base + x)).sum())


def kkt_violation(data: Agents, x: FloatArray, price: FloatArray) -> float:
    """How far x and the prices are from the optimality conditions, in the worst entry.

    x is the projection of x − (price − w/(base + x)) onto the box; price and spare supply are ≥ 0 and
    one of them is 0.
    """
    moved = x - (price - data.weight / (data.base + x))
    stationary = np.abs(x - np.minimum(np.maximum(moved, 0.0), data.high))
    spare = data.supply - x.sum(axis=0)
    return max(
        float(stationary.max()),
        float(np.abs(np.minimum(price, spare)).max()),
    )


def _measure(
    data: Agents, natural: Problem[Quadratic | None], solution: Solution
) -> Mapping[str, Number]:
    x = solution.point
    if x is None:
        return {"kkt_violation": None, "dearest": None, "unserved": None}
    rows = solution.multipliers
    price = (rows if "supply" in rows else original_multipliers(natural, rows))["supply"]
    return {
        "kkt_violation": kkt_violation(data, x, price),
        "dearest": float(price.max()),
        "unserved": int((x <= 1e-9).sum()),
    }


class Planted(NamedTuple):
    """Utilities whose optimum is known exactly; every number is also a float."""

    weight: Matrix
    base: Matrix
    supply: list[Fraction]
    high: Fraction
    x: Matrix
    price: list[Fraction]


def planted(*, agents: int = 4, resources: int = 3, seed: int = 0) -> Planted:
    """An instance made around its prices: level w/p, x = (level − base) within 0 and high = 3.

    The first resource has price 0: every agent takes the most of it and some supply is left.
    """
    require_seed(seed)
    rng = np.random.default_rng(seed)
    high = Fraction(3)
    price = [
        Fraction(int(e), 2) if r else Fraction(0) for r, e in enumerate(_some(rng, 1, 4, resources))
    ]
    weight, base, x = Matrix(), Matrix(), Matrix()
    for _ in range(agents):
        levels = [Fraction(int(e), 2) for e in _some(rng, 1, 10, resources)]
        w = [level * p if p else level for level, p in zip(levels, price, strict=True)]
        own = [Fraction(int(e), 2) for e in _some(rng, 1, 6, resources)]
        x.append(
            [
                max(Fraction(0), min(high, level - b)) if p else high
                for level, b, p in zip(levels, own, price, strict=True)
            ]
        )
        weight.append(w)
        base.append(own)
    used = [sum(column, Fraction(0)) for column in zip(*x, strict=True)]
    supply = [u if p else u + 1 for u, p in zip(used, price, strict=True)]
    return Planted(weight, base, supply, high, x, price)


def _some(rng: np.random.Generator, low: int, high: int, size: int) -> list[int]:
    return [int(e) for e in rng.integers(low, high + 1, size)]
