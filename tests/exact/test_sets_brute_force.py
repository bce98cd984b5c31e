"""Every projection is a nearest member: 2,000 points for each kind of set against brute force, in
exact arithmetic.
"""

import pytest

from tests.exact.set_references import references
from tests.exact.set_violations import Reference, violations

POINTS = 2000
FEWER = {  # further settings of a set that has its 2,000 already
    "cardinality 1": 500,
    "cardinality 6": 200,
    "1:2 down": 500,
    "2:3 ragged": 500,
    "half line": 200,
    "bounded integers": 500,
    "l1 ball of 0": 200,
    "decreasing": 500,
}


@pytest.mark.parametrize("ref", references(), ids=lambda ref: ref.name)
def test_brute_force(ref: Reference) -> None:
    count = FEWER.get(ref.name, POINTS)
    found = list(violations(ref, count=count))
    assert not found, f"{len(found)} of {count}, the first: {found[0]}"
