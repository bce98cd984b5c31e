"""Named arrays: the coupling space in which every solver lives.

A *vector* maps the name of a coupling row block to an array, for example
``{"capacity": (m,)}`` or ``{"conv1.weight": (out, in, 3, 3)}``. An image may leave out rows: a row
that is not there is zero, so a block pays only for the rows it touches.

Only operators shared by numpy arrays and torch tensors are used and neither library is imported.
Nothing here changes an array in place. Numbers leave through ``float``.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias, cast

Array: TypeAlias = Any  # a numpy array or a torch tensor: + - * @, abs(), .ravel(), .clip(min=...)
Vector: TypeAlias = Mapping[str, Array]
PIECE = 1 << 16  # numbers looked at together: a row of many axes need not be in memory as a whole


def add_scaled(a: Vector, s: float, b: Vector) -> Vector:
    """a + s b. Rows that only one of the two has are kept."""
    total = {**a}
    for name in b:
        total[name] = total[name] + s * b[name] if name in total else s * b[name]
    return total


def add(a: Vector, b: Vector) -> Vector:
    """a + b."""
    total = {**a}
    for name in b:
        total[name] = total[name] + b[name] if name in total else b[name]
    return total


def subtract(a: Vector, b: Vector) -> Vector:
    """a - b."""
    total = {**a}
    for name in b:
        total[name] = total[name] - b[name] if name in total else -b[name]
    return total


def scale(s: float, a: Vector) -> Vector:
    """s a."""
    scaled: dict[str, Array] = {}
    for name, array in a.items():  # quicker than a comprehension
        scaled[name] = s * array
    return scaled


def inner(a: Array, b: Array) -> float:
    """⟨a, b⟩ of two arrays of one shape."""
    if a.ndim != 1:
        if math.prod(a.shape) > PIECE:
            return sum(inner(a[part].ravel(), b[part].ravel()) for part in parts(a.shape))
        a, b = a.ravel(), b.ravel()
    return float(a.dot(b))  # twice as fast as @ on small ones


def parts(shape: Sequence[int], pieces: float = 1) -> list[slice]:
    """The first axis of an array of that shape, in slices of about ``pieces`` times PIECE numbers.

    All but the last are multiples of 16 numbers, 64 bytes or more: how a dot product rounds depends
    on where its arrays begin in memory, and a part of an array begins as a copy of it would.
    """
    each = max(1, math.prod(shape[1:]))
    least = 16 // math.gcd(each, 16)
    entries = max(least, int(pieces * PIECE) // each // least * least)
    return [slice(i, min(i + entries, shape[0])) for i in range(0, shape[0], entries)]


def dot(a: Vector, b: Vector) -> float:
    """⟨a, b⟩ over the rows of b; rows that a lacks count as zero."""
    total = 0.0
    for name in b:
        if name in a:
            total += inner(a[name], b[name])
    return total


def norm(a: Vector) -> float:
    """‖a‖, the Euclidean norm of all rows stacked (not a sum of norms)."""
    total = 0.0
    for array in a.values():
        total += inner(array, array)
    return math.sqrt(total)


def dot_magnitude(a: Vector, b: Vector) -> float:
    """⟨|a|, |b|⟩: the scale of the rounding error of ``dot(a, b)``."""
    return math.fsum(float(abs(a[n]).ravel() @ abs(b[n]).ravel()) for n in b if n in a)


def size(a: Vector) -> int:
    """How many numbers a holds."""
    total = 0
    for array in a.values():
        total += math.prod(array.shape)
    return total


def clip_positive(a: Vector, names: Collection[str]) -> Vector:
    """a with the named rows raised to at least zero: the projection of multipliers of ≤ rows."""
    if not names:
        return a
    return {n: array.clip(min=0) if n in names else array for n, array in a.items()}


def restrict(a: Vector, names: Collection[str]) -> Vector:
    """The named rows of a, those that a has."""
    return {name: a[name] for name in names if name in a}


def require_arrays(what: str, a: Any) -> None:
    """Refuses what is no mapping from row names to arrays; ``what`` names it in the error."""
    if not isinstance(a, Mapping):
        raise ValueError(f"{what} must map row names to arrays, got {a!r}")
    for name, array in cast("Vector", a).items():
        if array is None or isinstance(array, list | tuple | int | float | str):
            raise ValueError(
                f"row {name!r} of {what} must be a numpy array or a torch tensor, got {array!r}"
            )


def first_bad_row(a: Vector) -> str | None:
    """The name of the first row that holds a NaN or an infinity, or None."""
    for name, array in a.items():
        if math.prod(array.shape) > PIECE:
            pieces = (abs(array[part]).max() for part in parts(array.shape))
            if not all(math.isfinite(float(largest)) for largest in pieces):
                return name
        elif math.prod(array.shape) and not math.isfinite(float(abs(array).max())):
            return name
    return None
