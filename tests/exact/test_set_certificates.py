"""The certificates that larger arrays are checked with: they hold, and wrong projections lack them."""

import pytest

from tests.exact.set_certificates import CERTIFIED, Certified


@pytest.mark.parametrize("certified", CERTIFIED, ids=lambda c: c.name)
def test_certificates_hold(certified: Certified) -> None:
    for v in certified.points():
        assert certified.check(v, certified.project(v)) is None


@pytest.mark.parametrize("certified", CERTIFIED, ids=lambda c: c.name)
def test_certificates_catch_mutants(certified: Certified) -> None:
    for wrong in certified.mutants:
        found = [certified.check(v, wrong(v)) for v in certified.points()]
        assert any(found), f"{wrong.__name__} was not caught"
