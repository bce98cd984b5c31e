"""How a run ended. The value of a status is advice."""

from enum import Enum


class Status(Enum):
    """Each text says what happened and what to do next."""

    OPTIMAL = "the proved gap is 0: the lower bound is the cost of the feasible point"
    GAP_REACHED = "the proved gap is at most the one that was asked for"
    CONVERGED = "the residuals fell below their tolerances; check the bounds for a proof"
    COMPLETE = "the solver had nothing left to ask: all of its stages are done"
    STALLED = (
        "the multipliers stopped moving: start closer, or let the steps shrink later "
        "(SurrogateContraction: larger M; Polyak: more patience); a small movement is no evidence "
        "of optimality"
    )
    INFEASIBLE = (
        "there seems to be no feasible point: the multipliers run away steadily (not proved; if there "
        "is one, rho is far too small), or the bound passed what any point can cost (which proves it)"
    )
    UNBOUNDED = (
        "the answers run away steadily while the cost falls: the objective seems to be unbounded (not "
        "proved); if it is not, rho is far too large"
    )
    STEP_LIMIT = "the step limit was reached: allow more steps, or accept the bounds as they stand"
    TIME_LIMIT = "the time limit was reached: allow more time, or accept the bounds as they stand"
    INTERRUPTED = "interrupted by the user: what was found up to then is kept"
    FAILED = "a block or a step failed: see the error; what was found up to then is kept"

    @property
    def advice(self) -> str:
        """The text."""
        return self.value
