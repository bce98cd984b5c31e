"""The method of multipliers: one block, convex.

Reference    Rockafellar, Math. Oper. Res. 1 (1976) 97–116: the proximal point method on the dual
"""

from collections.abc import Iterator

from lagrange.theorems.common import convex, exact, saddle_point, whole_trace
from lagrange.theorems.evidence import Evidence, Theorem, about, same
from lagrange.theorems.findings import Finding, Margin, declared, judged


def rho_grows_few_times(run: Evidence) -> Finding:
    """ρ begins as set and grows by its factor, at most ``changes`` times."""
    solver = run.solver

    def margins() -> Iterator[Margin]:
        before, left = None, solver.changes
        for r in run.records:
            if before is None:
                value = same(r.rho, solver.rho, 0.0)
            elif r.rho == before:
                value = 0.0
            else:
                left -= 1
                value = same(r.rho, before * solver.growth) if left >= 0 else float(left)
            before = r.rho
            yield Margin(r.step, value)

    detail = f"from {solver.rho:g} by {solver.growth:g}, at most {solver.changes} times"
    return judged("ρ grows as it is set to", margins(), detail)


def multipliers_moved(run: Evidence) -> Finding:
    """λ moved by ρ g."""

    def margins() -> Iterator[Margin]:
        for r in run.records:
            step = same(r.step_size, r.rho)
            yield Margin(r.step, min(step, same(r.movement, r.rho * r.residual)))

    return judged("λ moved by ρ g", margins(), "relative deviation from ρ ‖g‖")


def one_block(run: Evidence) -> Finding:
    """The solver refuses more; so does the theorem."""
    return declared("one block", len(run.problem.blocks) == 1, f"{len(run.problem.blocks)} blocks")


THEOREMS = (
    Theorem(
        "augmented.convex",
        "Rockafellar (1976)",
        about("AugmentedLagrangian"),
        lambda run: "the residual → 0 and λ → a maximizer of q",
        (
            whole_trace,
            one_block,
            convex,
            exact,
            saddle_point,
            rho_grows_few_times,
            multipliers_moved,
        ),
    ),
)
