"""Codes of places and numbers: what is written is read, and its length is what it says."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lagrange.nn import bits, index_codes
from lagrange.nn.index_codes import IndexCode, decode, encode, entropy

KINDS = ("plain", "bitmap", "gap", "rice")


def places_of(mask):
    return np.flatnonzero(np.asarray(mask).reshape(-1))


@given(st.integers(0, 40), st.integers(0, 20), st.randoms(use_true_random=False))
def test_numbers_of_fixed_width(count, width, random):
    codes = np.array([random.getrandbits(width) if width else 0 for _ in range(count)], np.int64)
    data = bits.pack(codes, width)
    assert len(data) == -(-count * width // 8)
    assert np.array_equal(bits.unpack(data, count, width), codes)


def test_numbers_longer_than_a_piece():
    codes = np.arange(2 * bits.PIECE + 5) % 7
    assert np.array_equal(bits.unpack(bits.pack(codes, 3), codes.size, 3), codes)


def test_fixed_width_by_hand():
    assert bits.pack(np.array([1, 2, 3]), 3) == bytes([0b00101001, 0b10000000])


@given(st.lists(st.integers(0, 30), max_size=30))
def test_unary(numbers):
    written = bits.unary(np.array(numbers, np.int64))
    assert written.size == sum(numbers) + len(numbers)
    assert bits.from_unary(written).tolist() == numbers


@settings(max_examples=150)
@given(st.integers(1, 9), st.integers(1, 40), st.floats(0, 1), st.integers(0, 10**6))
def test_places_come_back(rows, columns, density, seed):
    mask = np.random.default_rng(seed).random((rows, columns)) < density
    places = places_of(mask)
    code, data = encode(places, mask.shape)
    assert len(data) == -(-code.bits // 8)
    assert np.array_equal(decode(code, data, places.size, mask.shape), places)
    assert code.bits <= min(mask.size, places.size * (mask.size - 1).bit_length())


def lengths(places, n):
    """The bits of every code, by definition and one gap at a time."""
    gaps = np.diff(places, prepend=-1) - 1
    width = (n - 1).bit_length()
    yield places.size * width
    yield n
    for w in range(width + 1):
        yield sum(int(g) // 2**w + 1 + w for g in gaps)
        if w:
            yield sum((int(g) // (2**w - 1) + 1) * w for g in gaps)


@settings(max_examples=60)
@given(st.integers(1, 9), st.integers(1, 30), st.floats(0, 1), st.integers(0, 10**6))
def test_no_code_is_shorter(rows, columns, density, seed):
    mask = np.random.default_rng(seed).random((rows, columns)) < density
    places = places_of(mask)
    if places.size in (0, mask.size):
        assert encode(places, mask.shape)[0].bits == 0
        return
    live_rows, live_columns = mask.any(axis=1), mask.any(axis=0)
    choices = {
        0: mask,
        rows: mask[live_rows],
        columns: mask[:, live_columns],
        rows + columns: mask[live_rows][:, live_columns],
    }
    best = min(
        marks + (0 if part.all() else min(lengths(places_of(part), part.size)))
        for marks, part in choices.items()
    )
    assert encode(places, mask.shape)[0].bits == best


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", (1, 2, 5))
def test_each_code_alone(kind, width):
    for chosen in itertools.combinations(range(9), 3):
        places, n = np.array(chosen), 9
        w = 4 if kind == "plain" else width
        written = index_codes._written(places, n, kind, w)
        code = IndexCode(kind, w, "", written.size)
        data = np.packbits(written).tobytes()
        assert decode(code, data, 3, (3, 3)).tolist() == list(chosen)


def test_rice_and_gaps_by_hand():
    places = np.array([0, 3, 12])  # gaps 0, 2, 8
    rice = index_codes._written(places, 16, "rice", 2)
    assert "".join(map(str, rice)) == "001000" + "11001"
    gap = index_codes._written(places, 16, "gap", 2)
    assert "".join(map(str, gap)) == "0010111110"


@pytest.mark.parametrize(("count", "total"), ((0, 5), (5, 5), (2, 5), (7, 30)))
def test_entropy_is_the_logarithm_of_the_number_of_choices(count, total):
    assert entropy(count, total) == pytest.approx(math.log2(math.comb(total, count)), abs=1e-9)


@pytest.mark.parametrize("density", (0.002, 0.012, 0.1, 0.3))
def test_random_places_take_little_more_than_their_entropy(density):
    mask = np.random.default_rng(1).random((500, 800)) < density
    places = places_of(mask)
    code, _ = encode(places, mask.shape)
    assert 0.995 < code.bits / entropy(places.size, mask.size) < 1.04 if density < 0.2 else 1.14


def test_dead_rows_and_columns_save_bits():
    mask = np.zeros((500, 800), bool)
    mask[::17, ::16] = np.random.default_rng(2).random((30, 50)) < 0.4
    places = places_of(mask)
    code, data = encode(places, mask.shape)
    assert code.live == "both" and code.bits < 0.5 * entropy(places.size, mask.size)
    assert np.array_equal(decode(code, data, places.size, mask.shape), places)
