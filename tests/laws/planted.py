"""How a planted violation is written down."""

from collections.abc import Callable
from typing import Any, NamedTuple


class Planted(NamedTuple):
    """A run with one thing changed or one fact declared otherwise, and what a hypothesis reads then."""

    run: str
    theorem: str
    hypothesis: str
    reads: str
    change: Callable[[Any], Any] | None = None
    declared: dict[str, Any] = {}  # noqa: RUF012


def flips(run, theorem, *rows):
    """Several hypotheses of one theorem."""
    return [Planted(run, theorem, *row) for row in rows]
