"""Lagrangian decomposition for research: one engine, one set of solvers, three worlds."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from lagrange.blocks import Ask, Block, Response
from lagrange.engine import solve
from lagrange.problem import Feasible, Problem
from lagrange.queries import Absolute, Quadratic
from lagrange.records import Record, Trace
from lagrange.slack import with_slacks
from lagrange.solution import Solution, SolveError
from lagrange.solvers.admm import ADMM
from lagrange.solvers.augmented import AugmentedLagrangian
from lagrange.solvers.bundle import LevelBundle
from lagrange.solvers.progressive import Progressive
from lagrange.solvers.subgradient import Subgradient
from lagrange.solvers.surrogate import SurrogateLagrangian
from lagrange.solvers.surrogate_absolute import SurrogateAbsolute
from lagrange.solvers.surrogate_level import SurrogateLevel
from lagrange.solvers.volume import Volume
from lagrange.stages import in_stages
from lagrange.state import Start, State
from lagrange.status import Status
from lagrange.stopping import GapBelow, NoneAbove, ResidualBelow, Stalled, StepLimit, TimeLimit
from lagrange.version import __version__

if TYPE_CHECKING:
    from lagrange.models.cvxpy_model import from_cvxpy
    from lagrange.models.mps_model import from_mps

__all__ = [
    "ADMM",
    "Absolute",
    "Ask",
    "AugmentedLagrangian",
    "Block",
    "Feasible",
    "GapBelow",
    "LevelBundle",
    "NoneAbove",
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
    "SurrogateAbsolute",
    "SurrogateLagrangian",
    "SurrogateLevel",
    "TimeLimit",
    "Trace",
    "Volume",
    "__version__",
    "from_cvxpy",
    "from_mps",
    "in_stages",
    "solve",
    "with_slacks",
]


# imported when they are asked for: cvxpy and HiGHS are heavy, and extras
ADAPTERS = {
    "from_cvxpy": ("lagrange.models.cvxpy_model", "convex"),
    "from_mps": ("lagrange.models.mps_model", "milp"),
}


def __getattr__(name: str) -> Any:
    if name not in ADAPTERS:
        raise AttributeError(f"module 'lagrange' has no attribute {name!r}")
    module, extra = ADAPTERS[name]
    try:
        return getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        raise ImportError(f"{name} needs {error.name}: pip install 'lagrange[{extra}]'") from None
