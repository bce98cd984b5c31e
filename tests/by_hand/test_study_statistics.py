"""Paired comparisons: Student's quantiles against scipy, intervals against scipy and by hand."""

import math

import numpy as np
import pytest
from scipy import stats

from lagrange.study.compare import compare, spread, t_quantile


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 5, 6, 9, 10, 29, 200])
@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.99, 0.999])
def test_quantiles_are_those_of_scipy(degrees, confidence):
    wanted = stats.t.ppf((1 + confidence) / 2, degrees)
    assert t_quantile(confidence, degrees) == pytest.approx(wanted, rel=1e-9)


def test_quantiles_of_the_printed_table():
    """As printed in any table of the distribution."""
    printed = {1: 12.706, 2: 4.303, 4: 2.776, 10: 2.228}
    assert {n: round(t_quantile(0.95, n), 3) for n in printed} == printed


def test_an_interval_by_hand():
    """Differences 1, 2, 3: mean 2, deviation 1, t = 4.303, half width 4.303 / √3 = 2.484."""
    found, verdict = compare({0: 10.0, 1: 10.0, 2: 10.0}, {0: 11.0, 1: 12.0, 2: 13.0}, 0.95)
    assert (found.n, found.mean, found.deviation) == (3, 2.0, 1.0)
    assert found.half_width == pytest.approx(2.484, abs=5e-4)
    assert verdict == "cannot be told apart"
    assert compare({0: 10.0, 1: 10.0, 2: 10.0}, {0: 11.0, 1: 12.0, 2: 13.0}, 0.7)[1] == "higher"
    assert compare({0: 11.0, 1: 12.0, 2: 13.0}, {0: 10.0, 1: 10.0, 2: 10.0}, 0.7)[1] == "lower"


@pytest.mark.parametrize("seed", range(5))
def test_intervals_are_those_of_scipy(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=7), rng.normal(0.5, size=7)
    found, verdict = compare(dict(enumerate(a)), dict(enumerate(b)), 0.9)
    wanted = stats.ttest_rel(b, a).confidence_interval(0.9)
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), rel=1e-9)
    assert (verdict == "cannot be told apart") == (wanted.low <= 0 <= wanted.high)


def test_decimals_that_cancel_differ_by_nothing():
    found, verdict = compare({0: 99.1, 1: 99.3}, {0: 99.2, 1: 99.2}, 0.95)
    assert (99.2 - 99.1) + (99.2 - 99.3) != 0
    assert found.mean == 0
    assert verdict == "cannot be told apart"
    assert compare({0: 1e-9}, {0: 2e-9}, 0.95)[0].mean == 1e-9


def test_shares_that_are_lower_by_the_same_at_every_seed():
    """Of 360 images one less each: the differences are −100/360 but for rounding."""
    before = {seed: 100 * hits / 360 for seed, hits in enumerate((358, 357, 355))}
    after = {seed: 100 * (hits - 1) / 360 for seed, hits in enumerate((358, 357, 355))}
    assert len({after[seed] - before[seed] for seed in before}) > 1
    found, verdict = compare(before, after, 0.95)
    assert (found.deviation, found.half_width) == (0.0, 0.0)
    assert verdict == "lower at every seed"


def test_seeds_are_paired_not_counted():
    """In another order, and with seeds that only one of them has."""
    found, _ = compare({3: 1.0, 1: 5.0, 9: 7.0}, {1: 6.0, 3: 2.0, 4: 0.0}, 0.95)
    assert (found.n, found.mean, found.deviation) == (2, 1.0, 0.0)


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ({}, {0: 1.0}, "no seed in common"),
        ({0: 1.0}, {0: 2.0}, "one seed: no interval, nothing can be said"),
        ({0: 1.0, 1: 2.0}, {0: 1.0, 1: 2.0}, "identical at every seed"),
        ({0: 1.0, 1: 2.0}, {0: 2.0, 1: 3.0}, "higher at every seed"),
        ({0: 1.0, 1: 2.0}, {0: 0.0, 1: 1.0}, "lower at every seed"),
    ],
)
def test_verdicts_without_an_interval(before, after, verdict):
    assert compare(before, after, 0.95)[1] == verdict


def test_the_spread_of_few_numbers():
    assert spread([], 0.95)[0] == 0
    one = spread([4.0], 0.95)
    assert (one.n, one.mean) == (1, 4.0) and math.isnan(one.half_width)


def test_equal_numbers_have_no_spread_though_their_mean_is_rounded():
    values = [99.53] * 3
    assert math.fsum(values) / 3 != 99.53
    assert spread(values, 0.95) == (3, 99.53, 0.0, 0.0)
