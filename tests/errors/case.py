"""What an error test is: a call, the error it must end in, and what the message must say."""

import ast
import io
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from traceback import walk_tb
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("lagrange", "problems")


class Spot(NamedTuple):
    """A line of a file, the path relative to the repository."""

    file: str
    line: int


class Place(NamedTuple):
    """What a call may use: an empty folder, and a patch that is undone after it."""

    folder: Path
    patch: pytest.MonkeyPatch


@dataclass(frozen=True)
class Case:
    """``says``: parts of the message; they name what was given and what is allowed."""

    name: str
    call: Callable[[Place], Any]
    error: type[BaseException]
    says: tuple[str, ...]


def refused(name: str, make: Callable[[Any], Any], values: Sequence[Any], *says: str) -> list[Case]:
    """The same call with several values, each of which the message must name."""
    return [
        Case(f"{name} {value}", lambda _, v=value: make(v), ValueError, (*says, f"got {value}"))
        for value in values
    ]


class Outcome(NamedTuple):
    """What a call ended in: the error's class, all that it said, and the lines of its traceback and
    of those of the errors that it came from (``from``, or one being handled).
    """

    error: type[BaseException] | None
    said: str
    lines: frozenset[Spot]


@cache
def outcome(case: Case) -> Outcome:
    """Runs the call once a session, whichever test asks first."""
    out, err = io.StringIO(), io.StringIO()
    with (
        tempfile.TemporaryDirectory() as folder,
        pytest.MonkeyPatch.context() as patch,
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        patch.chdir(folder)
        try:
            case.call(Place(Path(folder), patch))
        except BaseException as error:
            said = " ".join(f"{error} {err.getvalue()} {out.getvalue()}".split())
            return Outcome(type(error), said, frozenset(_lines(error)))
    return Outcome(None, f"{err.getvalue()} {out.getvalue()}", frozenset())


def command(place: Place, *words: str) -> None:
    """The command line in this process; ends in SystemExit where the program would end."""
    from lagrange import cli

    place.patch.setattr(sys, "argv", ["lagrange", *words])
    cli.main()


@cache
def raise_statements() -> dict[Spot, range]:
    """Every raise statement of the library and the problems, with the lines it covers."""
    found: dict[Spot, range] = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            file = path.relative_to(ROOT).as_posix()
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Raise):
                    end = node.end_lineno or node.lineno
                    found[Spot(file, node.lineno)] = range(node.lineno, end + 1)
    return found


def executed(lines: frozenset[Spot]) -> set[Spot]:
    """The raise statements among the lines of tracebacks."""
    return {
        statement
        for statement, covered in raise_statements().items()
        if any(spot.file == statement.file and spot.line in covered for spot in lines)
    }


def _lines(error: BaseException) -> Iterator[Spot]:
    """Where this error and those it came from were raised, and where they passed on their way."""
    seen: set[int] = set()
    rest: list[BaseException | None] = [error]
    while rest:
        now = rest.pop()
        if now is None or id(now) in seen:
            continue
        seen.add(id(now))
        rest += [now.__cause__, now.__context__]
        for frame, line in walk_tb(now.__traceback__):
            path = Path(frame.f_code.co_filename)
            if path.is_relative_to(ROOT):
                yield Spot(path.relative_to(ROOT).as_posix(), line)
