"""Items that fit out of the knapsacks' wishes: drop, fill, exchange. A heuristic that never fails."""

from typing import Any

import numpy as np

from problems.knapsack_data import KnapsackData

BoolArray = np.ndarray[Any, np.dtype[np.bool_]]
EXCHANGES = 1000  # at most; each raises a whole number


def repair(data: KnapsackData, votes: Any) -> BoolArray:
    """Items (n,) that fit in every row; ``votes`` (n,): how many blocks want an item."""
    share = (data.weight / np.maximum(data.capacity, 1)[:, None]).sum(axis=0)
    worth = data.profit / np.maximum(share, 1e-12)
    order = np.lexsort((-worth, -votes))  # most wanted first, the best of these first
    x = np.zeros(data.profit.size, dtype=np.bool_)
    room = data.capacity.copy()
    # what nobody wants comes last: it fills the room that is left
    for j in order.tolist():
        if data.profit[j] > 0 and (data.weight[:, j] <= room).all():
            x[j] = True
            room -= data.weight[:, j]
    for _ in range(EXCHANGES):
        if not _exchange(data, x, room):
            break
    return x


def _exchange(data: KnapsackData, x: BoolArray, room: Any) -> bool:
    """One item out and a better one in, or one in that fits by now; was there any?"""
    out = np.flatnonzero(x)
    new = np.flatnonzero(~x & (data.profit > 0))
    if new.size == 0:
        return False
    # row −1 of the table is "nothing out"
    freed = np.concatenate([data.weight[:, out], np.zeros((room.size, 1), dtype=np.int64)], axis=1)
    lost = np.append(data.profit[out], 0)
    fits = (data.weight[:, None, new] <= (room[:, None] + freed)[:, :, None]).all(axis=0)
    gain = np.where(fits, data.profit[new] - lost[:, None], 0)
    best = int(gain.argmax())
    a, b = divmod(best, new.size)
    if gain[a, b] <= 0:
        return False
    if a < out.size:
        x[out[a]] = False
        room += data.weight[:, out[a]]
    x[new[b]] = True
    room -= data.weight[:, new[b]]
    return True
