"""Hypothesis strategies for finite integer problems, each with a planted feasible point."""

from fractions import Fraction

from hypothesis import strategies as st

from proofs_checks.finite import Choice, FiniteProblem, Rationals

SMALL = st.integers(-4, 4)


@st.composite
def finite_problems(
    draw: st.DrawFn, max_rows: int = 2, max_blocks: int = 3, equalities: bool = False
) -> FiniteProblem:
    """Up to 3 blocks with up to 3 choices each; rows = or ≤."""
    rows = draw(st.integers(1, max_rows))
    choice = st.builds(Choice, SMALL, st.tuples(*[SMALL] * rows))
    block = st.lists(choice, min_size=1, max_size=3).map(tuple)
    blocks = tuple(draw(st.lists(block, min_size=1, max_size=max_blocks)))
    inequality = tuple(draw(st.booleans()) and not equalities for _ in range(rows))
    planted = [draw(st.sampled_from(b)) for b in blocks]
    used = [sum(column) for column in zip(*(c.image for c in planted), strict=True)]
    room = [draw(st.integers(0, 2)) if le else 0 for le in inequality]
    rhs = tuple(u + r for u, r in zip(used, room, strict=True))
    return FiniteProblem(blocks, rhs, inequality)


def multipliers(draw: st.DrawFn, problem: FiniteProblem, denominators: range) -> Rationals:
    """Any signs: a test projects where it needs to."""
    fraction = st.builds(Fraction, st.integers(-12, 12), st.sampled_from(denominators))
    return tuple(draw(fraction) for _ in problem.rhs)


@st.composite
def priced(
    draw: st.DrawFn, max_rows: int = 2, denominators: range = range(1, 5)
) -> tuple[FiniteProblem, Rationals, Rationals]:
    """A problem and two vectors of multipliers."""
    problem = draw(finite_problems(max_rows))
    return (
        problem,
        multipliers(draw, problem, denominators),
        multipliers(draw, problem, denominators),
    )
