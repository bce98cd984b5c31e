"""What the Lagrangian bound gains over the linear relaxation: everything exact.

    minimize Σ c_i(x_i)   subject to   Σ a_i(x_i) {=, ≤} b,   x_i from a finite list X_i
    z_LD = max_λ q(λ) = min over x_i ∈ conv(X_i);   z_LP: X_i replaced by its linear description

The second form of z_LD is linear programming duality: q is the minimum of finitely many affine
functions, and the dual of max q gives every choice a weight. It is solved in rationals, its prices are
λ*, and q(λ*) = z_LD is checked as well.

G1   z_LP ≤ z_LD ≤ z_IP, because X_i ⊆ conv(X_i) ⊆ linear description.
G2   The gain can be real: assignment to two agents with the job rows relaxed, so that every agent is
     left with a 0/1 knapsack.
G3   If every X_i consists of the vertices of its linear description (integrality property),
     z_LD = z_LP. With the capacities relaxed every job is left with a choice of one agent, a simplex.
G4   A 0/1 knapsack with its only row relaxed is G3 with boxes: z_LD is the bound of G. B. Dantzig,
     Oper. Res. 5 (1957) 266–277, greedy by profit per weight with one item split.

A. M. Geoffrion, Math. Program. Study 2 (1974) 82–114, for the setting; the proofs above are complete.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import product
from typing import NamedTuple

from proofs_checks.claims import Claim, Mutant
from proofs_checks.comparison import Comparison
from proofs_checks.finite import Choice, FiniteProblem, Rationals
from proofs_checks.rational_programs import Optimum, minimize


def lagrangian_dual(problem: FiniteProblem) -> Optimum:
    """z_LD; x are weights of all choices, then slacks; ``prices`` begin with the coupling rows."""
    choices = [(i, c) for i, block in enumerate(problem.blocks) for c in block]
    slacks = [j for j, le in enumerate(problem.inequality) if le]
    rows = [
        [c.image[j] for _, c in choices] + [int(j == k) for k in slacks]
        for j in range(len(problem.rhs))
    ]
    for i in range(len(problem.blocks)):
        rows.append([int(i == k) for k, _ in choices] + [0] * len(slacks))
    cost = [c.cost for _, c in choices] + [0] * len(slacks)
    return minimize(cost, rows, [*problem.rhs, *[1] * len(problem.blocks)])


def dual_prices(problem: FiniteProblem) -> Rationals:
    """λ* with q(λ*) = z_LD."""
    return tuple(-p for p in lagrangian_dual(problem).prices[: len(problem.rhs)])


class Assignment(NamedTuple):
    """cost[i][j], weight[i][j] of job j with agent i, and the capacities."""

    cost: Sequence[Sequence[int]]
    weight: Sequence[Sequence[int]]
    capacity: Sequence[int]

    def jobs_relaxed(self) -> FiniteProblem:
        """One knapsack for each agent; rows: every job is done once."""
        jobs = range(len(self.cost[0]))
        blocks = [
            tuple(
                Choice(sum(c[j] for j in jobs if x[j]), x)
                for x in product((0, 1), repeat=len(jobs))
                if sum(w[j] for j in jobs if x[j]) <= room
            )
            for c, w, room in zip(self.cost, self.weight, self.capacity, strict=True)
        ]
        return FiniteProblem(tuple(blocks), (1,) * len(jobs), (False,) * len(jobs))

    def capacities_relaxed(self, sign: int = 1) -> FiniteProblem:
        """One choice of an agent for each job; ≤ rows: capacities. ``sign`` = −1 is wrong: ≥ rows."""
        agents, jobs = range(len(self.cost)), range(len(self.cost[0]))
        blocks = [
            tuple(
                Choice(self.cost[i][j], tuple(sign * self.weight[i][j] * (i == k) for k in agents))
                for i in agents
            )
            for j in jobs
        ]
        rhs = tuple(sign * room for room in self.capacity)
        return FiniteProblem(tuple(blocks), rhs, (True,) * len(rhs))

    def linear_relaxation(self) -> Fraction:
        """z_LP; x ≤ 1 follows from the job rows."""
        agents, jobs = range(len(self.cost)), range(len(self.cost[0]))
        pairs = list(product(agents, jobs))
        rows = [[int(j == k) for _, k in pairs] + [0] * len(agents) for j in jobs]
        for i in agents:
            used = [self.weight[i][j] * (i == k) for k, j in pairs]
            rows.append(used + [int(i == k) for k in agents])
        cost = [self.cost[i][j] for i, j in pairs] + [0] * len(agents)
        return minimize(cost, rows, [*[1] * len(jobs), *self.capacity]).value


Dual = Callable[[Assignment], Fraction]


def jobs_relaxed(data: Assignment) -> Fraction:
    """z_LD with the job rows relaxed."""
    return lagrangian_dual(data.jobs_relaxed()).value


def capacities_relaxed(data: Assignment) -> Fraction:
    """z_LD with the capacities relaxed."""
    return lagrangian_dual(data.capacities_relaxed()).value


def linear_blocks(data: Assignment) -> Fraction:
    """Wrong in G2: the job rows relaxed, the knapsacks replaced by their linear relaxations."""
    return data.linear_relaxation()


def without_capacities(data: Assignment) -> Fraction:
    """Wrong in G1: blocks that forget their capacity, supersets even of the linear description."""
    room = [sum(w) for w in data.weight]
    return lagrangian_dual(data._replace(capacity=room).jobs_relaxed()).value


def capacities_turned(data: Assignment) -> Fraction:
    """Wrong in G3: the capacities relaxed with the other sign."""
    return lagrangian_dual(data.capacities_relaxed(-1)).value


def dual_is_attained(problem: FiniteProblem) -> Comparison:
    """z_LD = q(λ*): the two forms agree."""
    return Comparison(problem.dual(dual_prices(problem)), lagrangian_dual(problem).value, "==")


def between(data: Assignment, dual: Dual = jobs_relaxed) -> Comparison:
    """G1: the distance of z_LD from [z_LP, z_IP] is 0."""
    low, high = data.linear_relaxation(), Fraction(data.jobs_relaxed().optimum())
    value = dual(data)
    return Comparison(max(low - value, value - high), 0, "<=")


def gains(data: Assignment, gain: Fraction, dual: Dual = jobs_relaxed) -> Comparison:
    """G2: z_LP + gain ≤ z_LD."""
    return Comparison(data.linear_relaxation() + gain, dual(data), "<=")


def no_gain(data: Assignment, dual: Dual = capacities_relaxed) -> Comparison:
    """G3: z_LD = z_LP."""
    return Comparison(dual(data), data.linear_relaxation(), "==")


# ------------------------------------------------------------------ G4


class Knapsack(NamedTuple):
    """max Σ p_j x_j with Σ w_j x_j ≤ room, all numbers positive."""

    profit: Sequence[int]
    weight: Sequence[int]
    room: int

    def row_relaxed(self) -> FiniteProblem:
        """As a minimization with one block of two choices for each item."""
        pairs = zip(self.profit, self.weight, strict=True)
        blocks = tuple((Choice(0, (0,)), Choice(-p, (w,))) for p, w in pairs)
        return FiniteProblem(blocks, (self.room,), (True,))


def per_weight(profit: int, weight: int) -> Fraction:
    """p/w."""
    return Fraction(profit, weight)


def by_profit(profit: int, weight: int) -> Fraction:
    """Wrong: p."""
    return Fraction(profit)


def greedy(data: Knapsack, key: Callable[[int, int], Fraction] = per_weight) -> Fraction:
    """Items by decreasing key, the last one split."""
    total, room = Fraction(0), data.room
    items = sorted(zip(data.profit, data.weight, strict=True), key=lambda item: -key(*item))
    for p, w in items:
        taken = min(w, room)
        total, room = total + Fraction(p * taken, w), room - taken
    return total


def knapsack_bound(data: Knapsack, key: Callable[[int, int], Fraction] = per_weight) -> Comparison:
    """G4: z_LD with the row relaxed is the greedy bound."""
    return Comparison(-lagrangian_dual(data.row_relaxed()).value, greedy(data, key), "==")


# ------------------------------------------------------------------ mutants, pinned

_TWO_AGENTS = Assignment(((2, 1), (5, 3)), ((4, 1), (1, 2)), (3, 2))  # z_LP = 9/2, z_LD = z_IP = 6
_SACK = Knapsack((6, 5, 4), (4, 3, 2), 5)
_SOURCE = "derived; A. M. Geoffrion, Math. Program. Study 2 (1974) 82–114"

CLAIMS = (
    Claim(
        "G1",
        "lagrangian-between",
        "z_LP ≤ z_LD ≤ z_IP",
        ("blocks are subsets of their linear description", "a feasible point"),
        _SOURCE,
        between,
        (
            Mutant(
                "blocks without their capacity",
                lambda: between(_TWO_AGENTS, without_capacities),
                lambda: between(_TWO_AGENTS),
            ),
        ),
    ),
    Claim(
        "G2",
        "knapsack-blocks-gain",
        "with integral knapsacks as blocks z_LD can exceed z_LP",
        (),
        _SOURCE,
        gains,
        (
            Mutant(
                "linear blocks",
                lambda: gains(_TWO_AGENTS, Fraction(3, 2), linear_blocks),
                lambda: gains(_TWO_AGENTS, Fraction(3, 2)),
            ),
        ),
    ),
    Claim(
        "G3",
        "integrality-property",
        "z_LD = z_LP if every block is the vertices of its linear description",
        ("each job is one choice of an agent",),
        _SOURCE,
        no_gain,
        (
            Mutant(
                "knapsacks as blocks",
                lambda: no_gain(_TWO_AGENTS, jobs_relaxed),
                lambda: no_gain(_TWO_AGENTS),
            ),
            Mutant(
                "capacities relaxed with the other sign",
                lambda: no_gain(_TWO_AGENTS, capacities_turned),
                lambda: no_gain(_TWO_AGENTS),
            ),
        ),
    ),
    Claim(
        "G4",
        "knapsack-row-relaxed",
        "relaxing the row of a 0/1 knapsack gives the greedy bound",
        ("profits and weights are positive",),
        "derived; G. B. Dantzig, Oper. Res. 5 (1957) 266–277",
        knapsack_bound,
        (
            Mutant(
                "greedy by profit",
                lambda: knapsack_bound(_SACK, by_profit),
                lambda: knapsack_bound(_SACK),
            ),
        ),
    ),
)
