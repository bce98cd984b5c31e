"""What a series of updates says about the penalty: too small, too large, or nothing settles."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from statistics import median

TOLERANCE = 1e-3  # ‖W − Z‖ / ‖W‖ at which weights count as being at their set
SETTLED = 0.005  # the fraction of the support that changes in an update
LEAST = 8  # readings


@dataclass(frozen=True)
class Reading:
    """One update, in numbers without a unit.

    residual : ‖W − Z‖ / ‖W‖
    dual     : ρ ‖Z − Z before‖ / ‖multipliers‖; NaN: not measured
    loss     : the loss alone, without the penalty
    changes  : entries that joined or left the support, over the entries in it
    accuracy : of the network projected on its sets; NaN: not measured
    """

    step: int
    residual: float
    loss: float
    changes: float
    dual: float = math.nan
    accuracy: float = math.nan


class Diagnosis(Enum):
    """What was seen. The value is advice."""

    TOO_FEW = f"fewer than {LEAST} updates: too early to say"
    RHO_TOO_SMALL = (
        "rho is too small: the weights do not come nearer to their set, so projecting them will cost "
        "accuracy; raise rho, or let it grow"
    )
    RHO_TOO_LARGE = (
        "rho is too large: the pull decides and the loss does not improve; start with a smaller rho "
        "and let it grow"
    )
    UNSETTLED = (
        "the support never settles: as many entries join and leave it as before; update less often, "
        "lower the learning rate, or let rho grow while it changes"
    )
    SETTLED = "the weights are at their set and the support stands: freeze the zeros and retrain"
    PROGRESS = "nothing wrong to see: go on"

    @property
    def advice(self) -> str:
        """The text."""
        return self.value


def diagnose(readings: Sequence[Reading], *, tolerance: float = TOLERANCE) -> tuple[Diagnosis, ...]:
    """What the last half of the run says, compared with its own first half, by medians.

        too small     the residual is above the tolerance and fell by less than a tenth
        too large     the residual was within the tolerance in the first tenth of the run already, and
                      the loss is no lower than then; or dual > 10 residual [1] throughout
        unsettled     more than 0.5 % of the support changes in every update, and these changes did
                      not halve

    References   [1] Boyd et al. 2011, section 3.4.1 (with residuals made relative)
    """
    _require_ordered(readings)
    if len(readings) < LEAST:
        return (Diagnosis.TOO_FEW,)
    half = readings[len(readings) // 2 :]
    early, late = half[: len(half) // 2], half[len(half) // 2 :]
    at_set = median(r.residual for r in late) <= tolerance
    found = list[Diagnosis]()
    if not at_set and median(r.residual for r in late) > 0.9 * median(r.residual for r in early):
        found.append(Diagnosis.RHO_TOO_SMALL)
    if _pulled_too_hard(readings, half, tolerance):
        found.append(Diagnosis.RHO_TOO_LARGE)
    before, now = (median(r.changes for r in part) for part in (early, late))
    if min(r.changes for r in half) > SETTLED and now > before / 2:
        found.append(Diagnosis.UNSETTLED)
    if not found and at_set and all(r.changes == 0 for r in late):
        found.append(Diagnosis.SETTLED)
    return tuple(found) or (Diagnosis.PROGRESS,)


def _pulled_too_hard(
    readings: Sequence[Reading], half: Sequence[Reading], tolerance: float
) -> bool:
    if all(r.dual > 10 * r.residual for r in half):  # false where not measured
        return True
    start = readings[: max(len(readings) // 10, 1)]
    arrived = [r for r in start if r.residual <= tolerance]
    return bool(arrived) and median(r.loss for r in half) > 0.99 * arrived[0].loss


def _require_ordered(readings: Sequence[Reading]) -> None:
    for before, after in pairwise(readings):
        if after.step <= before.step:
            raise ValueError(f"steps must ascend, got {after.step} after {before.step}")
    for r in readings:
        if not (math.isfinite(r.residual) and math.isfinite(r.loss) and math.isfinite(r.changes)):
            raise ValueError(f"residual, loss and changes must be finite numbers, got {r}")
