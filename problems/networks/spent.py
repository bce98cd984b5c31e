"""What a solver's trainings cost, so that baselines get as much."""

from collections import Counter

from lagrange.nn.split import NETWORK
from lagrange.records import Trace
from lagrange.solution import Solution
from problems.networks.compress import Task


def spent(task: Task, solution: Solution) -> tuple[int, int]:
    """Whole epochs of training that the solver asked for, and minibatches of one more.

    An answer that was rejected has been trained too, though the place of the one in hand does not show
    it.
    """
    point = solution.responses[NETWORK].point
    if all(record.accepted for record in solution.trace):
        return point.epoch, point.step
    batches = len(task.feed.batches)
    return divmod(trainings(solution.trace) * (task.settings.interval or batches), batches)


def trainings(trace: Trace) -> int:
    """Of solvers that train and project by turns: training first, in later stages a projection."""
    steps = Counter(record.stage for record in trace)
    return sum(n // 2 if stage else -(-n // 2) for stage, n in steps.items())
