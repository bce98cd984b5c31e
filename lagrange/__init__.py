"""Lagrangian decomposition for research: one engine, one set of solvers, three worlds."""

from lagrange.blocks import Ask, Block, Response
from lagrange.engine import solve
from lagrange.problem import Feasible, Problem
from lagrange.queries import Quadratic
from lagrange.records import Record, Trace
from lagrange.slack import with_slacks
from lagrange.solution import Solution, SolveError
from lagrange.solvers.admm import ADMM
from lagrange.solvers.augmented import AugmentedLagrangian
from lagrange.solvers.progressive import Progressive
from lagrange.solvers.subgradient import Subgradient
from lagrange.solvers.surrogate import SurrogateLagrangian
from lagrange.stages import in_stages
from lagrange.state import Start, State
from lagrange.status import Status
from lagrange.stopping import GapBelow, ResidualBelow, Stalled, StepLimit, TimeLimit
from lagrange.version import __version__

__all__ = [
    "ADMM",
    "Ask",
    "AugmentedLagrangian",
    "Block",
    "Feasible",
    "GapBelow",
    "Problem",
    "Progressive",
    "Quadratic",
    "Record",
    "ResidualBelow",
    "Response",
    "Solution",
    "SolveError",
    "Stalled",
    "Start",
    "State",
    "Status",
    "StepLimit",
    "Subgradient",
    "SurrogateLagrangian",
    "TimeLimit",
    "Trace",
    "__version__",
    "in_stages",
    "solve",
    "with_slacks",
]
