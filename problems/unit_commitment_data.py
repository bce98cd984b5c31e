"""Data of the unit commitment problem: thermal units, demand and reserve, in whole numbers."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from problems.options import require_at_least
from problems.orlib import LARGEST, IntArray, Words
from problems.seeds import require_seed


class Unit(NamedTuple):
    """A thermal unit without ramps.

    least, most : output while it is on (MW), 0 ≤ least ≤ most, most > 0
    running     : cost of an hour on;  fuel : of a MWh besides;  starting : of a start
    up, down    : hours that it must stay on after a start, and off after a stop; at least 1
    before      : hours that it has been on (> 0) or off (< 0) when the first hour begins
    """

    least: int
    most: int
    running: int
    fuel: int
    starting: int
    up: int
    down: int
    before: int

    @property
    def bound_hours(self) -> int:
        """The first hours in which it must stay as it is."""
        return max(0, self.up - self.before if self.before > 0 else self.down + self.before)


@dataclass(frozen=True)
class UnitData:
    """Units, and demand (T,) and reserve (T,) of every hour, ≥ 0."""

    units: tuple[Unit, ...]
    demand: IntArray
    reserve: IntArray

    def __post_init__(self) -> None:
        if self.demand.shape != self.reserve.shape or self.demand.ndim != 1:
            raise ValueError(
                f"demand and reserve must have one entry an hour, got shapes {self.demand.shape} "
                f"and {self.reserve.shape}"
            )
        for i, unit in enumerate(self.units):
            if not 0 <= unit.least <= unit.most or unit.most < 1:
                raise ValueError(
                    f"unit {i} must have 0 ≤ least ≤ most, most > 0, got {unit.least} and {unit.most}"
                )
            if min(unit.up, unit.down) < 1 or unit.before == 0:
                raise ValueError(
                    f"unit {i} must have up and down ≥ 1 and before ≠ 0, got {unit.up}, {unit.down} "
                    f"and {unit.before}"
                )
            if unit.starting < 0:
                raise ValueError(f"unit {i}: starting must be ≥ 0, got {unit.starting}")
        if min(self.demand.min(), self.reserve.min()) < 0:
            raise ValueError("demand and reserve must be ≥ 0 in every hour")
        dearest = sum(abs(u.running) + abs(u.fuel) * u.most + u.starting for u in self.units)
        if dearest * self.demand.size > LARGEST:
            raise ValueError(f"all units together can cost {dearest} an hour: give larger units")

    def to_text(self) -> str:
        """``units hours``, a line for each unit (see ``Unit``), the demands, the reserves."""
        head = [len(self.units), self.demand.size]
        rows = [head, *self.units, self.demand.tolist(), self.reserve.tolist()]
        return "".join(" ".join(map(str, row)) + "\n" for row in rows)


def read(path: Path) -> UnitData:
    """An instance as ``to_text`` writes it."""
    words = Words(path)
    count, hours = words.whole(2, "the numbers of units and of hours", 1)
    each = len(Unit._fields)
    units = tuple(
        Unit(*words.whole(each, f"unit {i}: {', '.join(Unit._fields)}", -LARGEST))
        for i in range(count)
    )
    demand, reserve = (
        np.array(words.whole(hours, f"the {what} of every hour"), dtype=np.int64)
        for what in ("demand", "reserve")
    )
    words.end()
    return UnitData(units, demand, reserve)


def generate(units: int, hours: int, seed: int) -> UnitData:
    """Units from cheap, large and slow to dear, small and quick; a day's demand, 10 % reserve.

    All units together carry the peak and its reserve; the large half is on at first, and carries the
    first hours.
    """
    require_at_least(1, units=units, hours=hours)
    require_seed(seed)
    rng = np.random.default_rng(seed)
    made: list[Unit] = []
    for i in range(units):
        size = 1.0 - i / units  # 1: a large base unit
        most = int(rng.integers(50, 81) + 320 * size)
        slow = 1 + round(6 * size)
        made.append(
            Unit(
                least=int(most * rng.uniform(0.2, 0.35)),
                most=most,
                running=int(rng.integers(300, 501) + 500 * size),
                fuel=int(rng.integers(15, 19) + 12 * (1 - size)),
                starting=int(rng.integers(50, 101) + 4000 * size),
                up=slow,
                down=max(1, slow - int(rng.integers(0, 2))),
                before=int(rng.integers(1, 2 * slow)) * (1 if size >= 0.5 else -1),
            )
        )
    carried = sum(unit.most for unit in made)
    shape = 0.62 - 0.17 * np.cos(2 * np.pi * (np.arange(hours) - 4) / 24)
    demand = np.rint(carried * (shape + rng.uniform(-0.02, 0.02, hours))).astype(np.int64)
    return UnitData(tuple(made), demand, demand // 10)
