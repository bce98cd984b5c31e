"""One contract for all sets, on awkward numbers, in every precision of numpy and torch."""

import json
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch

from lagrange.sets import arrays
from lagrange.sets.config import from_config, to_config
from lagrange.sets.size import Size
from lagrange.testing.compare import difference, overwrite, same, snapshot
from tests.contracts.set_cases import (
    CASES,
    NUMBERS,
    SetCase,
    doubles,
    exact_squared_distance,
    full,
    points,
)

each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
each_number = pytest.mark.parametrize("number", NUMBERS)
# torch agrees with numpy bit for bit (a test of its own): fractions need not be slow twice
each_kind = pytest.mark.parametrize("number", ("numpy64", "numpy32", "torch-bfloat16"))


def those(cases: list[SetCase]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=lambda case: case.name)


def given(case: SetCase, v: Any) -> Any:
    """The point as the set wants it: an array, or a mapping of arrays."""
    return v[""] if list(case.shapes) == [""] else v


def named(case: SetCase, v: Any) -> Any:
    return {"": v} if list(case.shapes) == [""] else v


def made(case: SetCase, number: str) -> list[Any]:
    make = NUMBERS[number]
    return [given(case, {n: make(x) for n, x in p.items()}) for p in points(case.shapes, number)]


def relative(case: SetCase, v: Any) -> Fraction:
    """How far a squared distance may be off, relative to ‖v‖² + 1 of sets that round."""
    if not case.rounds:
        return Fraction(0)
    return 64 * Fraction(max(arrays.precision(a) for a in named(case, v).values()))


def tolerance(case: SetCase, v: Any) -> Fraction:
    zero = {n: 0 * doubles(a) for n, a in named(case, v).items()}
    return relative(case, v) * (1 + exact_squared_distance(named(case, v), zero, case.weights))


@each_case
@each_number
def test_projections_are_fresh_members_of_the_same_kind(case: SetCase, number: str) -> None:
    for v in made(case, number):
        before = snapshot(v)
        z = case.members.project(v)
        assert difference(before, v) is None, "the argument was changed"
        assert case.members.contains(z)
        for name, x in named(case, v).items():
            y = named(case, z)[name]
            assert (type(x), tuple(x.shape), x.dtype) == (type(y), tuple(y.shape), y.dtype)
        assert difference(z, case.members.project(z)) is None, "a member was moved"
        assert difference(z, case.members.project(v)) is None, "projected twice, differs"
        overwrite(named(case, z), 7.0)
        assert same(before, v), "the projection is a view of the argument"


@each_case
@each_kind
def test_no_other_member_is_nearer(case: SetCase, number: str) -> None:
    """Exactly, with floats as fractions; members are the projections of all other points."""
    given_points = made(case, number)
    answers = [case.members.project(v) for v in given_points]
    for v, z in zip(given_points, answers, strict=True):
        reached = exact_squared_distance(named(case, v), named(case, z), case.weights)
        for other in answers:
            away = exact_squared_distance(named(case, v), named(case, other), case.weights)
            assert reached <= away + tolerance(case, v)


@each_case
@each_kind
def test_the_distance_is_that_to_the_projection(case: SetCase, number: str) -> None:
    for v in made(case, number):
        z = case.members.project(v)
        exact = exact_squared_distance(named(case, v), named(case, z), case.weights)
        found = Fraction(case.members.distance(v))
        last_digit = 2 * found * Fraction(float(np.finfo(float).smallest_subnormal))
        assert abs(found**2 - exact) <= Fraction(1, 10**12) * exact + last_digit


@each_case
@each_number
def test_memory_layout_does_not_matter(case: SetCase, number: str) -> None:
    for v in made(case, number):
        wanted = case.members.project(v)
        for rearranged in (backwards, with_gaps):
            other = {n: rearranged(x) for n, x in named(case, v).items()}
            assert all(same(other[n], x) for n, x in named(case, v).items())
            assert same(case.members.project(given(case, other)), wanted)
            assert case.members.contains(given(case, other)) == case.members.contains(v)


def backwards(x: Any) -> Any:
    """The same numbers with the order of the axes reversed in memory."""
    order = tuple(reversed(range(x.ndim)))
    if isinstance(x, torch.Tensor):
        return x.permute(order).contiguous().permute(order)
    return np.ascontiguousarray(x.transpose(order)).transpose(order)


def with_gaps(x: Any) -> Any:
    """The same numbers in every other place of a larger array."""
    if isinstance(x, torch.Tensor):
        return torch.stack([x, x + 1], dim=-1)[..., 0]
    return np.stack([x, x + 1], axis=-1)[..., 0]


@each_case
@pytest.mark.parametrize("number", ("numpy32", "torch-bfloat16"))
def test_the_pieces_worked_on_do_not_matter(
    case: SetCase, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Long arrays are worked on in pieces; here short ones are, in pieces of 7 numbers."""
    whole = [(v, case.members.project(v), case.members.distance(v)) for v in made(case, number)]
    monkeypatch.setattr(arrays, "CHUNK", 7)
    for v, z, distance in whole:
        assert same(case.members.project(v), z)
        assert case.members.distance(v) == pytest.approx(distance, rel=1e-12, abs=0)


@each_case
@each_number
@pytest.mark.parametrize("bad", (np.nan, np.inf, -np.inf))
def test_nan_and_infinity_are_refused(case: SetCase, number: str, bad: float) -> None:
    for name in case.shapes:
        values = {n: np.ones(s) for n, s in case.shapes.items()}
        values[name].reshape(-1)[-1] = bad
        v = given(case, {n: NUMBERS[number](x) for n, x in values.items()})
        with pytest.raises(ValueError, match=f"(?s){name}.*NaN or infinity"):
            case.members.project(v)
        assert not case.members.contains(v)


@those([case for case in CASES if case.takes_empty])
@each_number
def test_empty_arrays(case: SetCase, number: str) -> None:
    shapes = {n: (0, *s[1:]) for n, s in case.shapes.items()}
    v = given(case, {n: NUMBERS[number](np.zeros(s)) for n, s in shapes.items()})
    assert same(case.members.project(v), v)
    assert case.members.contains(v)
    assert case.members.distance(v) == 0
    assert case.members.size(v).total == 0


@each_case
@each_number
def test_points_outside_are_no_members(case: SetCase, number: str) -> None:
    for outside in case.outside:
        v = given(case, {n: NUMBERS[number](x) for n, x in outside.items()})
        assert not case.members.contains(v)
        assert case.members.distance(v) > 0


@each_case
@pytest.mark.parametrize("bits", (64, 32))
def test_numpy_and_torch_agree(case: SetCase, bits: int) -> None:
    for ours, theirs in zip(made(case, f"torch{bits}"), made(case, f"numpy{bits}"), strict=True):
        z, w = (named(case, case.members.project(v)) for v in (ours, theirs))
        assert all(np.array_equal(z[n].numpy(), w[n]) for n in z)


@those([case for case in CASES if case.cone])
@each_number
def test_cones_scale(case: SetCase, number: str) -> None:
    v = made(case, number)[1]
    z = case.members.project(v)
    for factor in (0.5, 4.0):  # powers of two: exact
        times = {n: factor * x for n, x in named(case, v).items()}
        wanted = {n: factor * x for n, x in named(case, z).items()}
        assert same(named(case, case.members.project(given(case, times))), wanted)


@those([case for case in CASES if case.convex])
@each_kind
def test_convex_projections_are_firmly_nonexpansive(case: SetCase, number: str) -> None:
    """‖Πv − Πw‖² ≤ ⟨v − w, Πv − Πw⟩, exactly but for the rounding of the set."""
    given_points = made(case, number)[:6]
    answers = [case.members.project(v) for v in given_points]
    for v, z in zip(given_points, answers, strict=True):
        for w, y in zip(given_points, answers, strict=True):
            together = Fraction(0)
            for n in case.shapes:
                a, b, c, d = (doubles(named(case, x)[n]).reshape(-1).tolist() for x in (v, w, z, y))
                together += sum(
                    (Fraction(r) - Fraction(s))
                    * (Fraction(p) - Fraction(q) - Fraction(r) + Fraction(s))
                    for p, q, r, s in zip(a, b, c, d, strict=True)
                )
            assert together >= -tolerance(case, v) - tolerance(case, w)


@each_case
@each_number
def test_sizes_are_whole_bits(case: SetCase, number: str) -> None:
    for v in made(case, number):
        z = case.members.project(v)
        size = case.members.size(z)
        assert isinstance(size, Size) and all(isinstance(b, int) for b in vars(size).values())
        dense = sum(x.dtype.itemsize * 8 * int(np.prod(x.shape)) for x in named(case, z).values())
        assert 0 <= size.values <= dense
        assert size.total == size.values + size.indices + size.scales + size.codebook


@each_case
def test_configs_are_plain_and_make_the_same_set(case: SetCase) -> None:
    config = to_config(case.members)
    text = json.dumps(config, allow_nan=False)
    again = from_config(json.loads(text))
    assert type(again) is type(case.members)
    assert json.dumps(to_config(again), allow_nan=False) == text
    for v in made(case, "numpy64"):
        assert same(again.project(v), case.members.project(v))


def test_members_of_the_cases_are_members() -> None:
    for case in CASES:
        zero = given(case, full(case.shapes, 0.0))
        assert case.members.contains(zero) or not case.cone, case.name
