"""A set of sites out of the sites' answers, and the best one nearby: add, drop, swap.

The flow of each set is optimal (``location_transport``). Of its neighbors only those are looked at that
can be cheaper by what the flow's multipliers prove, the most promising first. The work is limited by
counting, so that the same answers are repaired in the same way.

Reference    Cornuéjols, Sridharan, Thizy, Eur. J. Oper. Res. 50 (1991) 280–297: such heuristics
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from problems.location_data import FloatArray
from problems.location_transport import Served, Transport

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
ENTRIES = 10_000  # of a flow, for each set of sites that is passed over
WORK = 12_000  # of one repair: flows looked at times their entries; at least one is
FLOWS = 30  # of one repair, at most


def repaired(transport: Transport, is_open: BoolArray, worth: FloatArray) -> Served | None:
    """The cheapest flow that the search found from the open sites (m,) and from as many more, those of
    least ``worth`` (m,) first, as it takes to hold all demand.
    """
    data = transport.data
    if int(np.flatnonzero(is_open).sum()) % (1 + data.service.size // ENTRIES) != 0:
        return None  # on large instances one set in so many is looked at, always the same ones
    is_open = is_open.copy()
    for i in np.argsort(worth, kind="stable").tolist():
        if data.capacity[is_open].sum() >= data.demand.sum():
            break
        is_open[i] = True
    flows = max(1, min(FLOWS, WORK // data.service.size))
    return _improved(transport, is_open, flows)


def _improved(transport: Transport, is_open: BoolArray, flows: int) -> Served | None:
    best = transport.serve(is_open)
    while best is not None:
        better = None
        for other in _promising(transport, is_open, best):
            if flows <= 0:
                return best
            found = transport.serve(other)
            if found is None:
                continue  # too small, which costs no time
            flows -= 1
            if found.cost < best.cost:
                is_open, better = other, found
                break
        if better is None:
            return best
        best = better
    return None


def _promising(transport: Transport, is_open: BoolArray, now: Served) -> Iterator[BoolArray]:
    """Sets that differ in one site or in a pair, as far as the prices of ``now`` do not prove them
    dearer, the most promising first.
    """
    worth, m = transport.worth(now.price), is_open.size
    enter = np.append(np.where(is_open, np.inf, worth), 0.0)  # the last one: no site enters
    leave = np.append(np.where(is_open, -worth, np.inf), 0.0)
    change = enter[:, None] + leave[None, :]
    floor = float(worth[is_open].sum()) - float(now.price.sum()) + change
    change[m, m] = np.inf
    hopeful = (floor < now.cost * (1 - 1e-12)) & np.isfinite(change)
    for k in np.flatnonzero(hopeful)[np.argsort(change[hopeful], kind="stable")].tolist():
        i, j = divmod(k, m + 1)
        other = is_open.copy()
        if i < m:
            other[i] = True
        if j < m:
            other[j] = False
        yield other
