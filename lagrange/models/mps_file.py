"""MPS files, read by HiGHS and refused where HiGHS would repair them silently.

HiGHS drops entries of unknown rows and duplicates with a warning, and takes "abc" for 0, "1.x" for 1
and a bound on an unknown column for a new column without one. All of that is an error here.
"""

import gzip
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import highspy
import numpy as np

from lagrange.oracles.checks import FloatArray
from lagrange.oracles.linear_sets import BoolArray, unbounded_beyond
from lagrange.oracles.sparse import IndexArray, SparseMatrix

GZIP = b"\x1f\x8b"
WITHOUT_NUMBER = {"FR", "MI", "PL", "BV"}  # bounds


class MpsFile(NamedTuple):
    """A model as the file has it, columns and rows in its order.

    sense "min" or "max"; cost (n,), offset: the objective; rows (m, n) between row_lower and
    row_upper; lower, upper, integer (n,). Rows without bounds (objectives besides the first) are
    left out by HiGHS.
    """

    sense: str
    cost: FloatArray
    offset: float
    rows: SparseMatrix
    row_lower: FloatArray
    row_upper: FloatArray
    lower: FloatArray
    upper: FloatArray
    integer: BoolArray
    row_names: tuple[str, ...]
    column_names: tuple[str, ...]


def read_mps(path: str | Path) -> MpsFile:
    """Reads an MPS file, fixed or free, plain or compressed by gzip.

    Raises FileNotFoundError, and ValueError for anything that is no complete mixed-integer linear
    model in MPS format.
    """
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"there is no file {str(path)!r}")
    if not file.name.lower().endswith((".mps", ".mps.gz")):
        raise ValueError(f"a file named *.mps or *.mps.gz is needed, got {file.name!r}")
    highs = highspy.Highs()
    highs.setOptionValue("log_to_console", False)
    said = list[str]()

    def hear(event: Any) -> None:
        said.append(str(event.message).strip())

    highs.cbLogging.subscribe(hear)
    status = highs.readModel(str(file))
    complaints = [line for line in said if line.startswith(("WARNING", "ERROR"))]
    if status != highspy.HighsStatus.kOk or complaints:
        raise ValueError(
            f"{file.name} could not be read as an MPS file without loss; HiGHS says: "
            f"{'; '.join(complaints) or status.name}"
        )
    _refuse_what_is_not_linear(file.name, highs)
    program = highs.getLp()
    if program.num_col_ == 0:
        raise ValueError(f"{file.name} has no columns")
    _check_fields(file, set(_texts(program.col_names_)))
    return _taken_out(program)


def _refuse_what_is_not_linear(name: str, highs: highspy.Highs) -> None:
    if highs.getHessianNumNz() > 0:
        raise ValueError(f"{name} has a quadratic objective; only linear ones can be taken apart")
    program = highs.getLp()
    plain = highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger
    for kind, column in zip(program.integrality_, program.col_names_, strict=False):
        if kind not in plain:
            raise ValueError(
                f"column {column!r} of {name} is semi-continuous or semi-integer; write it with a "
                "binary column and two rows"
            )
    if not np.isfinite(program.col_cost_).all() or not math.isfinite(program.offset_):
        raise ValueError(f"the objective of {name} holds a NaN or an infinity")


def _taken_out(program: highspy.HighsLp) -> MpsFile:
    m, n = program.num_row_, program.num_col_
    starts: IndexArray = np.asarray(program.a_matrix_.start_, dtype=np.int64)
    column = np.repeat(np.arange(n), np.diff(starts))  # readers store matrices by columns
    row = np.asarray(program.a_matrix_.index_, dtype=np.int64)
    value = np.asarray(program.a_matrix_.value_, dtype=np.float64)
    kinds = program.integrality_ or [highspy.HighsVarType.kContinuous] * n
    return MpsFile(
        "max" if program.sense_ == highspy.ObjSense.kMaximize else "min",
        np.array(program.col_cost_, dtype=np.float64),
        program.offset_,
        SparseMatrix(row, column, value, (m, n)),
        unbounded_beyond(program.row_lower_),
        unbounded_beyond(program.row_upper_),
        unbounded_beyond(program.col_lower_),
        unbounded_beyond(program.col_upper_),
        np.array([kind == highspy.HighsVarType.kInteger for kind in kinds], dtype=np.bool_),
        _texts(program.row_names_),
        _texts(program.col_names_),
    )


def _texts(names: Sequence[Any]) -> tuple[str, ...]:
    return tuple(str(name) for name in names)


def _check_fields(file: Path, columns: set[str]) -> None:
    """Every number is one, and every column stands in the section COLUMNS."""
    known = set[str]()
    for place, section, fields in _lines(file):
        numbers = list[str]()
        if section == "COLUMNS" and "'MARKER'" not in fields:
            known.add(fields[0])
            numbers = fields[2::2]
        elif section in ("RHS", "RANGES"):  # the name of the set may be missing
            numbers = fields[2::2] if len(fields) % 2 else fields[1::2]
        elif section == "BOUNDS" and fields[0].upper() not in WITHOUT_NUMBER:
            numbers = fields[-1:]
        for number in numbers:
            if not _is_number(number):
                raise ValueError(f"{file.name}, line {place}: {number!r} is no number")
    unknown = sorted(columns - known)
    if unknown:
        raise ValueError(
            f"{file.name}: column {unknown[0]!r} is named under BOUNDS but not under COLUMNS"
        )


def _lines(file: Path) -> Iterator[tuple[int, str, list[str]]]:
    """Number, section and fields of the data lines; names have no blanks, HiGHS warns of those."""
    with file.open("rb") as start:
        packed = start.read(2) == GZIP
    section = ""
    with gzip.open(file, "rb") if packed else file.open("rb") as lines:
        for place, line in enumerate(lines, 1):
            text = line.decode("utf-8", "replace")
            fields = text.split()
            if not fields or text.startswith("*"):
                continue
            if not text[0].isspace():
                section = fields[0].upper()
            else:
                yield place, section, fields


def _is_number(text: str) -> bool:
    try:
        return not math.isnan(float(text)) and "_" not in text
    except ValueError:
        return False
