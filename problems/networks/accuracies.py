"""The accuracies of a finished run on the test images."""

from collections.abc import Callable, Mapping

from lagrange.instances import Number
from lagrange.solution import Solution
from problems.networks.compress import State, Task
from problems.networks.spent import spent


def accuracies(
    task: Task,
    solution: Solution,
    final: Callable[[State], State],
    baselines: Callable[[int], Mapping[str, Number]],
) -> Mapping[str, Number]:
    """Of the dense start, of the baselines, of the hard-projected network, of that trained on.

    final     : the hard-projected tensors → those after the training that follows
    baselines : epochs that they may spend → their accuracies
    """
    hard = solution.point
    epochs, batches = spent(task, solution)
    trained = final(hard)
    task.require_finished(hard)
    return {
        "epochs": epochs,
        "accuracy_start": task.test_accuracy(task.origin),
        **baselines(epochs + (batches > 0)),
        "accuracy_hard": task.test_accuracy(task.loaded(hard)),
        "accuracy_final": task.test_accuracy(task.loaded(trained)),
    }
