"""Quantized sets keep the contract of sets: every library, precision and layout, edges and sizes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from lagrange.oracles.set_block import SetBlock
from lagrange.queries import Quadratic
from lagrange.sets.binary import Binary, Ternary
from lagrange.sets.codebook import Codebook, LearnedCodebook
from lagrange.sets.config import from_config, to_config
from lagrange.sets.grids import UniformGrid, ZeroFreeGrid
from lagrange.sets.joint import GlobalSparseQuantized, SparseQuantized
from lagrange.sets.powers import PowerOfTwo, ScaledPowers
from lagrange.sets.size import Size
from lagrange.testing import check_projection

NUMBERS: dict[str, Callable[[Any], Any]] = {
    "numpy64": lambda a: np.array(a, dtype=np.float64),
    "numpy32": lambda a: np.array(a, dtype=np.float32),
    "numpy16": lambda a: np.array(a, dtype=np.float16),
    "torch64": lambda a: torch.tensor(np.array(a), dtype=torch.float64),
    "torch32": lambda a: torch.tensor(np.array(a), dtype=torch.float32),
    "torch-bfloat16": lambda a: torch.tensor(np.array(a), dtype=torch.bfloat16),
}
SETS = {
    "uniform": UniformGrid(4),
    "uniform-step": UniformGrid(4, step=0.3),
    "uniform-rows": UniformGrid(3, axis=0),
    "uniform-columns": UniformGrid(3, axis=1),
    "asymmetric": UniformGrid(3, asymmetric=True),
    "asymmetric-rows": UniformGrid(2, asymmetric=True, axis=1),
    "zero-point": UniformGrid(3, asymmetric=True, zero_point=2),
    "zero-point-step": UniformGrid(3, step=0.3, asymmetric=True, zero_point=2),
    "zero-free": ZeroFreeGrid(3),
    "zero-free-rows": ZeroFreeGrid(2, axis=0),
    "midrise": ZeroFreeGrid(3, midrise=True),
    "midrise-step": ZeroFreeGrid(3, step=0.3, midrise=True),
    "binary": Binary(),
    "binary-rows": Binary(axis=1),
    "ternary": Ternary(),
    "power-of-two": PowerOfTwo(3),
    "power-of-two-given": PowerOfTwo(3, highest=1),
    "scaled-powers": ScaledPowers(3),
    "codebook": Codebook((-1.1, 0.0, 0.3, 2.0)),
    "learned": LearnedCodebook(4),
    "learned-rows": LearnedCodebook(2, axis=0),
}
ONE_ROW = {n: s for n, s in SETS.items() if not n.endswith(("rows", "columns"))}
SPARSE = {f"sparse-{name}": SparseQuantized(7, grid) for name, grid in ONE_ROW.items()}
ALL: dict[str, Any] = {**SETS, **SPARSE}
FREE = [n for n, s in ALL.items() if not n.endswith(("step", "given", "codebook"))]
SHAPE = (4, 9)
OUTSIDE = np.random.default_rng(0).permutation(np.arange(1.0, 37.0) ** 2).reshape(SHAPE) / 64

each_set = pytest.mark.parametrize("name", ALL)
each_number = pytest.mark.parametrize("make", NUMBERS.values(), ids=NUMBERS)
FEW = {name: NUMBERS[name] for name in ("numpy64", "torch32", "torch-bfloat16")}
few_numbers = pytest.mark.parametrize("make", FEW.values(), ids=FEW)


def points() -> list[Any]:
    rng = np.random.default_rng(1)
    return [
        rng.normal(size=SHAPE),
        rng.normal(size=SHAPE) + 2,
        np.round(2 * rng.normal(size=SHAPE)) / 2,
        np.zeros(SHAPE),
        np.full(SHAPE, -1.5),
        rng.choice([-1e-3, 0.0, 40.0], size=SHAPE),
    ]


@each_set
@each_number
def test_contract(name: str, make: Callable[[Any], Any]) -> None:
    members, few = ALL[name], points()[:4]
    inside = [members.project(make(p)) for p in few]
    check_projection(members, [make(p) for p in few], inside=inside, outside=[make(OUTSIDE)])


@each_set
def test_no_member_met_is_nearer(name: str) -> None:
    """Members near other points, and the projections of the point moved a little."""
    members, rng = ALL[name], np.random.default_rng(2)
    for v in points()[:4]:
        met = [members.project(p) for p in points()]
        met += [members.project(v + t * rng.normal(size=SHAPE)) for t in (1e-3, 0.03, 0.3)]
        check_projection(members, [v], inside=met if getattr(members, "exact", True) else met[:6])


@pytest.mark.parametrize("name", FREE)  # given levels are other numbers in another precision
@pytest.mark.parametrize("cast", [np.float32, np.float16])
def test_rounding_moves_the_distance_by_rounding_only(name: str, cast: Any) -> None:
    """The projection of a narrow array is as near as that of the same numbers in doubles."""
    for v in points():
        narrow = v.astype(cast)
        exact = ALL[name].distance(narrow.astype(np.float64))
        eps = float(np.finfo(cast).eps)
        assert ALL[name].distance(narrow) <= exact + 2 * eps * float(np.linalg.norm(v))


@each_set
def test_layout_does_not_matter(name: str) -> None:
    members, v = ALL[name], np.random.default_rng(3).normal(size=(9, 4))
    wanted = members.project(np.ascontiguousarray(v.T))
    assert np.array_equal(members.project(v.T), wanted)
    assert np.array_equal(members.project(np.repeat(v.T, 2, axis=1)[:, ::2]), wanted)
    assert torch.equal(members.project(torch.tensor(v).T), torch.tensor(wanted))
    flipped = v.T[:, ::-1]
    assert np.array_equal(members.project(flipped), members.project(flipped.copy()))


@each_set
@few_numbers
def test_empty_and_zero_arrays(name: str, make: Callable[[Any], Any]) -> None:
    members = ALL[name]
    empty = members.project(make(np.zeros((3, 0))))
    assert tuple(empty.shape) == (3, 0) and members.contains(empty)
    zero = make(np.zeros(SHAPE))
    levels = getattr(members, "grid", members)
    if members.contains(zero):
        assert not bool(members.project(zero).any())
    else:  # given levels, zero not among them
        assert isinstance(levels, ZeroFreeGrid) and levels.step is not None


@pytest.mark.parametrize("name", FREE)
@pytest.mark.parametrize("scale", [2.0**-1060, 2.0**-540, 2.0**1018])
def test_huge_and_tiny_values_scale(name: str, scale: float) -> None:
    """Where no number leaves its range, powers of two only change exponents."""
    members = ALL[name]
    v = np.round(64 * np.random.default_rng(4).normal(size=SHAPE)) / 8
    z = members.project(scale * v)
    assert members.contains(z)
    if scale > 2.0**-1000:
        assert np.array_equal(z, scale * members.project(v))
    else:
        # a scale is off by half the smallest number, a level by as much times its factor
        error = np.linalg.norm(z / scale - v) - members.distance(v)
        assert error <= 8 * (2.0**-1074 / scale) * np.sqrt(v.size)


@pytest.mark.parametrize("name", FREE)
@few_numbers
def test_the_smallest_and_the_largest_numbers(name: str, make: Callable[[Any], Any]) -> None:
    members = ALL[name]
    small = {"64": 2.0**-1074, "32": 2.0**-149, "y16": 2.0**-24, "at16": 2.0**-133}
    end = next(e for e in small if key_of(make).endswith(e))
    unit = small[end]
    v = make(unit * np.resize([0.0, 1.0, -2.0, 5.0, 3.0, 11.0, -200.0], SHAPE))
    assert members.contains(members.project(v))
    largest = {"64": 1.7e308, "32": 3.4e38, "y16": 6.5e4, "at16": 3.3e38}[end]
    v = make(largest * np.resize([1.0, -1.0, 0.99, 0.3, -0.2, 0.0], SHAPE))
    z = members.project(v)
    assert members.contains(z)
    assert bool((abs(z) < np.inf).all())


def test_the_scale_gives_way_at_the_ends_of_the_range() -> None:
    """Where the best scale is between two subnormal numbers, and where its top level overflows."""
    tiny, most = 2.0**-1074, (2 - 2.0**-52) * 2.0**1023
    z = UniformGrid(8).project(tiny * np.array([178.0, 7.0, 3.0]))  # best: 1.4 smallest numbers
    assert (z / tiny).tolist() == [178.0, 6.0, 2.0]
    assert not Binary().project(tiny * np.array([1.0, 0.0, 0.0, 0.0])).any()
    v = most * np.array([1.0, 0.7, 0.7, 0.7, -0.7])  # the best third level is at 1.03 times the end
    assert UniformGrid(3).distance(v) < 0.07 * most
    assert UniformGrid(3).distance(v / 2) < 0.02 * most


def key_of(make: Callable[[Any], Any]) -> str:
    return next(name for name, each in NUMBERS.items() if each is make)


@each_set
@few_numbers
def test_nan_and_infinity_are_refused_and_contained_nowhere(
    name: str, make: Callable[[Any], Any]
) -> None:
    for bad in (np.nan, np.inf, -np.inf):
        v = make(np.ones(SHAPE))
        v[2, 3] = bad
        with pytest.raises(ValueError, match="NaN or infinity"):
            ALL[name].project(v)
        assert not ALL[name].contains(v)


@each_set
def test_config(name: str) -> None:
    assert from_config(to_config(ALL[name])) == ALL[name]


@pytest.mark.parametrize("name", SETS)
def test_rows_are_projected_on_their_own(name: str) -> None:
    members, v = SETS[name], np.random.default_rng(5).normal(size=(3, 4, 5))
    axis = members.rows_along()
    if axis is None:
        return
    for i in range(v.shape[axis]):
        row = v.take([i], axis=axis)
        assert np.array_equal(members.project(v).take([i], axis=axis), members.project(row))


@pytest.mark.parametrize("name", SETS)
def test_codes_are_enough_for_the_levels(name: str) -> None:
    """Every row uses at most 2^bits levels, and the bits of all codes are the size of the values."""
    members, v = SETS[name], np.random.default_rng(6).normal(size=(3, 300))
    z = members.project(v)
    axis = members.rows_along()
    rows = [z] if axis is None else list(np.moveaxis(z, axis, 0))
    assert max(np.unique(row).size for row in rows) <= 2 ** members.code_bits()
    assert members.size(v).values == v.size * members.code_bits()


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        (UniformGrid(4), Size(144, scales=32)),
        (UniformGrid(4, axis=0), Size(144, scales=4 * 32)),
        (UniformGrid(4, asymmetric=True, axis=1), Size(144, scales=9 * (32 + 4))),
        (Binary(), Size(36, scales=32)),
        (Ternary(), Size(72, scales=32)),
        (PowerOfTwo(4), Size(144, scales=16)),
        (Codebook((0.0, 1.0, 2.0)), Size(72, codebook=3 * 32)),
        (LearnedCodebook(5), Size(36 * 3, codebook=5 * 32)),
        (LearnedCodebook(4, axis=0), Size(36 * 2, codebook=4 * 4 * 32)),
        (SparseQuantized(5, ZeroFreeGrid(2)), Size(10, 5 * 6, 32)),  # an index among 36: 6 bits
        (SparseQuantized(9, ZeroFreeGrid(2)), Size(18, 36, 32)),  # a bit map is less
        (SparseQuantized(5, LearnedCodebook(4)), Size(10, 30, codebook=128)),
    ],
)
def test_size_in_bits(members: Any, expected: Size) -> None:
    v = np.random.default_rng(7).normal(size=SHAPE).astype(np.float32)
    assert members.size(v) == expected
    assert members.size(members.project(v)) == expected


def test_one_budget_across_arrays() -> None:
    rng = np.random.default_rng(8)
    for grid in ONE_ROW.values():
        members = GlobalSparseQuantized(6, grid)
        for make in FEW.values():
            v = {"u": make(rng.normal(size=(2, 5))), "w": make(3 * rng.normal(size=7))}
            dense = {"u": make(np.ones((2, 5))), "w": make(np.ones(7))}
            check_projection(members, [v], inside=[members.project(v)], outside=[dense])
    assert from_config(to_config(members)) == members


def test_the_size_across_arrays_counts_the_budget_once() -> None:
    members = GlobalSparseQuantized(6, ZeroFreeGrid(3))
    v = {"u": np.ones((2, 5)), "w": np.zeros(7)}
    # all six in u; both scales are stored
    assert members.size(v) == Size(6 * 3, min(6 * 5, 17), 2 * 64)


def test_a_set_block_projects() -> None:
    """In the solver's hands: z nearest to offset + price / rho."""
    block = SetBlock.per_row({"x": UniformGrid(3)})
    price, offset = {"x": np.array([1.0, -2.0, 0.3])}, {"x": np.array([0.5, 0.0, 1.0])}
    answer = block.respond(price, Quadratic(2.0, offset), None)
    wanted = UniformGrid(3).project(offset["x"] + price["x"] / 2)
    assert np.array_equal(answer.point["x"], wanted)


def test_gradients_do_not_pass() -> None:
    v = torch.ones(3, 2, requires_grad=True)
    z = Binary().project(v)
    assert not z.requires_grad and torch.equal(z, torch.ones(3, 2))
