"""Each law of each case as a parameter of a test."""

from collections.abc import Iterable
from typing import Any, Protocol

import pytest

from lagrange.testing import Check


class Case(Protocol):
    @property
    def name(self) -> str: ...
    def checks(self) -> Iterable[Check]: ...


def laws_of(cases: Iterable[Case]) -> list[Any]:
    """Named by the case and the law."""
    return [
        pytest.param(check, id=f"{case.name}-{check.name}")
        for case in cases
        for check in case.checks()
    ]
