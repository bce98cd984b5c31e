"""The dual methods with a memory of their own, on problems with known optima."""

from collections.abc import Iterator

from lagrange import Problem
from lagrange.oracles.folded import BinaryImages
from lagrange.solvers.bundle import LevelBundle
from lagrange.solvers.surrogate_absolute import SurrogateAbsolute
from lagrange.solvers.surrogate_level import SurrogateLevel
from lagrange.solvers.volume import Volume
from lagrange.step_sizes import Polyak, SurrogateContraction
from lagrange.target_steps import AdaptiveTarget
from tests.contracts.solver_cases import SolverCase, assignment, assignment_costs


def dual_solver_cases() -> Iterator[SolverCase]:
    for kind, capacity in (("exactly", 4), ("cover", 4), ("pack", 3)):
        problem, costs = assignment(capacity, kind=kind), assignment_costs(capacity, kind=kind)
        polyak = Polyak(target=costs[0] + 1.0, patience=3)
        along_g = {
            "level": SurrogateLevel(costs[0] + 6.0, check_every=3, radius=100.0),
            "level-sweeps": SurrogateLevel(
                costs[0] + 1.0, 1.0, group=2, sweep_every=4, check_every=1, window=5, radius=100.0
            ),
        }
        along_means = {
            "bundle": LevelBundle(),
            "bundle-small": LevelBundle(2, step_size=0.3, tolerance=0.0, sweeps=3),
            "bundle-together": LevelBundle(3, together=True),
            "volume": Volume(polyak),
            "volume-mixing": Volume(AdaptiveTarget(2.0, patience=2), mixing=0.7),
        }
        for name, solver in along_g.items():
            yield SolverCase(f"{kind}-{name}", problem, solver, 10, costs)
        for name, solver in along_means.items():
            yield SolverCase(f"{kind}-{name}", problem, solver, 10, costs, over_relaxed=True)
    contraction = SurrogateContraction.for_horizon(40, first_step=0.5)
    for kind, capacity in (("exactly", 4), ("pack", 3)):  # the blocks of "cover" are not 0/1
        problem, costs = assignment(capacity, kind=kind), assignment_costs(capacity, kind=kind)
        folded = Problem(
            tuple(BinaryImages(block) for block in problem.blocks), problem.rhs, problem.inequality
        )
        for name, solver in (
            ("absolute", SurrogateAbsolute(contraction, 0.3)),
            ("absolute-sweeps", SurrogateAbsolute(contraction, growth=1.5, sweep_every=4)),
        ):
            yield SolverCase(f"{kind}-{name}", folded, solver, 10, costs)
