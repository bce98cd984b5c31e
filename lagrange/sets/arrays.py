"""Arrays of numpy and torch seen as one: numbers in, numbers out, and the bits of floats as integers.

torch is not imported: methods of its tensors do, and the library that they come from. Tensors in host
memory are seen as numpy arrays without a copy. No gradient passes through.
"""

import math
import sys
from collections.abc import Iterator, Mapping
from typing import Any, cast

import numpy as np

from lagrange.vectors import Array

FLOATS = ("float64", "float32", "float16", "bfloat16")
FLOAT_TYPES = frozenset(np.dtype(name) for name in FLOATS[:3])
CHUNK = 1 << 16  # numbers worked on at a time: with two buffers they stay in a core's own cache


def is_numpy(v: Array) -> bool:
    """A numpy array or scalar; else a torch tensor."""
    return isinstance(v, np.ndarray | np.generic)


def on_host(v: Array) -> bool:
    """Whether v is in the machine's own memory: numpy, or a torch tensor on the CPU."""
    return is_numpy(v) or v.device.type == "cpu"


def flat(v: Array) -> Array:
    """All numbers of v in row-major order, (n,): a view where v is contiguous, else a copy."""
    if is_numpy(v):
        return np.ascontiguousarray(v).reshape(-1)
    return v.detach().contiguous().reshape(-1)


def is_contiguous(v: Array) -> bool:
    """Whether v lies in memory without gaps in row-major order: then ``flat`` is a view."""
    if is_numpy(v):
        return np.asarray(v).flags.c_contiguous
    return v.is_contiguous()


def empty_like(v: Array) -> Array:
    """Fresh memory for as many numbers as v has, row-major, in its shape, type and place."""
    if is_numpy(v):
        return np.empty(v.shape, v.dtype)
    if not on_host(v):
        return v.detach().new_empty(v.shape)
    # numpy asks the system for large pages: filling them is several times faster
    kind = np.int16 if _is_bfloat16(v) else v.detach().new_empty(0).numpy().dtype
    fresh = _library(v).from_numpy(np.empty(tuple(v.shape), kind))
    return fresh.view(v.dtype) if _is_bfloat16(v) else fresh


def numbers(v: Array) -> Any:
    """The values as a numpy array of the same shape: a view on the host, bfloat16 as float32."""
    if is_numpy(v):
        return np.asarray(v)
    host = v.detach().cpu()
    return (host.float() if _is_bfloat16(host) else host).numpy()


def doubles(v: Array) -> Any:
    """The values as a fresh numpy array of doubles."""
    return np.array(numbers(v), dtype=np.float64)


def like(v: Array, values: Any) -> Array:
    """``values`` (numpy) as a fresh array of v's library, type and place, in their own shape."""
    if is_numpy(v):
        return np.array(values, dtype=v.dtype)
    if on_host(v) and not _is_bfloat16(v):
        kind = v.detach().new_empty(0).numpy().dtype
        return _library(v).from_numpy(np.array(values, dtype=kind, order="C"))
    return v.detach().new_tensor(np.ascontiguousarray(values))


def copy(v: Array) -> Array:
    """The same numbers in fresh memory."""
    if is_numpy(v):
        return np.array(v, order="C")
    fresh = empty_like(v)
    fresh.copy_(v.detach())
    return fresh


def precision(v: Array) -> float:
    """The spacing of v's floats at 1; that of doubles for integers."""
    if is_numpy(v):
        return float(np.finfo(v.dtype).eps) if v.dtype.kind == "f" else float(np.finfo(float).eps)
    if not v.is_floating_point():
        return float(np.finfo(float).eps)
    one = v.detach().new_ones(1)
    return 2.0**-7 if _is_bfloat16(v) else float(np.finfo(one.cpu().numpy().dtype).eps)


def smallest(v: Array) -> float:
    """The smallest positive number of v's type: the spacing of its floats near 0."""
    if is_numpy(v):
        return float(np.finfo(v.dtype).smallest_subnormal) if v.dtype.kind == "f" else 1.0
    if _is_bfloat16(v):
        return 2.0**-133
    return smallest(v.detach().new_ones(1).cpu().numpy())


def bits(values: Array) -> Any:
    """A flat host array (n,) of floats as signed integers of their width: a view, order-preserving
    on nonnegative floats; integers as they are.
    """
    if not is_numpy(values):
        if _is_bfloat16(values):  # numpy has no such type: torch's own view, by the type's object
            values = values.view(values.new_empty(0).short().dtype)
        values = values.numpy()
    return values.view(f"i{values.itemsize}") if values.dtype.kind == "f" else values


def infinity_bits(values: Array) -> int:
    """What ``bits`` makes of infinity: finite magnitudes are below, infinity and NaN not."""
    if is_numpy(values):
        return int(bits(np.full(1, math.inf, values.dtype))[0])
    return int(bits(values.new_full((1,), math.inf).cpu())[0])


def is_float(v: Array) -> bool:
    """Floating-point numbers, not integers."""
    return v.dtype.kind == "f" if is_numpy(v) else v.is_floating_point()


def chunks(size: int) -> Iterator[slice]:
    """Pieces of a flat array that stay in cache."""
    for start in range(0, size, CHUNK):
        yield slice(start, min(start + CHUNK, size))


def is_finite(v: Array) -> bool:
    """Neither NaN nor infinity in v."""
    if not is_float(v) or math.prod(v.shape) == 0:
        return True
    if not on_host(v):
        return math.isfinite(float(abs(v.detach()).max()))
    values = numbers(v).reshape(-1)
    # one read without a copy; a sum of squares is finite only if all of them are
    with np.errstate(over="ignore", invalid="ignore"):
        if math.isfinite(float(values @ values)):
            return True
        return all(bool(np.isfinite(values[piece]).all()) for piece in chunks(values.size))


def require_floats(v: Any, what: str = "an array") -> None:
    """The door of every set: refuses what is no numpy array or torch tensor of ``FLOATS``. Whole
    numbers and booleans have no nearest member of their own type, complex numbers no order.
    """
    if is_numpy(v):
        if v.dtype in FLOAT_TYPES:
            return
    elif _is_tensor(v) and str(v.dtype).removeprefix("torch.") in FLOATS:
        return
    kind = v.dtype if is_numpy(v) or _is_tensor(v) else type(v).__name__
    raise TypeError(
        f"cannot take {what}: sets are of numpy arrays and torch tensors of {', '.join(FLOATS)}; "
        f"got {kind}: {_remedy(v)}"
    )


def require_vector(v: Any) -> None:
    """``require_floats`` for each of some named arrays."""
    if not isinstance(v, Mapping):
        raise TypeError(
            f"this set is of named arrays, a mapping like {{'w': array}}; got {type(v).__name__}: "
            "give the array a name, or take a set of one array"
        )
    for name, array in cast("Mapping[str, Any]", v).items():
        require_floats(array, repr(name))


def require_finite(v: Array, what: str) -> None:
    """Refuses NaN and infinity, and what is no array; ``what`` names the array and the set."""
    require_floats(v, what)
    if not is_finite(v):
        raise ValueError(
            f"cannot project {what}: NaN or infinity in it; only finite numbers have one"
        )


def _is_tensor(v: Any) -> bool:
    torch = sys.modules.get("torch")  # where it is not loaded nothing is a tensor
    return torch is not None and isinstance(v, torch.Tensor)


def _remedy(v: Any) -> str:
    if isinstance(v, Mapping):
        return "project each array on its own, or take PerTensor or a set of named arrays"
    if not (is_numpy(v) or _is_tensor(v)):
        return "convert it, as by np.asarray(v, dtype=float)"
    if "complex" in str(v.dtype):
        return "give the real and the imaginary part as arrays of their own"
    return "convert it, as by " + ("v.astype(float)" if is_numpy(v) else "v.double()")


def _library(v: Array) -> Any:
    """The torch that made a tensor: it is loaded, without an import from here."""
    return sys.modules[type(v).__module__.partition(".")[0]]


def _is_bfloat16(v: Array) -> bool:
    return str(v.dtype) == "torch.bfloat16"


def to_host(v: Array) -> Array:
    """v itself if it is on the host, else a copy there."""
    return v if on_host(v) else v.detach().cpu()


def from_host(v: Array, answer: Array) -> Array:
    """A fresh host array of v's library, on v's device."""
    return answer if on_host(v) else v.detach().new_empty(tuple(v.shape)).copy_(answer)
