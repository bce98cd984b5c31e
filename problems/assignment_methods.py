"""The dual methods of the assignment family: one entry a name that ``--solver`` takes."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from lagrange.instances import Method
from lagrange.oracles.folded import BinaryImages
from lagrange.problem import Problem
from lagrange.solvers.subgradient import Subgradient
from lagrange.solvers.surrogate import SurrogateLagrangian
from lagrange.solvers.surrogate_absolute import SurrogateAbsolute
from lagrange.solvers.surrogate_level import SurrogateLevel
from lagrange.solvers.volume import Volume
from lagrange.state import Solver, Start
from lagrange.step_sizes import Polyak, SurrogateContraction

Begin = Callable[[], Start | None]  # called where a method is taken: a start costs time
ROUNDS = 1000  # of answers of all blocks to a surrogate method, unless the user says otherwise
GROUPS = 5  # of blocks, which answer together: as good, answer for answer, and fewer moves


def dual_methods(
    problem: Problem[None], begin: Begin, estimate: float, *, binary: bool
) -> Mapping[str, Callable[[int | None], Method]]:
    """``estimate`` is a cost that no optimal point exceeds, for steps while no feasible one is known.
    The absolute method is there where images hold zeros and ones only: ``binary``.
    """
    blocks = len(problem.blocks)
    group = max(1, blocks // GROUPS)
    pulled = replace(problem, blocks=tuple(map(BinaryImages, problem.blocks)))
    polyak = Polyak(patience=20, estimate=estimate)

    def whole(solver: Solver[None], usual: int) -> Callable[[int | None], Method]:
        """Every step asks all blocks."""
        return lambda steps: Method(problem, solver, steps or usual, begin())

    def surrogate(steps: int | None) -> Method:
        moves = steps or ROUNDS * blocks // group
        rule = schedule(moves, moves * group / blocks, estimate)
        solver = SurrogateLagrangian(rule, group, sweep_every=10 * blocks // group)
        return Method(problem, solver, moves, begin())

    def absolute(steps: int | None) -> Method:
        moves = steps or ROUNDS * blocks
        rule = schedule(moves, moves / blocks, estimate)
        solver = SurrogateAbsolute(rule, sweep_every=10 * blocks)
        return Method(pulled, solver, moves, begin())

    level = SurrogateLevel(sweep_every=10 * blocks, check_every=10 * blocks)
    methods: dict[str, Callable[[int | None], Method]] = {
        "subgradient": whole(Subgradient(polyak), 5000),
        "surrogate": surrogate,
        "volume": whole(Volume(polyak), 5000),
        "level": lambda steps: Method(problem, level, steps or ROUNDS * blocks, begin()),
    }
    return {**methods, "absolute": absolute} if binary else methods


def schedule(moves: int, rounds: float, estimate: float) -> SurrogateContraction:
    """Steps that shrink to (2/rounds)² of the first, with so many answers of each block: in sum long
    enough to come from anywhere, short enough in the end. Found by trial on 100 to 1000 rounds.
    """
    moves, shrink = max(100, moves), min(0.1, (2 / rounds) ** 2)
    return SurrogateContraction.for_horizon(moves, shrink=shrink, estimate=estimate)
