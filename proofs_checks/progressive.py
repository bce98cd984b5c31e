"""Stages C_1 ⊇ C_2 ⊇ …: what carries over from one to the next, and what does not.

v_j = min {f(x) : x ∈ C_j, coupling rows},   q_j(λ) = min_{x ∈ C_j} L(x, λ)

H1   v_1 ≤ v_2 ≤ … for *global* optima: a minimum over fewer points. For local or heuristic answers it
     is false; a later stage may well be better.
H2   q_1(λ) ≤ q_2(λ) at the same λ: a bound proved at stage j holds at all later stages, because
     q_j(λ) ≤ q_{j+1}(λ) ≤ v_{j+1}. It does not go the other way.
H3   A point that is feasible at stage j + 1 is feasible at stage j: upper bounds go backwards. The
     answer of stage j need not be feasible at stage j + 1 (a warm start is no feasible point).
H4   Projections compose, P_2 ∘ P_1 = P_2, for sparsity k_1 ≥ k_2, for N_1 ≥ N_2 of every M, and for
     intervals, with ties broken alike. They do not for grids, even nested ones (1.26 → 1.5 → 2 on
     halves and then integers, but 1 directly), nor for N of M with different M, though those sets are
     nested too.
H5   The distance to a nested chain of sets grows along it. Grids with fewer bits are not nested by
     having fewer bits: a step of max |w|/7 is no multiple of one of max |w|/127, and (1, 1/7) is nearer
     to the 4-bit grid.

The proofs above are complete.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

from proofs_checks.claims import Claim, Mutant
from proofs_checks.comparison import Comparison
from proofs_checks.finite import (
    Choice,
    FiniteProblem,
    Point,
    Rationals,
    difference,
    rationals,
    squared,
)
from proofs_checks.projections import by_magnitude, group_rows, keep, largest

# ------------------------------------------------------------------ H1, H2, H3


def stage(problem: FiniteProblem, allowed: Sequence[int]) -> FiniteProblem:
    """The problem with the first allowed[i] choices of block i."""
    pairs = zip(problem.blocks, allowed, strict=True)
    return replace(problem, blocks=tuple(block[:count] for block, count in pairs))


Optimum = Callable[[FiniteProblem], int]


def local_optimum(problem: FiniteProblem) -> int:
    """Wrong as v: descent from the last feasible point, changing one block at a time."""
    feasible = [x for x in problem.points() if problem.is_feasible(x)]
    now = feasible[-1]
    while True:
        near = [x for x in feasible if sum(a != b for a, b in zip(x, now, strict=True)) <= 1]
        best = min(near, key=problem.cost)
        if problem.cost(best) == problem.cost(now):
            return problem.cost(now)
        now = best


def optima_rise(
    problem: FiniteProblem, allowed: Sequence[int], optimum: Optimum = FiniteProblem.optimum
) -> Comparison:
    """H1: v of all choices is at most v of the allowed ones."""
    return Comparison(optimum(problem), optimum(stage(problem, allowed)), "<=")


def bound_carries_over(
    problem: FiniteProblem, allowed: Sequence[int], multipliers: Rationals, backwards: bool = False
) -> Comparison:
    """H2: q of the earlier stage is at most v of the later; ``backwards`` is wrong."""
    later = stage(problem, allowed)
    from_, to = (later, problem) if backwards else (problem, later)
    return Comparison(from_.dual(from_.project(multipliers)), to.optimum(), "<=")


def feasible_points(problem: FiniteProblem) -> set[Point]:
    """All of them."""
    return {x for x in problem.points() if problem.is_feasible(x)}


def feasibility_goes_back(
    problem: FiniteProblem, allowed: Sequence[int], forwards: bool = False
) -> Comparison:
    """H3: how many feasible points of the later stage are infeasible earlier; ``forwards`` is wrong."""
    early, late = feasible_points(problem), feasible_points(stage(problem, allowed))
    lost = early - late if forwards else late - early
    return Comparison(len(lost), 0, "==")


# ------------------------------------------------------------------ H4, H5

Project = Callable[[Rationals], Rationals]


def sparse(k: int) -> Project:
    """The k largest |w|."""
    return lambda w: keep(w, largest(by_magnitude(w), k))


def n_of_m(n: int, m: int) -> Project:
    """The n largest |w| of every m."""
    return lambda w: group_rows((w,), n, m)[0]


def interval(low: Fraction, high: Fraction) -> Project:
    """Clipping."""
    return lambda w: tuple(min(max(v, low), high) for v in w)


def multiples(step: Fraction) -> Project:
    """The nearest multiples of a step."""
    return lambda w: tuple(step * round(v / step) for v in w)


def composes(w: Rationals, first: Project, second: Project) -> Comparison:
    """H4: ‖P_2(P_1(w)) − P_2(w)‖² = 0."""
    return Comparison(squared(difference(second(first(w)), second(w))), 0, "==")


def largest_magnitude_grid(bits: int) -> Project:
    """The nearest multiples of max |w| / (2^(bits − 1) − 1)."""
    return lambda w: multiples(max(map(abs, w)) / (2 ** (bits - 1) - 1))(w)


def distance_grows(w: Rationals, first: Project, second: Project) -> Comparison:
    """H5: the error of the first, larger set is at most that of the second."""
    errors = [squared(difference(w, project(w))) for project in (first, second)]
    return Comparison(errors[0], errors[1], "<=")


# ------------------------------------------------------------------ mutants, pinned

_TRAP = FiniteProblem(  # (0, 0) costs 0; from (1, 1), which costs 10, no single block can move
    ((Choice(0, (0,)), Choice(5, (1,))), (Choice(0, (0,)), Choice(5, (-1,)))), (0,), (False,)
)
_PAIR = FiniteProblem(  # the cheap choice is dropped at the later stage
    ((Choice(2, (1,)), Choice(0, (1,))), (Choice(0, (-1,)),)), (0,), (False,)
)
_FIRST = (1, 1)
_EIGHT = rationals(5, 6, 7, 8, 1, 2, 3, 4)
_NEAR = rationals(Fraction(126, 100))
_SEVENTH = rationals(1, Fraction(1, 7))

CLAIMS = (
    Claim(
        "H1",
        "stage-optima-rise",
        "v_1 ≤ v_2 for C_1 ⊇ C_2",
        ("global optima",),
        "derived",
        optima_rise,
        (
            Mutant(
                "local optima",
                lambda: optima_rise(_TRAP, _FIRST, local_optimum),
                lambda: optima_rise(_TRAP, _FIRST),
            ),
        ),
    ),
    Claim(
        "H2",
        "stage-bounds-carry-over",
        "q_1(λ) ≤ v_2 for C_1 ⊇ C_2",
        ("the same coupling rows", "λ ≥ 0 on ≤ rows"),
        "derived",
        bound_carries_over,
        (
            Mutant(
                "a later bound for an earlier stage",
                lambda: bound_carries_over(_PAIR, _FIRST, rationals(0), backwards=True),
                lambda: bound_carries_over(_PAIR, _FIRST, rationals(0)),
            ),
        ),
    ),
    Claim(
        "H3",
        "feasible-points-go-back",
        "what is feasible at a later stage is feasible earlier",
        ("C_1 ⊇ C_2",),
        "derived",
        feasibility_goes_back,
        (
            Mutant(
                "a warm start taken for a feasible point",
                lambda: feasibility_goes_back(_PAIR, _FIRST, forwards=True),
                lambda: feasibility_goes_back(_PAIR, _FIRST),
            ),
        ),
    ),
    Claim(
        "H4",
        "nested-projections-compose",
        "P_2(P_1(w)) = P_2(w)",
        ("sparsity, N of the same M, or intervals", "ties broken alike"),
        "derived",
        composes,
        (
            Mutant(
                "nested grids: rounded twice",
                lambda: composes(_NEAR, multiples(Fraction(1, 2)), multiples(Fraction(1))),
                lambda: composes(_NEAR, interval(*rationals(0, 2)), interval(*rationals(0, 1))),
            ),
            Mutant(
                "4 of 8, then 2 of 4",
                lambda: composes(_EIGHT, n_of_m(4, 8), n_of_m(2, 4)),
                lambda: composes(_EIGHT, n_of_m(3, 4), n_of_m(2, 4)),
            ),
        ),
    ),
    Claim(
        "H5",
        "nested-distances-grow",
        "dist(w, C_1) ≤ dist(w, C_2)",
        ("C_1 ⊇ C_2",),
        "derived",
        distance_grows,
        (
            Mutant(
                "8 bits taken for a superset of 4 bits",
                lambda: distance_grows(
                    _SEVENTH, largest_magnitude_grid(8), largest_magnitude_grid(4)
                ),
                lambda: distance_grows(_SEVENTH, multiples(Fraction(1, 2)), multiples(Fraction(1))),
            ),
        ),
    ),
)
