"""The units in which a report shows metrics: accuracies and gaps in percent, the rest as measured."""

from typing import NamedTuple

SHARES = ("accuracy", "gap")  # how the names of metrics begin that are shares of 1


class Unit(NamedTuple):
    """scale : a number of a run's report times this is shown;  digits : significant ones of a mean"""

    heading: str
    scale: float
    digits: int


def unit(metric: str) -> Unit:
    """Of a metric of that name."""
    return Unit(f"{metric}, %", 100.0, 4) if metric.startswith(SHARES) else Unit(metric, 1.0, 6)
