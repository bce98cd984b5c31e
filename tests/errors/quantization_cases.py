"""Quantized sets: what they refuse, and what they say."""

import numpy as np

from lagrange.sets.additive import SparsePlusLowRank
from lagrange.sets.binary import Binary, Ternary
from lagrange.sets.codebook import Codebook, LearnedCodebook
from lagrange.sets.grids import UniformGrid, ZeroFreeGrid
from lagrange.sets.joint import GlobalSparseQuantized, SparseQuantized
from lagrange.sets.nested import nested, refined_grids
from lagrange.sets.powers import PowerOfTwo, ScaledPowers
from tests.errors.case import Case, refused

SINGLE = np.ones(3, np.float32)


def asked(name, call, *says, error=ValueError):
    return Case(f"quantized {name}", lambda _: call(), error, says)


CASES = [
    *refused("uniform bits", UniformGrid, [1, 13, 2.5], "whole number from 2 to 12"),
    *refused(
        "uniform bits with a step", lambda b: UniformGrid(b, step=1.0), [1, 17], "from 2 to 16"
    ),
    *refused("asymmetric bits", lambda b: UniformGrid(b, asymmetric=True), [0, 9], "from 1 to 8"),
    *refused("zero-free bits", ZeroFreeGrid, [0, 13], "from 1 to 12"),
    *refused("power bits", PowerOfTwo, [1, 9], "from 2 to 8"),
    *refused("scaled power bits", ScaledPowers, [0, 7], "from 1 to 6"),
    *refused("uniform step", lambda s: UniformGrid(4, step=s), [0.0, -1.0, np.inf], "step", "> 0"),
    *refused("uniform axis", lambda a: UniformGrid(4, axis=a), [-1, 0.5], "axis", "≥ 0"),
    *refused("binary axis", lambda a: Binary(axis=a), [-2], "axis", "≥ 0"),
    *refused("learned count", LearnedCodebook, [0, 1.5, 5000], "whole number from 1 to 4096"),
    *refused("highest", lambda e: PowerOfTwo(4, highest=e), [0.5, 1024], "whole number", "None"),
    *refused(
        "zero point of codes",
        lambda z: UniformGrid(2, asymmetric=True, zero_point=z),
        [-1, 4],
        "codes 0 … 3",
    ),
    *refused("sparse plus low rank k", lambda k: SparsePlusLowRank(k, 1), [0], "k must be"),
    *refused("sparse plus low rank rank", lambda r: SparsePlusLowRank(1, r), [0], "rank must be"),
    *refused("rounds", lambda n: SparsePlusLowRank(1, 1, n), [0, 2.5], "rounds", "≥ 1"),
    asked(
        "zero point of a symmetric grid",
        lambda: UniformGrid(4, zero_point=3),
        "in the middle, got 3",
        "asymmetric=True",
    ),
    asked(
        "step without zero point",
        lambda: UniformGrid(4, step=0.5, asymmetric=True),
        "step 0.5 needs its zero_point",
        "give both or neither",
    ),
    asked(
        "axis that the array lacks",
        lambda: Ternary(axis=2).project(np.ones((2, 2))),
        "axis must lie in 0 … 1 for an array of shape (2, 2), got 2",
    ),
    asked("levels of an array", lambda: Codebook(np.ones(2)), "tuple of numbers, got ndarray"),
    asked("a width that is no number", lambda: UniformGrid("4"), "2 to 12, got '4'"),
    asked("no levels", lambda: Codebook(()), "at least one level, got none"),
    asked("infinite level", lambda: Codebook((0.0, np.inf)), "finite numbers, got inf"),
    asked("equal levels", lambda: Codebook((1.0, 1.0)), "distinct, got (1.0, 1.0)"),
    asked(
        "level beyond the range",
        lambda: Codebook((0.0, -1e39)).project(SINGLE),
        "level -1e+39 is beyond the range of float32",
        "take smaller levels",
    ),
    asked(
        "level below the range",
        lambda: ZeroFreeGrid(1, step=1e-50).project(SINGLE),
        "level -1e-50 is zero in float32",
        "take larger levels",
    ),
    asked(
        "integers",
        lambda: UniformGrid(4).project(np.arange(3)),
        "float64, float32, float16, bfloat16; got int64",
        error=TypeError,
    ),
    asked(
        "NaN",
        lambda: UniformGrid(4).project(np.array([1.0, np.nan])),
        "UniformGrid",
        "NaN or infinity",
    ),
    asked(
        "NaN in one of several",
        lambda: GlobalSparseQuantized(1, Binary()).project({"u": np.array([np.inf])}),
        "'u' on a GlobalSparseQuantized",
        "NaN or infinity",
    ),
    asked("sparse k", lambda: SparseQuantized(0, Binary()), "k must be a whole number ≥ 1, got 0"),
    asked(
        "sparse grid with rows",
        lambda: SparseQuantized(3, Binary(axis=1)),
        "axis must be None; got Binary(axis=1)",
    ),
    asked(
        "grids that do not nest",
        lambda: nested(UniformGrid(8, step=1.0), UniformGrid(3, step=1.5)),
        "UniformGrid(bits=3, step=1.5",
        "finer set lacks, -1.5",
        "halve it with each bit",
    ),
    asked(
        "free grids that do not nest",
        lambda: nested(Binary(), Ternary()),
        "Ternary(axis=None) does not lie in Binary(axis=None)",
    ),
    asked(
        "widths that rise",
        lambda: refined_grids((2, 4), 1.0),
        "widths must fall, from fine to coarse, got [2, 4]",
    ),
]
