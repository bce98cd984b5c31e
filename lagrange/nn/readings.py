"""A session's updates as ``diagnose`` reads them.

In the loop:

    readings = Readings(session)
    …
        session.update()
        readings.take(loss)
    …
    for found in readings.diagnosis():
        print(found.advice)
"""

import math
from typing import Any

from torch import Tensor

from lagrange.nn.diagnosis import Diagnosis, Reading, diagnose
from lagrange.nn.measures import reading
from lagrange.nn.session import Compression
from lagrange.nn.split import NETWORK, SET
from lagrange.state import State
from lagrange.vectors import Vector, scale


class Readings:
    """Of one session, from now on; ``series``: what was taken. It holds one copy of the targets."""

    def __init__(self, session: Compression) -> None:
        self._session = session
        self.series: list[Reading] = []
        self._before = _copies(session.state)

    def take(self, loss: Tensor | float, accuracy: float = math.nan) -> Reading:
        """After an update.

        loss     : of the last batch, or a mean of several; without the penalty
        accuracy : of ``hard_projected`` on validation data, if it was measured
        """
        session = self._session
        state = session.state  # once: what was spilled is read from a disk
        network, copies = state.responses[NETWORK], _copies(state)
        assert network is not None  # a session begins with one
        found = reading(
            state.record.step,
            network.image,
            copies,
            self._before,
            loss=float(loss.detach() if isinstance(loss, Tensor) else loss),
            rho=session.rho,
            multipliers=state.multipliers,
            accuracy=accuracy,
        )
        self.series.append(found)
        self._before = copies
        return found

    def diagnosis(self) -> tuple[Diagnosis, ...]:
        """What they say."""
        return diagnose(self.series)


def _copies(state: State[Any]) -> Vector:
    """Z, on the set."""
    answered = state.responses[SET]
    assert answered is not None
    return scale(-1.0, answered.image)
