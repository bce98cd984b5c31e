"""Checks of options that families share."""

from collections.abc import Mapping
from typing import Any


def require_unused(reason: str, options: Mapping[str, Any]) -> None:
    """Refuses options that were given but would be ignored; None is not given."""
    for name, value in options.items():
        if value is not None:
            raise ValueError(
                f"option {name} = {value!r} does nothing with {reason}: leave one of the two out"
            )


def require_at_least(least: int, **counts: int) -> None:
    """Refuses a count below ``least``."""
    for name, value in counts.items():
        if value < least:
            raise ValueError(f"{name} must be at least {least}, got {value}")
