"""Multi-commodity flow: several goods share the arcs of one network.

    min Σ_k ⟨cost, x_k⟩ + curvature/2 ‖x_k‖²
    s.t. N x_k = supply_k,   x_k − z_k = 0,   z ≥ 0,  Σ_k z_k ≤ capacity on every arc

Block 0 balances every commodity on its own (a Laplacian system), block 1 shares the arcs. A capacity
that is too small leaves both blocks able to answer: the residual x − z does not vanish then.

Reference    Ahuja, Magnanti, Orlin, Network Flows, Prentice Hall (1993), ch. 17
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from lagrange.blocks import Response
from lagrange.instances import Instance, Method, Number
from lagrange.oracles.network_flow import BalancedFlow, SharedCapacity
from lagrange.problem import Feasible, Problem
from lagrange.queries import Quadratic
from lagrange.solution import Solution
from lagrange.solvers.admm import ADMM
from lagrange.solvers.subgradient import Subgradient
from lagrange.step_sizes import Polyak
from lagrange.stopping import ResidualBelow
from problems.planting import Matrix, Row, dot, times, transposed, whole, whole_matrix
from problems.seeds import require_seed
from problems.tables import FloatArray

FEASIBLE = (
    1e-8  # how far balance and capacity of a reported flow may be off, relative to the supply
)


IntArray = np.ndarray[Any, np.dtype[np.int64]]


class Network(NamedTuple):
    """Incidence (nodes, arcs), +1 where an arc leaves; cost (K, arcs), capacity (arcs,), and
    supply (K, nodes).
    """

    incidence: FloatArray
    cost: FloatArray
    capacity: FloatArray
    supply: FloatArray
    curvature: float


def multicommodity(
    *,
    nodes: int = 10,
    arcs: int = 40,
    commodities: int = 4,
    curvature: float = 0.1,
    capacity: float = 1.2,
    rho: float = 1.0,
    seed: int = 0,
) -> Instance:
    """A random network: a ring in both directions and random arcs.

    nodes       : at least 3
    arcs        : at least twice the nodes
    commodities : each from one node to another
    curvature   : of the cost, ≥ 0; 0 is the linear program
    capacity    : of every arc, as a multiple of what certainly suffices to carry a hidden flow; below
                  1 there may be no flow at all
    rho         : penalty of ADMM
    seed        : of the network
    """
    if nodes < 3 or arcs < 2 * nodes or commodities < 1:
        raise ValueError(
            "nodes must be ≥ 3, arcs at least twice the nodes and commodities ≥ 1, "
            f"got {nodes}, {arcs} and {commodities}"
        )
    if not capacity >= 0:
        raise ValueError(f"capacity must be ≥ 0, got {capacity}")
    require_seed(seed)
    data = generate(nodes, arcs, commodities, seed)
    data = data._replace(capacity=capacity * data.capacity, curvature=curvature)
    problem = build(data)

    def admm(steps: int | None) -> Method:
        return Method(problem, ADMM(rho, ((0,), (1,)), relaxation=1.6), steps or 20000)

    def subgradient(steps: int | None) -> Method:
        total = float(np.abs(data.supply).sum() / 2)
        most = float(data.cost[0].sum()) * total + curvature * data.cost.size * total**2
        return Method(problem, Subgradient(Polyak(patience=50, estimate=most)), steps or 5000)

    return Instance(
        name=f"multicommodity-{nodes}-{arcs}-{commodities}-{seed}",
        source=f"generated, seed {seed}",
        methods={"admm": admm, "subgradient": subgradient} if curvature > 0 else {"admm": admm},
        stop=ResidualBelow(1e-11),
        rebuild={
            "nodes": nodes,
            "arcs": arcs,
            "commodities": commodities,
            "curvature": curvature,
            "capacity": capacity,
            "rho": rho,
            "seed": seed,
        },
        measure=lambda solution: _measure(data, solution),
    )


def generate(nodes: int, arcs: int, commodities: int, seed: int) -> Network:
    """Arcs 0..n−1 run around a ring, the next n back, the others anywhere; curvature 0.1.

    Capacities just carry a flow that uses the ring only, and a little more.
    """
    rng = np.random.default_rng(seed)
    here, there = np.arange(nodes), np.roll(np.arange(nodes), -1)
    others = np.array([rng.choice(nodes, 2, replace=False) for _ in range(arcs - 2 * nodes)])
    others = others.reshape(-1, 2)
    tails = np.concatenate([here, there, others[:, 0]])
    heads = np.concatenate([there, here, others[:, 1]])
    N = incidence_of(tails, heads, nodes)
    cost = rng.uniform(0.5, 2.0, arcs)
    supply = np.zeros((commodities, nodes))
    hidden = np.zeros(arcs)
    for k in range(commodities):
        source, sink = rng.choice(nodes, 2, replace=False)
        supply[k, source], supply[k, sink] = 1.0, -1.0
        around = np.linalg.lstsq(N[:, :nodes], supply[k])[0]  # < 0: runs back
        hidden[:nodes] += np.maximum(around, 0.0)
        hidden[nodes : 2 * nodes] += np.maximum(-around, 0.0)
    return Network(N, np.tile(cost, (commodities, 1)), hidden + 0.05, supply, 0.1)


def incidence_of(
    tails: Sequence[int] | IntArray, heads: Sequence[int] | IntArray, nodes: int
) -> FloatArray:
    """+1 where an arc leaves, −1 where it enters. (nodes, arcs)"""
    arcs = np.arange(len(tails))
    N = np.zeros((nodes, len(tails)))
    N[np.asarray(tails), arcs] = 1.0
    N[np.asarray(heads), arcs] = -1.0
    return N


def build(data: Network) -> Problem[Quadratic | None]:
    """Balanced flows (block 0) and shared arcs (block 1), tied by row ``flow``: x − z = 0."""
    N = data.incidence
    balance = BalancedFlow(N, data.cost, data.supply, data.curvature, "flow")
    share = SharedCapacity(data.capacity, "flow")

    def recover(responses: Sequence[Response]) -> Feasible | None:
        z = responses[1].point
        # a flow that is off by no more than this counts as one
        off = float(np.abs(z @ N.T - data.supply).max())
        if off > FEASIBLE * (1 + float(np.abs(data.supply).max())):
            return None
        return Feasible(z, objective(data, z))

    return Problem((balance, share), {"flow": np.zeros(data.cost.shape)}, recover=recover)


def objective(data: Network, x: FloatArray) -> float:
    """Σ_k ⟨cost, x_k⟩ + curvature/2 ‖x_k‖²."""
    return float((x * data.cost).sum()) + 0.5 * data.curvature * float((x * x).sum())


def kkt_violation(data: Network, x: FloatArray, multipliers: FloatArray) -> float:
    """How far x ≥ 0 and the multipliers of x − z = 0 are from the optimality conditions.

    cost + curvature x + λ must be a difference of node potentials (taken in least squares). With the
    toll of an arc, max_k λ_k or 0: only the highest λ_k ≥ 0 may carry flow, and a toll above 0 needs a
    full arc. Last, balance and capacity.
    """
    N = data.incidence
    slope = data.cost + data.curvature * x + multipliers
    potentials = np.linalg.lstsq(N.T, slope.T)[0]
    toll = np.maximum(multipliers.max(axis=0), 0.0)
    spare = data.capacity - x.sum(axis=0)
    return max(
        float(np.abs(slope.T - N.T @ potentials).max()),
        float(np.abs(np.minimum(x, toll - multipliers)).max()),
        float(np.abs(np.minimum(toll, spare)).max()),
        float(np.abs(x @ N.T - data.supply).max()),
    )


def _measure(data: Network, solution: Solution) -> Mapping[str, Number]:
    x = solution.point
    if x is None:
        return {"kkt_violation": None, "full_arcs": None, "unbalanced": None}
    return {
        "kkt_violation": kkt_violation(data, x, solution.multipliers["flow"]),
        "full_arcs": int((x.sum(axis=0) >= data.capacity - 1e-7).sum()),
        "unbalanced": float(np.abs(x @ data.incidence.T - data.supply).max()),
    }


class Planted(NamedTuple):
    """A network whose flow is known exactly; every number is also a float.

    toll (arcs,) and potentials (K, nodes) are the multipliers: capacity is full where a toll is paid.
    """

    incidence: Matrix
    cost: Matrix
    capacity: Row
    supply: Matrix
    curvature: Fraction
    x: Matrix
    toll: Row
    potentials: Matrix
    value: Fraction


def planted(*, nodes: int = 5, arcs: int = 12, commodities: int = 3, seed: int = 0) -> Planted:
    """An instance made around flows x ≥ 0, curvature 1, by complementary slackness.

    cost_k = π_k N − x_k − toll + (something ≥ 0 where x_k = 0), toll > 0 on full arcs only.
    """
    require_seed(seed)
    rng = np.random.default_rng(seed)
    data = generate(nodes, arcs, 1, seed)
    N = [[Fraction(int(e)) for e in row] for row in data.incidence]
    x = [[max(Fraction(0), e) for e in row] for row in whole_matrix(rng, -2, 4, commodities, arcs)]
    toll = [max(Fraction(0), e) for e in whole(rng, -2, 3, arcs)]
    used = [sum(column, Fraction(0)) for column in zip(*x, strict=True)]
    capacity = [u if t else u + 1 for u, t in zip(used, toll, strict=True)]
    potentials = whole_matrix(rng, -4, 4, commodities, nodes)
    cost, value = Matrix(), Fraction(0)
    for flow, levels in zip(x, potentials, strict=True):
        reduced = [
            e if f == 0 else Fraction(0) for e, f in zip(whole(rng, 0, 3, arcs), flow, strict=True)
        ]
        falls = times(transposed(N), levels)
        terms = zip(falls, flow, toll, reduced, strict=True)
        cost.append([p - f - t + e for p, f, t, e in terms])
        value += dot(cost[-1], flow) + dot(flow, flow) / 2
    supply = [times(N, flow) for flow in x]
    return Planted(N, cost, capacity, supply, Fraction(1), x, toll, potentials, value)
