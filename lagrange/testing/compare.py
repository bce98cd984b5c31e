"""What the conformance checks compare with: bit-for-bit equality, snapshots, and the slack of floats.

Works for numpy arrays and torch tensors, and for whatever records, mappings and tuples hold them.
"""

import copy
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar, cast

from lagrange import vectors
from lagrange.vectors import Array, Vector

T = TypeVar("T")
SHOWN = 12  # arrays up to this many numbers are printed in full


class Check(NamedTuple):
    """One conformance check, ready to run; the name is good for ``pytest.mark.parametrize``."""

    name: str
    run: Callable[[], None]


def require(held: bool, text: str) -> None:
    """Raises AssertionError with the text unless ``held``; python -O does not silence it."""
    if not held:
        raise AssertionError(text)


def snapshot(value: T) -> T:
    """A deep copy, to see later whether the original changed."""
    return copy.deepcopy(value)


def same(a: Any, b: Any) -> bool:
    """Bit-for-bit equality (NaN equals NaN)."""
    return difference(a, b) is None


def difference(a: Any, b: Any, at: str = "") -> str | None:
    """Where two values differ first, as a path and both values; None if nowhere."""
    if a is b:
        return None
    if type(a) is not type(b):
        return f"{at or 'value'}: {type(a).__name__} and {type(b).__name__}"
    if _is_array(a):
        return None if _same_arrays(a, b) else f"{at or 'array'}: {shown(a)} and {shown(b)}"
    if isinstance(a, Mapping):
        return _mappings_differ(cast("Mapping[Any, Any]", a), b, at)
    if isinstance(a, tuple | list):
        return _sequences_differ(cast("Sequence[Any]", a), b, at)
    if dataclasses.is_dataclass(a):
        names = [f.name for f in dataclasses.fields(a)]
        pairs = {n: getattr(a, n) for n in names}, {n: getattr(b, n) for n in names}
        return _mappings_differ(*pairs, at)
    if type(a).__eq__ is object.__eq__:  # opaque: all that can be compared is what it holds
        return _mappings_differ(getattr(a, "__dict__", {}), getattr(b, "__dict__", {}), at)
    equal = bool(a == b) or (a != a and b != b)
    return None if equal else f"{at or 'value'}: {a!r} and {b!r}"


def _is_array(value: Any) -> bool:
    return hasattr(value, "shape") and hasattr(value, "dtype")


def _same_arrays(a: Array, b: Array) -> bool:
    if tuple(a.shape) != tuple(b.shape) or a.dtype != b.dtype:
        return False
    return bool(((a == b) | ((a != a) & (b != b))).all())


def _mappings_differ(a: Mapping[Any, Any], b: Mapping[Any, Any], at: str) -> str | None:
    if list(a) != list(b):
        return f"{at or 'value'} has {list(a)} and {list(b)}"
    for key in a:
        found = difference(a[key], b[key], f"{at}.{key}" if at else str(key))
        if found is not None:
            return found
    return None


def _sequences_differ(a: Sequence[Any], b: Sequence[Any], at: str) -> str | None:
    if len(a) != len(b):
        return f"{at or 'value'} has {len(a)} and {len(b)} entries"
    names: Sequence[Any] = getattr(a, "_fields", range(len(a)))
    for name, x, y in zip(names, a, b, strict=True):
        found = difference(x, y, f"{at}.{name}" if at else str(name))
        if found is not None:
            return found
    return None


def shown(value: Any) -> str:
    """A short text: small arrays in full, large ones by shape and norm."""
    if isinstance(value, Mapping):
        items = cast("Mapping[Any, Any]", value).items()
        return "{" + ", ".join(f"{k}: {shown(v)}" for k, v in items) + "}"
    if not _is_array(value):
        return repr(value)
    if vectors.size({"": value}) <= SHOWN:
        return str(value.tolist())
    return f"<{tuple(value.shape)}, norm {vectors.norm({'': 1.0 * value}):.6g}>"


def slack(arrays: Vector, scale: float) -> float:
    """What rounding may do to a comparison of numbers of size ``scale`` in the arrays' precision.

    1e-9 (1 + scale) in doubles, 1e-4 (1 + scale) in singles.
    """
    single = any(array.dtype.itemsize < 8 for array in arrays.values())
    return (1e-4 if single else 1e-9) * (1.0 + abs(scale))


def overwrite(v: Vector, value: float) -> None:
    """Writes into every array, in place; arrays that refuse writing are safe already."""
    for array in v.values():
        try:
            array[...] = value
        except ValueError:
            continue


def with_entry(array: Array, value: float) -> Array:
    """A copy of the array whose first entry is ``value``."""
    changed = 1.0 * array
    changed.reshape(-1)[0] = value
    return changed
