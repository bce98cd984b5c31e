"""The assignment family's way to feasible points: what runs beside the dual method, and how often."""

import numpy as np

from lagrange import compiled
from lagrange.recovery.recovering import Recovering, Recovery
from lagrange.recovery.restarts import Restarts
from lagrange.solvers.bundle import LevelBundle
from problems.assignment_data import AssignmentData, generate
from problems.assignment_dives import Dives
from problems.assignment_exchange import Exchanges
from problems.assignment_neighborhoods import Neighborhoods
from problems.assignment_search import cheapest

PATIENCE = 5000  # looks in vain, which come quickly where a program is small


def recovering_bundle(data: AssignmentData, seed: int = 0) -> Recovering:
    """A bundle, and every other step a turn of large-neighborhood search at its best prices, begun
    again where it is stuck, and, where numba is installed, exchanges and dives. The first steps, a
    small part of a second, settle most of the bound; then turns take most of the time, and all of it
    once the bound, rounded up, cannot rise.
    """
    bundle = LevelBundle(tolerance=1e-9, rounded=True)
    plugs: tuple[Recovery, ...] = (Restarts(Neighborhoods(data, seed=seed)),)
    if compiled.is_available():
        plugs += (Exchanges(data, seed=seed), Dives(data))
    return Recovering(bundle, plugs, every=2, first=60, patience=PATIENCE)


def compile_loops() -> None:
    """The search once, on an instance that takes no time itself; any small run comes to exchanges."""
    if compiled.is_available():
        data = generate("E", 4, 20, 1)
        cheapest(data, np.zeros(20), 0, data.dearest + 1)
