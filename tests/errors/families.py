"""Small families and runs that the error cases execute and save."""

from dataclasses import dataclass, replace

import numpy as np

from lagrange import families, run_folder, runs
from lagrange.instances import Instance, Method
from lagrange.solvers.subgradient import Subgradient
from lagrange.step_sizes import Constant
from tests.errors.small import Fixed, problem


@dataclass(frozen=True)
class Later:
    """A block that does nothing twice, then raises."""

    error: BaseException

    def respond(self, price, query, start):
        if start is not None and start.cost >= 1:
            raise self.error
        return replace(
            Fixed({"a": np.ones(2)}).respond(price, query, start), cost=float(start is not None)
        )


def own_instance(*blocks, **fields):
    method = Method(problem(*blocks, **fields), Subgradient(Constant(1.0)), 9)
    return Instance("own", "a test", {"subgradient": lambda steps: method})


def failing() -> Instance:
    return own_instance(Later(ZeroDivisionError("the oracle gave up")))


def interrupted() -> Instance:
    return own_instance(Later(KeyboardInterrupt()))


@dataclass(frozen=True)
class Unready:
    """A step rule that is interrupted while it prepares."""

    def init(self):
        raise KeyboardInterrupt

    def next(self, now, memory):
        return 1.0, memory


def early() -> Instance:
    method = Method(problem(), Subgradient(Unready()), 9)
    return Instance("own", "a test", {"subgradient": lambda steps: method})


def fine(*, size: int = 1, fast: bool = False) -> Instance:
    return own_instance()


def name_of(function):
    """As the command line names a family."""
    return f"{__name__}:{function.__name__}"


def saved_run(place, name="run"):
    """A small saved run."""
    folder = place.folder / name
    options = {"kind": "A", "agents": 2, "jobs": 4}
    run = runs.execute("assignment", options, families.resolve("assignment")(**options), steps=3)
    run_folder.save(run, folder)
    return folder
