"""Which rows of a model are relaxed, and the parts into which the rest falls."""

import difflib
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import coo_array  # pyright: ignore[reportMissingTypeStubs]
from scipy.sparse.csgraph import connected_components  # pyright: ignore

from lagrange.models.mps_file import MpsFile
from lagrange.oracles.checks import FloatArray
from lagrange.oracles.linear_sets import BoolArray, LinearSet
from lagrange.oracles.sparse import IndexArray, SparseMatrix

Coupling = str | Sequence[str] | Callable[[str], bool]


class Stack(NamedTuple):
    """Coupling rows of one sense, one above the other: sign · row  {= 0, ≤ 0}  rhs; ``row`` (p,) has
    the numbers of the rows in the file.
    """

    row: IndexArray
    sign: FloatArray
    rhs: FloatArray


class Piece(NamedTuple):
    """One part of the model: its columns (their numbers in the file), its set, its coupling rows."""

    columns: IndexArray
    members: LinearSet
    images: dict[str, SparseMatrix]


def chosen_rows(names: Sequence[str], coupling: Coupling) -> BoolArray:
    """Which rows are meant; (m,). See ``from_mps``."""
    if callable(coupling):
        chosen = np.array([bool(coupling(name)) for name in names], dtype=np.bool_)
        if not chosen.any():
            raise ValueError(
                f"coupling says no to each of the {len(names)} rows; the first are {names[:5]}"
            )
        return chosen
    wanted = [coupling] if isinstance(coupling, str) else list(coupling)
    if not wanted:
        raise ValueError(
            f"coupling must name at least one row, got none; there are {names[:5]} ..."
        )
    index = {name: i for i, name in enumerate(names)}
    chosen = np.zeros(len(names), dtype=np.bool_)
    for name in wanted:
        if name in index:
            chosen[index[name]] = True
        else:
            chosen[list(_matching(names, name))] = True
    return chosen


def _matching(names: Sequence[str], pattern: str) -> Iterator[int]:
    """Numbers of the rows that fit; brackets are letters, for they stand in many row names."""
    letters = {"*": ".*", "?": "."}
    expression = re.compile("".join(letters.get(c, re.escape(c)) for c in pattern))
    found = [i for i, name in enumerate(names) if expression.fullmatch(name)]
    if not found:
        near = difflib.get_close_matches(pattern, names, n=3, cutoff=0.4) or list(names[:3])
        what = "no row fits the pattern" if set(pattern) & set(letters) else "there is no row"
        raise ValueError(f"{what} {pattern!r}; near it are {near}, of {len(names)} rows")
    yield from found


def stacks(file: MpsFile, chosen: BoolArray) -> dict[str, Stack]:
    """The chosen rows by sense: "eq" and "le", without a sense that has none. Rows that must be ≥ are
    negated, a range becomes two ≤ rows (all upper ones come before all lower ones).
    """
    lower, upper = file.row_lower, file.row_upper
    _refuse_broken_empty_rows(file)
    free = np.flatnonzero(chosen & (lower == -np.inf) & (upper == np.inf))
    if free.size:
        raise ValueError(
            f"coupling row {file.row_names[int(free[0])]!r} has no bound: there is nothing to relax"
        )
    equal = np.flatnonzero(chosen & (lower == upper))
    at_most = np.flatnonzero(chosen & (lower < upper) & (upper < np.inf))
    at_least = np.flatnonzero(chosen & (lower < upper) & (lower > -np.inf))
    above, below = np.ones(at_most.size), -np.ones(at_least.size)
    le = Stack(
        np.concatenate((at_most, at_least)),
        np.concatenate((above, below)),
        np.concatenate((upper[at_most], -lower[at_least])),
    )
    eq = Stack(equal, np.ones(equal.size), lower[equal])
    return {sense: stack for sense, stack in (("eq", eq), ("le", le)) if stack.row.size}


def _refuse_broken_empty_rows(file: MpsFile) -> None:
    empty = file.rows.row_counts == 0
    broken = np.flatnonzero(empty & ((file.row_lower > 0) | (file.row_upper < 0)))
    if broken.size:
        i = int(broken[0])
        raise ValueError(
            f"row {file.row_names[i]!r} has no entries, so it is 0, but must lie in "
            f"[{file.row_lower[i]}, {file.row_upper[i]}]: the model has no feasible point"
        )


def pieces(file: MpsFile, chosen: BoolArray, coupling: dict[str, Stack]) -> list[Piece]:
    """The connected parts of what is left without the chosen rows, the largest first; columns that
    are left in no row come together in one part.
    """
    m, n = file.rows.shape
    bounded = (file.row_lower > -np.inf) | (file.row_upper < np.inf)
    private = ~chosen & bounded & (file.rows.row_counts > 0)
    inside = private[file.rows.row]
    row, column = file.rows.row[inside], file.rows.column[inside]
    part, count = _parts(row, column, m, n)
    first_column = np.full(m, -1)
    first_column[row[::-1]] = column[::-1]
    part_of_row = np.where(private, part[first_column], -1)
    columns, rows = _grouped(part, count), _grouped(part_of_row, count)
    place_c, place_r = _places(columns, n), _places(rows, m)
    entries = _grouped(part_of_row[file.rows.row], count)
    sliced = {sense: _sliced(file.rows, stack, part, count) for sense, stack in coupling.items()}
    found = list[Piece]()
    for k in range(count):
        e, c, r = entries[k], columns[k], rows[k]
        matrix = SparseMatrix(
            place_r[file.rows.row[e]],
            place_c[file.rows.column[e]],
            file.rows.value[e],
            (r.size, c.size),
        )
        members = LinearSet(
            matrix, file.row_lower[r], file.row_upper[r],
            file.lower[c], file.upper[c], file.integer[c],
        )  # fmt: skip
        images = {
            sense: SparseMatrix(i[k], place_c[j[k]], v[k], (coupling[sense].row.size, c.size))
            for sense, (i, j, v) in sliced.items()
            if i[k].size
        }
        if not images:  # tied to nothing: it says so on one row
            sense, stack = next(iter(coupling.items()))
            images[sense] = SparseMatrix.empty(stack.row.size, c.size)
        found.append(Piece(c, members, images))
    return found


def _parts(row: IndexArray, column: IndexArray, m: int, n: int) -> tuple[IndexArray, int]:
    """The part of each column, the largest part being 0; and how many parts there are."""
    graph: Any = coo_array((np.ones(row.size), (column, n + row)), shape=(n + m, n + m))
    label = _labels(graph)[:n]
    loose = np.bincount(column, minlength=n) == 0
    label = np.where(loose, n + m, label)
    _, first, number, size = np.unique(
        label, return_index=True, return_inverse=True, return_counts=True
    )
    rank = np.empty(size.size, dtype=np.int64)
    rank[np.lexsort((first, -size))] = np.arange(size.size)
    return rank[number], size.size


def _labels(graph: Any) -> IndexArray:
    return connected_components(graph, directed=False)[1]  # pyright: ignore


def _grouped(group: IndexArray, count: int) -> list[IndexArray]:
    """The numbers of the members of group 0, 1, ..., in order; those of group −1 are left out."""
    order = np.argsort(group, kind="stable")
    ends = np.searchsorted(group[order], np.arange(count + 1))
    return [order[ends[k] : ends[k + 1]] for k in range(count)]


def _places(groups: list[IndexArray], size: int) -> IndexArray:
    """Where each number stands within its group."""
    place = np.full(size, -1)
    for group in groups:
        place[group] = np.arange(group.size)
    return place


def _sliced(
    rows: SparseMatrix, stack: Stack, part: IndexArray, count: int
) -> tuple[list[IndexArray], list[IndexArray], list[FloatArray]]:
    """The stacked rows part by part: place in the stack, column, value."""
    starts = rows.starts
    lengths = rows.row_counts[stack.row]
    place = np.repeat(np.arange(stack.row.size), lengths)
    ahead = np.repeat(np.cumsum(lengths) - lengths, lengths)
    entry = np.repeat(starts[stack.row], lengths) + np.arange(place.size) - ahead
    column, value = rows.column[entry], rows.value[entry] * stack.sign[place]
    groups = _grouped(part[column], count)
    return [place[g] for g in groups], [column[g] for g in groups], [value[g] for g in groups]
