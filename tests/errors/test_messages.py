"""Every error path is executed, and its message names what was given and what is allowed."""

from importlib import import_module
from pathlib import Path

import pytest

from tests.errors.case import Case, executed, outcome, raise_statements

FILES = sorted(path.stem for path in Path(__file__).parent.glob("*_cases.py"))
CASES = [case for file in FILES for case in import_module(f"tests.errors.{file}").CASES]


def test_names_are_distinct():
    names = [case.name for case in CASES]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_message(case: Case):
    end = outcome(case)
    assert end.error is not None, "nothing was refused"
    assert issubclass(end.error, case.error), f"{end.error.__name__}: {end.said}"
    missing = [part for part in case.says if " ".join(part.split()) not in end.said]
    assert not missing, f"{missing} not in {end.said!r}"
    assert executed(end.lines), "some other package refused, not this one"


def test_every_raise_is_executed():
    reached = set().union(*(executed(outcome(case).lines) for case in CASES))
    never = sorted(set(raise_statements()) - reached)
    listed = "\n".join(f"  {spot.file}:{spot.line}" for spot in never)
    assert not never, f"{len(never)} raise statements that no case executes:\n{listed}"
