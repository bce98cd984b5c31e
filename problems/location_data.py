"""Data of capacitated facility location with demand that may be split: OR-Library files, a generator.

References   Beasley, Eur. J. Oper. Res. 33 (1988) 53–65: the files cap41 … cap134
             Cornuéjols, Sridharan, Thizy, Eur. J. Oper. Res. 50 (1991) 280–297: the generator
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from problems.data import data_path
from problems.orlib import IntArray, Words, in_units
from problems.seeds import require_seed

PLACEHOLDER = "capacity"  # what stands in the files capa, capb and capc in place of a number
FloatArray = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, eq=False)
class LocationData:
    """m sites, n customers. Money is counted in 1/``unit``, goods in 1/``grain``, in whole numbers.

    opening (m,), service (m, n): money for opening a site, for serving all that a customer demands
    capacity (m,) ≥ 0, demand (n,) ≥ 1: goods
    """

    opening: IntArray
    service: IntArray
    capacity: IntArray
    demand: IntArray
    unit: int = 1
    grain: int = 1

    def __post_init__(self) -> None:
        if (self.capacity < 0).any():
            i = int((self.capacity < 0).argmax())
            raise ValueError(
                f"capacity of site {i + 1} is {self.capacity[i] / self.grain:g}, it must be ≥ 0"
            )
        if (self.demand < 1).any():
            j = int((self.demand < 1).argmax())
            raise ValueError(
                f"demand of customer {j + 1} is {self.demand[j] / self.grain:g}, it must be > 0: "
                "whoever demands nothing is served by the cheapest open site, leave it out"
            )
        room, wanted = sum(self.capacity.tolist()), sum(self.demand.tolist())
        if room < wanted:
            raise ValueError(
                f"all sites together hold {room / self.grain:g}, the customers demand "
                f"{wanted / self.grain:g}: there is no feasible point"
            )

    @property
    def opening_cost(self) -> FloatArray:
        """In money, rounded to floats. (m,)"""
        return self.opening / self.unit

    @property
    def service_cost(self) -> FloatArray:
        """In money, rounded to floats. (m, n)"""
        return self.service / self.unit

    def to_text(self) -> str:
        """The OR-Library format, one site or customer a line."""
        lines = [f"{len(self.opening)} {len(self.demand)}"]
        for room, cost in zip(self.capacity, self.opening, strict=True):
            lines.append(f"{_decimal(room, self.grain)} {_decimal(cost, self.unit)}")
        for wanted, costs in zip(self.demand, self.service.T, strict=True):
            numbers = [_decimal(wanted, self.grain), *(_decimal(c, self.unit) for c in costs)]
            lines.append(" ".join(numbers))
        return "\n".join(lines) + "\n"


def _decimal(whole: Any, unit: int) -> str:
    return f"{Decimal(int(whole)).scaleb(1 - len(str(unit))):f}"


def read_location(path: Path, capacity: float | None = None) -> LocationData:
    """One instance: ``m n``, m times capacity and opening cost, then for each customer its demand and
    m costs. ``capacity`` stands in where the file has the word instead of numbers.
    """
    words = Words(path)
    m, n = words.whole(2, "the numbers of sites and customers", 1)
    rooms: list[Decimal] = []
    opening: list[Decimal] = []
    for i in range(m):
        what = f"the capacity and the opening cost of site {i + 1} of {m}"
        rooms += _capacity(words, what, capacity)
        opening += words.decimals(1, what)
    table: list[Decimal] = []
    demand: list[Decimal] = []
    for j in range(n):
        demand += words.decimals(1, f"the demand of customer {j + 1} of {n}")
        table += words.decimals(m, f"the costs of customer {j + 1} of {n}")
    words.end()
    money, unit = in_units(f"{path}: costs", [*opening, *table])
    goods, grain = in_units(f"{path}: capacities and demands", [*rooms, *demand])
    service = np.ascontiguousarray(money[m:].reshape(n, m).T)
    return LocationData(money[:m], service, goods[:m], goods[m:], unit, grain)


def _capacity(words: Words, what: str, given: float | None) -> list[Decimal]:
    if words.next_is(PLACEHOLDER):
        if given is None:
            raise ValueError(
                f"{words.path} says {PLACEHOLDER!r} in place of a number: give one with the option "
                "capacity"
            )
        if not 0 <= given < np.inf:
            raise ValueError(f"capacity must be a finite number ≥ 0, got {given}")
        words.take(1, what)
        return [Decimal(str(given))]
    if given is not None:
        raise ValueError(
            f"{words.path} has capacities of its own: leave the option capacity = {given} out"
        )
    return words.decimals(1, what)


def generate_location(sites: int, customers: int, ratio: float, seed: int) -> LocationData:
    """Points in the unit square; ``ratio`` ≥ 1 is total capacity over total demand, about.

    Demands are drawn from 5–35, capacities from 10–160 and scaled, opening costs grow with the root of
    the capacity, serving a customer costs 10 a unit of demand and distance; all rounded.
    """
    if sites < 1 or customers < 1:
        raise ValueError(f"sites and customers must be at least 1, got {sites} and {customers}")
    if not 1 <= ratio < np.inf:
        raise ValueError(f"ratio must be a finite number ≥ 1, got {ratio}")
    require_seed(seed)
    rng = np.random.default_rng(seed)
    demand = rng.integers(5, 36, customers)
    capacity = rng.integers(10, 161, sites).astype(np.float64)
    capacity = np.ceil(capacity * (ratio * demand.sum() / capacity.sum()))
    opening = rng.uniform(0, 90, sites) + rng.uniform(100, 110, sites) * np.sqrt(capacity)
    apart = rng.random((sites, 1, 2)) - rng.random((1, customers, 2))
    service = 10 * np.sqrt((apart**2).sum(axis=2)) * demand
    opening, service, capacity = (np.rint(a).astype(np.int64) for a in (opening, service, capacity))
    return LocationData(opening, service, capacity, demand.astype(np.int64))


def best_known_locations() -> dict[str, float]:
    """Optima of the OR-Library files by instance, from cap/BEST.tsv, to three decimals."""
    with data_path("cap/BEST.tsv").open() as file:
        rows: Sequence[dict[str, Any]] = list(csv.DictReader(file, delimiter="\t"))
    return {row["instance"]: float(row["optimum"]) for row in rows}
