"""Records and traces: what a run has to say about itself.

One step emits one ``Record`` of scalars. Printing, plots, progress bars and files are observers of
records; no solver prints. What was not measured at a step is NaN and never carried forward.
"""

import csv
import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

NAN = math.nan


class Record(NamedTuple):
    """The scalars of one step.

    step        : how many steps were finished, this one included
    seconds     : wall time since the start of the run, stamped by the engine
    cost        : Σ f_i of the blocks' current answers (not of a feasible point)
    lagrangian  : L(x, λ), with the pull where there is one, at the λ that was asked. A *surrogate*
                  value unless every block answered: not a bound
    lower_bound : proved at this step, else NaN
    upper_bound : objective of a feasible point found at this step, else NaN
    residual    : ‖g(x)‖;     residual_scale: the size it is relative to
    dual_residual : ‖change of the effective prices‖ (ADMM);  dual_scale: the size of the prices
    step_size   : s in λ ← P(λ + s g)
    movement    : ‖s g‖, the length of the multiplier step before projection
    rho         : weight of the pull
    accepted    : did the answers replace the old ones?
    moves       : how often the step rule was followed so far (a step of 0 counts)
    stage       : stage of a progressive run, from 0
    infeasibility, unboundedness : how steadily the iterates run away (``lagrange.divergence``), small
                  values are bad signs; NaN at most steps
    """

    step: int = 0
    seconds: float = 0.0
    cost: float = NAN
    lagrangian: float = NAN
    lower_bound: float = NAN
    upper_bound: float = NAN
    residual: float = NAN
    residual_scale: float = NAN
    dual_residual: float = NAN
    dual_scale: float = NAN
    step_size: float = NAN
    movement: float = NAN
    rho: float = NAN
    accepted: bool = True
    moves: int = 0
    stage: int = 0
    infeasibility: float = NAN
    unboundedness: float = NAN


class Trace:
    """The records of a run in order; callable, so that it is itself an observer."""

    def __init__(self) -> None:
        self._records: list[Record] = []

    def __call__(self, record: Record) -> None:
        self._records.append(record)

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records)

    def __getitem__(self, index: int) -> Record:
        return self._records[index]

    def column(self, name: str) -> list[float]:
        """One field over all steps, as floats."""
        if name not in Record._fields:
            raise KeyError(f"a record has no field {name!r}; fields: {', '.join(Record._fields)}")
        return [float(getattr(record, name)) for record in self._records]

    def write_csv(self, path: Path) -> None:
        """One line a step; NaN where nothing was measured. Floats survive the round trip."""
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(Record._fields)
            writer.writerows(self._records)


def ignore(record: Record) -> None:
    """The observer that does nothing."""
