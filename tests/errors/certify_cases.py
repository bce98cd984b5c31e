"""Refusals of the run certificate."""

from lagrange import families
from lagrange.certify import certify_run
from lagrange.certify_saved import (
    certify_saved,
    read_settings,
    read_trace,
    trusted_instance,
)
from lagrange.records import Record
from lagrange.run_folder import RunError, Saved
from lagrange.runs import execute
from tests.errors.case import Case

ASSIGNMENT = {"kind": "A", "agents": 2, "jobs": 4}


def _instance():
    return families.make("assignment", ASSIGNMENT)


def _trace(text):
    def read(place):
        path = place.folder / "trace.csv"
        path.write_text(text)
        return read_trace(path)

    return read


def _saved(place, **document):
    return Saved(place.folder, {"rebuild": {}, "report": {}, **document}, {}, None)


def _unknown_theorem(place):
    run = execute("assignment", ASSIGNMENT, _instance(), steps=1)
    return certify_run(run).of("admm.convex")


HEADER = ",".join(Record._fields)
CASES = (
    Case("a theorem not judged", _unknown_theorem, ValueError, ("'admm.convex'", "bounds.weak-")),
    Case("no trace", lambda place: read_trace(place.folder / "t.csv"), RunError, ("is missing",)),
    Case("a trace of other columns", _trace("a,b\n"), RunError, ("['a', 'b']", "'residual'")),
    Case("a trace cut short", _trace(HEADER + "\n1,2\n"), RunError, ("is broken",)),
    Case(
        "a trace that is not true or false",
        _trace(HEADER + "\n" + ",".join("1" for _ in Record._fields) + "\n"),
        RunError,
        ("is broken", "'1'"),
    ),
    Case("an empty trace", _trace(""), RunError, ("is broken",)),
    *(
        Case(f"settings {text}", lambda _, t=text: read_settings(t), RunError, (text, "library"))
        for text in (
            "Mine(1)",
            "__import__('os').getcwd()",
            "ADMM(rho=-1.0)",
            "ADMM(",
            "[1]",
            "ADMM(sigma=1.0)",
        )
    ),
    Case(
        "a solver that the family lacks",
        lambda place: certify_saved(_saved(place, solver="magic"), _instance()),
        RunError,
        ("'magic'", "surrogate"),
    ),
    Case(
        "code that nobody trusts",
        lambda place: trusted_instance(_saved(place, family="mine:shops"), None),
        ValueError,
        ("'mine:shops'", "--family mine:shops"),
    ),
)
