"""Learning from the dense network while retraining the sparse one.

Reference    Hinton, Vinyals, Dean, arXiv 1503.02531 (2015)
"""

import math

from torch import Tensor
from torch.nn import functional


def distillation(student: Tensor, teacher: Tensor, temperature: float = 4.0) -> Tensor:
    """T² KL(softmax(teacher/T) ‖ softmax(student/T)), mean over the batch.

    student, teacher : logits (n, classes); no gradient goes to the teacher. The factor T² keeps the
    gradient as large as that of the plain loss.
    """
    if not 0 < temperature < math.inf:
        raise ValueError(f"temperature must be a finite number > 0, got {temperature}")
    if student.shape != teacher.shape:
        raise ValueError(
            f"student and teacher must have one shape, got {tuple(student.shape)} and "
            f"{tuple(teacher.shape)}"
        )
    soft = functional.log_softmax(student / temperature, dim=1)
    aim = functional.log_softmax(teacher.detach() / temperature, dim=1)
    divergence = functional.kl_div(soft, aim, reduction="batchmean", log_target=True)
    return temperature**2 * divergence
