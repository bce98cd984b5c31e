"""Does the augmented Lagrangian fall? The check that goes with the order *set first, then loss*.

For that order, a loss with Lipschitz gradient L and ρ > 2 L, each sweep of ADMM lowers

    m_k = L_ρ(W_k, Z_k, λ_k),   λ_k the multipliers after the sweep   (papers/progressive_admm)

A rise says that ρ is too small for the loss, or that training stopped too early. For the papers' order,
loss first, nothing is claimed.
"""

from collections.abc import Iterable

from lagrange.records import Record


def merit(record: Record) -> float:
    """m_k: the recorded value is at the λ before the sweep, which the step of λ raises by s‖g‖²."""
    return record.lagrangian + record.step_size * record.residual**2


def rises(records: Iterable[Record], tolerance: float = 0.0) -> tuple[int, ...]:
    """The steps at which m rose by more than ``tolerance`` (relative), in runs with one ρ; a change
    of ρ starts anew. Costs must have been measured.
    """
    found: list[int] = []
    before: Record | None = None
    for record in records:
        if record.lagrangian != record.lagrangian:
            raise ValueError(
                f"the cost was not measured at step {record.step}: give the session a cost function"
            )
        if before is not None and before.rho == record.rho:
            slack = tolerance * (1 + abs(merit(before)))
            if merit(record) > merit(before) + slack:
                found.append(record.step)
        before = record
    return tuple(found)
