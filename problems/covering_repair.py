"""A cover out of the answer of the relaxed problem: complete it, thin it out, shake it.

    complete  while a row is uncovered, the column that is cheapest for the uncovered rows it covers;
              its cost is counted at the prices of these rows, as the relaxation sees it
    thin out  columns whose rows are all covered twice go, the dearest first
    shake     a part of the cover is torn out and completed again; what is cheaper stays

Every step is a function of the answer, random choices too: the same answer is repaired the same way.
On large instances only one answer in so many is looked at, told by its own columns.

References   Caprara, Fischetti, Toth, Oper. Res. 47 (1999) 730–743: the score of a column
             Beasley, Naval Res. Logist. 37 (1990) 151–164: a cover from every dual step
"""

from typing import Any

import numpy as np

from lagrange.oracles.selection import Selected
from problems.covering_data import CoveringData
from problems.orlib import IntArray

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
FloatArray = np.ndarray[Any, np.dtype[np.float64]]
PAYS = 1e-3  # of the dearest column: what pays less than this at its price is left to completion
SHAKES = 20  # of one cover, at most
WORK = 200_000  # entries of the matrix times shakes of one cover, at most
ENTRIES = 50_000  # of the matrix, for each answer that is passed over
TORN = 0.4  # the share of the cover that a shake tears out
NOISE = 0.3  # by which it changes the prices
SHAKEN = 8  # one cover in so many, told by its own columns, is shaken


def cover_from(data: CoveringData, answer: Selected) -> BoolArray | None:
    """A cover (n,) out of what surely pays at the answer's prices; None for an answer passed over."""
    if _passed_over(answer.chosen, 1 + data.matrix.row.size // ENTRIES):
        return None
    pays = answer.reduced_cost < -PAYS * float(data.cost.max())
    cover = thinned(data, completed(data, pays, answer.price))
    return cover if _passed_over(cover, SHAKEN) else shaken(data, cover, answer.price)


def _passed_over(columns: BoolArray, every: int) -> bool:
    """All sets of columns but one in so many, always the same ones."""
    return int(np.flatnonzero(columns).sum()) % every != 0


def completed(data: CoveringData, chosen: BoolArray, price: FloatArray) -> BoolArray:
    """The chosen columns and as many more as it takes; price (m,)."""
    covered = np.zeros(len(data.covers), dtype=np.bool_)
    for j in np.flatnonzero(chosen).tolist():
        covered[data.rows_of[j]] = True
    chosen = chosen.copy()
    open_rows = (~covered).astype(np.float64)
    gain = data.matrix.transposed_times(open_rows)  # uncovered rows of each column (n,)
    worth = data.cost - data.matrix.transposed_times(open_rows * price)
    while not covered.all():
        score = np.where(worth > 0, worth / np.maximum(gain, 1.0), worth * gain)
        j = int(np.where(gain > 0, score, np.inf).argmin())
        chosen[j] = True
        for i in data.rows_of[j].tolist():
            if not covered[i]:
                covered[i] = True
                gain[data.covers[i]] -= 1.0
                worth[data.covers[i]] += price[i]
    return chosen


def thinned(data: CoveringData, chosen: BoolArray) -> BoolArray:
    """The cover without columns that are not needed, the dearest first."""
    columns = np.flatnonzero(chosen)
    times = np.rint(data.matrix.times(chosen.astype(np.float64))).astype(np.int64)
    chosen = chosen.copy()
    for j in columns[np.argsort(-data.cost[columns], kind="stable")].tolist():
        rows = data.rows_of[j]
        if (times[rows] > 1).all():
            times[rows] -= 1
            chosen[j] = False
    return chosen


def shaken(data: CoveringData, cover: BoolArray, price: FloatArray) -> BoolArray:
    """The best cover after some shakes; the random numbers depend on the cover alone."""
    rng = np.random.default_rng(np.flatnonzero(cover))
    for _ in range(min(SHAKES, WORK // data.matrix.row.size)):
        torn = cover & (rng.random(cover.size) >= TORN)
        noise = 1.0 + NOISE * rng.uniform(-1.0, 1.0, price.size)
        new = thinned(data, completed(data, torn, noise * price))
        if total_cost(data, new) <= total_cost(data, cover):
            cover = new
    return cover


def total_cost(data: CoveringData, cover: BoolArray | IntArray) -> int:
    """Σ cost of the columns."""
    return int(data.cost[cover].sum())
