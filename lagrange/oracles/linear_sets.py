"""Mixed-integer linear sets, the box that their rows imply, and whether a point belongs to them.

Nothing here comes from a solver: it is what a solver's answers are checked with.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lagrange.oracles.checks import FloatArray
from lagrange.oracles.sparse import SparseMatrix

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
U = 2.0**-53  # unit roundoff
INFINITE = 1e20  # what HiGHS takes for infinity; a larger set has a lower minimum, so bounds hold
EXACT_BELOW = 2.0**53  # sums of whole numbers are exact in floats up to here


@dataclass(frozen=True, eq=False)
class LinearSet:
    """{x : row_lower ≤ R x ≤ row_upper, lower ≤ x ≤ upper, x_j whole where integer}.

    rows R (m, n); row_lower, row_upper (m,); lower, upper (n,); integer (n,) of booleans. Bounds of
    1e20 and more are infinite, those of integer columns are rounded inwards. A row without entries
    is refused unless it holds, and so are bounds that cross.
    ``box`` holds every point of the set: the bounds, and where these are infinite those that the
    rows imply (rounded outwards); infinite still where they imply none.
    """

    rows: SparseMatrix
    row_lower: FloatArray
    row_upper: FloatArray
    lower: FloatArray
    upper: FloatArray
    integer: BoolArray
    box: tuple[FloatArray, FloatArray] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        m, n = self.rows.shape
        for name, size in (("row_lower", m), ("row_upper", m), ("lower", n), ("upper", n)):
            object.__setattr__(self, name, _bounds(name, getattr(self, name), size))
        integer = np.asarray(self.integer, dtype=np.bool_)
        if n == 0 or integer.shape != (n,):
            raise ValueError(
                f"integer must say yes or no for each of {n} ≥ 1 columns, got shape {integer.shape}"
            )
        object.__setattr__(self, "integer", integer)
        object.__setattr__(self, "lower", np.where(integer, np.ceil(self.lower), self.lower))
        object.__setattr__(self, "upper", np.where(integer, np.floor(self.upper), self.upper))
        _refuse_crossing("column", self.lower, self.upper)
        _refuse_crossing("row", self.row_lower, self.row_upper)
        bare = np.flatnonzero(
            (self.rows.row_counts == 0) & ((self.row_lower > 0) | (self.row_upper < 0))
        )
        if bare.size:
            i = int(bare[0])
            raise ValueError(
                f"row {i} has no entries, so it is 0, but must lie in "
                f"[{self.row_lower[i]}, {self.row_upper[i]}]"
            )
        object.__setattr__(self, "box", implied_box(self))

    def rounded(self, x: FloatArray) -> FloatArray:
        """The nearest point of the bounds that is whole where it must be."""
        whole = np.where(self.integer, np.rint(x), x)
        return np.minimum(np.maximum(whole, self.lower), self.upper) + 0.0  # no negative zeros

    def violation(self, x: FloatArray, tolerance: float) -> str | None:
        """What x breaks, in words; None if it is in the set.

        Bounds and whole numbers hold exactly, and so do rows in which everything is a whole number;
        other rows hold to ``tolerance`` times 1 + Σ_j |R_ij x_j|.
        """
        outside = np.flatnonzero(~((x >= self.lower) & (x <= self.upper)))
        if outside.size:
            j = int(outside[0])
            return f"column {j} is {x[j]}, outside of [{self.lower[j]}, {self.upper[j]}]"
        broken = np.flatnonzero(self.integer & (x != np.rint(x)))
        if broken.size:
            return f"column {int(broken[0])} is {x[broken[0]]}, which is no whole number"
        activity, size = self.rows.times(x), self.rows.size_of_times(x)
        room = np.where(self._whole_rows & (size < EXACT_BELOW), 0.0, tolerance * (1.0 + size))
        beyond = np.maximum(self.row_lower - activity, activity - self.row_upper)
        over = np.flatnonzero(~(beyond <= room))
        if over.size:
            i = int(over[0])
            return (
                f"row {i} is {activity[i]}, outside of [{self.row_lower[i]}, {self.row_upper[i]}] "
                f"by {beyond[i]}"
            )
        return None

    @property
    def _whole_rows(self) -> BoolArray:
        """Rows in which all coefficients are whole and all columns integer."""
        rows = self.rows
        broken = ~self.integer[rows.column] | (rows.value != np.rint(rows.value))
        return np.bincount(rows.row, broken, minlength=rows.shape[0]) == 0


def implied_box(members: LinearSet, rounds: int = 20) -> tuple[FloatArray, FloatArray]:
    """Bounds of every column: its own, and where these are infinite the ones that rows imply.

    Row i with R_ij > 0 says x_j ≤ (row_upper_i − least value of the other terms) / R_ij, and so on.
    Each quotient errs by at most a few u times the magnitudes that went into it; it is moved
    outwards by more than that.
    """
    lower, upper = members.lower.copy(), members.upper.copy()
    for _ in range(rounds):
        if np.isfinite(lower).all() and np.isfinite(upper).all():
            break
        high, low = _one_round(members, lower, upper)
        new_upper = np.where(np.isinf(upper), high, upper)
        new_lower = np.where(np.isinf(lower), low, lower)
        if (new_upper == upper).all() and (new_lower == lower).all():
            break
        lower, upper = new_lower, new_upper
    return lower, upper


def _one_round(
    members: LinearSet, lower: FloatArray, upper: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """What the rows say about each column if the others lie between these bounds."""
    rows = members.rows
    a, i, j = rows.value, rows.row, rows.column
    high, low = np.full(rows.shape[1], np.inf), np.full(rows.shape[1], -np.inf)
    ends = np.where(a > 0, lower[j], upper[j]), np.where(a > 0, upper[j], lower[j])
    # the least the others can be, against row_upper; the most they can be, against row_lower
    for end, limit, sign in (
        (ends[0], members.row_upper, a > 0),
        (ends[1], members.row_lower, a < 0),
    ):
        known = np.isfinite(end)
        term = np.where(known, a * np.where(known, end, 0.0), 0.0)
        total, size = (np.bincount(i, t, minlength=rows.shape[0]) for t in (term, np.abs(term)))
        missing = np.bincount(i, ~known, minlength=rows.shape[0])
        usable = np.isfinite(limit[i]) & (missing[i] - ~known == 0)
        right = np.where(usable, limit[i], 0.0) - (total[i] - term)
        noise = (
            4 * (rows.row_counts[i] + 4) * U * (np.abs(np.where(usable, limit[i], 0.0)) + size[i])
        )
        quotient = right / a
        off = noise / np.abs(a) + 4 * U * np.abs(quotient) + 2.0**-1000
        # above: x_j ≤ quotient where the sign says so, below: x_j ≥ quotient elsewhere
        above, below = usable & sign, usable & ~sign
        np.minimum.at(high, j[above], (quotient + off)[above])
        np.maximum.at(low, j[below], (quotient - off)[below])
    return high, low


def _bounds(name: str, value: Any, size: int) -> FloatArray:
    array = np.asarray(value, dtype=np.float64)
    if array.shape != (size,):
        raise ValueError(f"{name} must have shape ({size},), got {array.shape}")
    if np.isnan(array).any():
        raise ValueError(f"{name} holds a NaN")
    return unbounded_beyond(array)


def unbounded_beyond(bounds: Any) -> FloatArray:
    """The bounds with those of 1e20 and more, which HiGHS takes for infinite, made so."""
    array = np.asarray(bounds, dtype=np.float64)
    return np.where(np.abs(array) >= INFINITE, np.copysign(np.inf, array), array)


def _refuse_crossing(what: str, lower: FloatArray, upper: FloatArray) -> None:
    crossed = np.flatnonzero((lower > upper) | (lower == np.inf) | (upper == -np.inf))
    if crossed.size:
        k = int(crossed[0])
        raise ValueError(
            f"no number lies between the bounds {lower[k]} and {upper[k]} of {what} {k}"
        )
