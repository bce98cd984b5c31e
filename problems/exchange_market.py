"""Optimal exchange: agents trade goods so that together they gain most; prices clear the market.

    min Σ_a ½ ⟨x_a, Q_a x_a⟩ + ⟨q_a, x_a⟩   s.t.  Σ_a x_a = 0

x_a is what agent a buys (sells, where negative). The multipliers are the prices. Dual decomposition
is the auction in which a price rises with excess demand; ADMM uses the exchange form.

Reference    Boyd et al., Found. Trends Mach. Learn. 3 (2011) 1–122, §7.3
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from lagrange.blocks import Response
from lagrange.grouping import exchange, original_multipliers, two_groups
from lagrange.instances import Instance, Method, Number
from lagrange.oracles.quadratic import QuadraticForm
from lagrange.penalties import AnyPenalty, Spectral
from lagrange.problem import Feasible, Problem
from lagrange.queries import Quadratic
from lagrange.solution import Solution
from lagrange.solvers.admm import ADMM
from lagrange.solvers.subgradient import Subgradient
from lagrange.step_sizes import Constant
from lagrange.stopping import GapBelow, ResidualBelow
from problems.planting import Matrix, Row, dot, times, times_self, whole, whole_matrix
from problems.seeds import require_seed
from problems.tables import FloatArray


class Market(NamedTuple):
    """Cost ½ ⟨x, Q x⟩ + ⟨q, x⟩ of every agent: (agents, goods, goods) and (agents, goods)."""

    Q: FloatArray
    q: FloatArray


def exchange_market(
    *, agents: int = 8, goods: int = 5, rho: float | None = None, seed: int = 0
) -> Instance:
    """Agents with random quadratic costs.

    agents : how many, at least 2
    goods  : how many
    rho    : penalty of ADMM; without it a spectral rule chooses
    seed   : of the costs
    """
    if agents < 2 or goods < 1:
        raise ValueError(f"agents must be ≥ 2 and goods ≥ 1, got {agents} and {goods}")
    require_seed(seed)
    data = generate(agents, goods, seed)
    natural = build(data)
    tied = exchange(natural)
    penalty: float | AnyPenalty = Spectral() if rho is None else rho

    def admm(steps: int | None) -> Method:
        return Method(tied, ADMM(penalty, two_groups(tied), relaxation=1.6), steps or 20000)

    def subgradient(steps: int | None) -> Method:
        # the gradient of the dual changes by at most Σ 1/λ_min(Q_a) a unit of the prices
        least = [float(np.linalg.eigvalsh(Q)[0]) for Q in data.Q]
        rule = Constant(1 / sum(1 / e for e in least))
        return Method(natural, Subgradient(rule), steps or 2000)

    return Instance(
        name=f"exchange-{agents}x{goods}-{seed}",
        source=f"generated, seed {seed}",
        methods={"admm": admm, "subgradient": subgradient},
        stop=ResidualBelow(1e-11) | GapBelow(1e-11),
        rebuild={
            "agents": agents,
            "goods": goods,
            "rho": rho,
            "seed": seed,
        },
        measure=lambda solution: _measure(data, natural, solution),
    )


def generate(agents: int, goods: int, seed: int) -> Market:
    """Q = F Fᵀ + I with normal F, normal q."""
    rng = np.random.default_rng(seed)
    F = rng.normal(size=(agents, goods, goods))
    Q = F @ F.transpose(0, 2, 1) + np.eye(goods)
    return Market((Q + Q.transpose(0, 2, 1)) / 2, 3 * rng.normal(size=(agents, goods)))


def build(data: Market) -> Problem[Quadratic | None]:
    """A block for every agent on the row ``trade``; ``grouping.exchange`` of it is for ADMM."""

    def recover(responses: Sequence[Response]) -> Feasible:
        x = np.stack([r.point for r in responses[: len(data.q)]])
        x = x - x.mean(axis=0)  # the market is cleared, up to rounding
        return Feasible(x, objective(data, x))

    blocks = tuple(
        QuadraticForm(Q, q, {"trade": None}) for Q, q in zip(data.Q, data.q, strict=True)
    )
    return Problem(blocks, {"trade": np.zeros(data.q.shape[1])}, recover=recover)


def objective(data: Market, x: FloatArray) -> float:
    """Σ_a ½ ⟨x_a, Q_a x_a⟩ + ⟨q_a, x_a⟩."""
    return float(0.5 * np.einsum("ai,aij,aj->", x, data.Q, x) + (data.q * x).sum())


def kkt_violation(data: Market, x: FloatArray, price: FloatArray) -> float:
    """The worst entry of Q_a x_a + q_a + price and of the excess demand Σ_a x_a."""
    marginal = np.einsum("aij,aj->ai", data.Q, x) + data.q + price
    return max(float(np.abs(marginal).max()), float(np.abs(x.sum(axis=0)).max()))


def _measure(
    data: Market, natural: Problem[Quadratic | None], solution: Solution
) -> Mapping[str, Number]:
    x = solution.point
    if x is None:
        return {"kkt_violation": None, "excess_demand": None, "volume": None}
    rows = solution.multipliers
    price = (rows if "trade" in rows else original_multipliers(natural, rows))["trade"]
    return {
        "kkt_violation": kkt_violation(data, x, price),
        "excess_demand": float(np.abs(x.sum(axis=0)).max()),
        "volume": float(np.abs(x).sum() / 2),
    }


class Planted(NamedTuple):
    """A market whose equilibrium is known exactly; every number is also a float."""

    Q: list[Matrix]
    q: Matrix
    x: Matrix
    price: Row
    value: Fraction


def planted(*, agents: int = 4, goods: int = 3, seed: int = 0) -> Planted:
    """A market made around trades that cancel and a price: q_a = −Q_a x_a − price."""
    require_seed(seed)
    rng = np.random.default_rng(seed)
    price = whole(rng, -4, 4, goods)
    x = whole_matrix(rng, -5, 5, agents - 1, goods)
    x.append([-sum(column, Fraction(0)) for column in zip(*x, strict=True)])
    Q, q, value = list[Matrix](), Matrix(), Fraction(0)
    for trade in x:
        one = times_self(whole_matrix(rng, -2, 2, goods, goods))
        for j in range(goods):
            one[j][j] += 1
        linear = [-a - b for a, b in zip(times(one, trade), price, strict=True)]
        value += dot(trade, times(one, trade)) / 2 + dot(linear, trade)
        Q.append(one)
        q.append(linear)
    return Planted(Q, q, x, price, value)
