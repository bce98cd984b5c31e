"""Projections of every exact set of the library: no sampled member is nearer, in rationals.

The claims J1 to J16 compare with brute force on small sets; here it is the library's classes at the
shapes of the set contracts, and competitors are projections of points nearby, which are members.
"""

from fractions import Fraction

import numpy as np
import pytest

from lagrange.known_blocks import set_facts
from proofs_checks.comparison import Comparison
from tests.contracts.set_cases import CASES, exact_squared_distance
from tests.contracts.test_quantization_contract import ALL, SHAPE

SETS = {case.name: (case.members, case.shapes, case.rounds, case.weights) for case in CASES} | {
    name: (members, {"": SHAPE}, True, None)
    for name, members in ALL.items()
    if set_facts(members).exact
}
POINTS, NEARBY = 3, 12


def project(members, v):
    return {"": members.project(v[""])} if set(v) == {""} else members.project(v)


def nowhere_nearer(name, seed, answer=project):
    """‖w − z‖² ≤ ‖w − c‖² for the members c that were sampled; the one that is nearest to failing."""
    members, shapes, rounds, weights = SETS[name]
    rng = np.random.default_rng(seed)
    w = {n: rng.normal(size=s) for n, s in shapes.items()}
    z = answer(members, w)
    size = 1 + exact_squared_distance(w, {n: 0 * a for n, a in w.items()}, weights)
    error = float(size) * 2.0**-44 if rounds else 0.0
    rivals = []
    for scale in np.geomspace(1e-3, 3.0, NEARBY):
        near = {n: a + scale * rng.normal(size=a.shape) for n, a in w.items()}
        rivals.append(exact_squared_distance(w, project(members, near), weights))
    return Comparison(exact_squared_distance(w, z, weights), min(rivals), "<=", error)


def elsewhere(members, v):
    """Wrong: the projection of another point."""
    rng = np.random.default_rng(1)
    return project(members, {n: a + 2.0 * rng.normal(size=a.shape) for n, a in v.items()})


@pytest.mark.parametrize("name", SETS)
def test_no_sampled_member_is_nearer(name):
    for seed in range(POINTS):
        comparison = nowhere_nearer(name, seed)
        assert comparison.holds, (float(comparison.margin), seed)


@pytest.mark.parametrize("name", [n for n in SETS if n not in ("cardinality-all", "l1-ball-0")])
def test_a_projection_of_another_point_is_caught(name):
    assert not all(nowhere_nearer(name, seed, elsewhere).holds for seed in range(POINTS))


def test_a_sparse_set_that_goes_by_value_and_not_by_magnitude_is_caught():
    def signed(members, v):
        kept = np.argsort(-v[""].ravel())[: members.k]
        z = np.zeros(v[""].size)
        z[kept] = v[""].ravel()[kept]
        return {"": z.reshape(v[""].shape)}

    assert not nowhere_nearer("cardinality", 0, signed).holds
    assert nowhere_nearer("cardinality", 0).margin >= Fraction(0)
