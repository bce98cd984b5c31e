"""What a solver's trainings cost, so that baselines get as much."""

from collections import Counter

from lagrange.nn.split import NETWORK
from lagrange.solution import Solution
from problems.networks.compress import Task


def spent(task: Task, solution: Solution) -> tuple[int, int]:
    """Whole epochs of training that the solver asked for, and minibatches of one more.

    An answer that was rejected has been trained too, though the place of the one in hand does not show
    it. Solvers that reject train and project by turns, after a projection where a stage begins.
    """
    point = solution.responses[NETWORK].point
    if all(record.accepted for record in solution.trace):
        return point.epoch, point.step
    trainings = sum(n // 2 for n in Counter(record.stage for record in solution.trace).values())
    batches = len(task.feed.batches)
    return divmod(trainings * (task.settings.interval or batches), batches)
