"""An instance: a problem with all that a run of it needs, as families hand it to the command line."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lagrange.certificates import ExactTwin
from lagrange.problem import Problem
from lagrange.solution import Solution
from lagrange.state import Solver, Start
from lagrange.stopping import Stop

Number = float | int | None


def _as_one_array(point: Any) -> Mapping[str, Any]:
    return {"point": point}


def _no_files(point: Mapping[str, Any]) -> Mapping[str, bytes]:
    return {}


def _ready(solver: str) -> None:
    return


def _nothing(solution: Solution) -> Mapping[str, Number]:
    return {}


class Method(NamedTuple):
    """A problem, a solver that fits it, how many steps are planned, and where to start."""

    problem: Problem[Any]
    solver: Solver[Any]
    steps: int
    start: Start | None = None


@dataclass(frozen=True)
class Instance:
    """A problem and its surroundings.

    methods : by the solver's name, made for a number of steps (None: as many as the family advises);
              the first is the default
    stop    : when to stop besides the limits
    prepare : called with the solver's name before the clock of a run starts: compiles its loops
    reserve : the share of a time limit, in [0, 1), that ``measure`` needs after the solver
    seconds : how long to run unless the user says otherwise; None: until the steps are done
    sense   : "min", or "max" if the problem is the negation of a maximization
    exact   : recomputes bounds and points exactly, without blocks and solvers; None: not available
    point_arrays : a feasible point as named arrays, to be saved
    archive : files that go with a run (name → text), so that it can be verified later
    rebuild : options of the family that give this instance again; a value that names a file of the
              archive means that file
    idle    : by the solver's name, options that do nothing with it, and why; given ones are refused
    measure : what the family reports besides bounds;  measured: the names of all that it may report,
              null in a report where it was not measured
    files   : what a finished run leaves in its folder besides, name → contents: a function of the saved
              arrays of its point, so that verifying can make them again
    use     : Python that loads one of these files, "{run}" standing for the folder
    """

    name: str
    source: str
    methods: Mapping[str, Callable[[int | None], Method]]
    stop: Stop | None = None
    prepare: Callable[[str], None] = _ready
    seconds: float | None = None
    reserve: float = 0.05
    sense: str = "min"
    exact: ExactTwin | None = None
    point_arrays: Callable[[Any], Mapping[str, Any]] = _as_one_array
    archive: Mapping[str, str] = field(default_factory=lambda: dict[str, str]())
    rebuild: Mapping[str, Any] = field(default_factory=lambda: dict[str, Any]())
    idle: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: dict[str, Any]())
    measure: Callable[[Solution], Mapping[str, Number]] = _nothing
    measured: tuple[str, ...] = ()
    files: Callable[[Mapping[str, Any]], Mapping[str, bytes]] = _no_files
    use: str = ""

    def require(self, solver: str, options: Mapping[str, Any]) -> None:
        """Refuses a solver that there is not, and given options that do nothing with it."""
        if solver not in self.methods:
            raise ValueError(
                f"there is no solver {solver!r} for this family; it has {', '.join(self.methods)}"
            )
        for name, why in self.idle.get(solver, {}).items():
            if options.get(name) is not None:
                others = [s for s in self.methods if name not in self.idle.get(s, {})]
                raise ValueError(
                    f"option {name} = {options[name]!r} does nothing with the solver {solver}: {why}. "
                    f"Leave it out{', or take ' + ' or '.join(others) if others else ''}"
                )

    def rebuild_for(self, solver: str) -> dict[str, Any]:
        """``rebuild`` without what does nothing with this solver."""
        idle = self.idle.get(solver, {})
        return {name: value for name, value in self.rebuild.items() if name not in idle}
