"""Models from files: bounds against HiGHS on the whole model, and against the Lagrangian dual."""

import math
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pytest
from scipy.optimize import linprog

from lagrange import Feasible, GapBelow, Start, Status, StepLimit, Subgradient, solve
from lagrange.bounds import exact_sweep
from lagrange.models.mps_model import from_mps
from lagrange.step_sizes import Polyak
from lagrange.stopping import Stop
from tests.tolerances import CERTIFIED, EXACT
from tests.worlds.mps_files import (
    Column,
    Row,
    assignment,
    block_angular,
    dense_of,
    location,
    solved_as_a_whole,
    two_knapsacks,
    write,
)

WORLDS = {
    "assignment by job": (assignment, "job*"),
    "assignment by agent": (assignment, "cap*"),
    "location": (location, "demand_*"),
    "knapsacks": (two_knapsacks, "shared"),
    "block-angular": (block_angular, ["tie_le", "tie_ge", "tie_eq"]),
}


@dataclass(frozen=True)
class BoundReaches(Stop):
    level: float

    def __call__(self, state):
        return Status.CONVERGED if state.best.lower_bound >= self.level else None


def climbed(model, target, steps=300, near=0.0, patience=10):
    """Polyak's step towards the target (in minimization form), until the bound comes near it."""
    rule = Polyak(target=target, patience=patience)
    stop = GapBelow(0) | BoundReaches(target - near) | StepLimit(steps)
    return solve(model, Subgradient(rule), stop=stop)


def in_minimization(model, value):
    return value if model.sense == "min" else -value


@pytest.mark.parametrize("world", WORLDS)
def test_bounds_never_exceed_the_optimum(tmp_path, world):
    make, coupling = WORLDS[world]
    path = make(tmp_path / "model.mps")
    model, whole = from_mps(path, coupling), solved_as_a_whole(path)
    best = in_minimization(model, whole.optimum)
    solution = climbed(model, best, steps=40)
    bounds = np.array(solution.trace.column("lower_bound"))
    assert np.isfinite(bounds).all()
    assert (bounds <= best + CERTIFIED(best)).all()
    assert solution.lower_bound >= best - 0.1 * abs(best), "and they are worth something"
    assert len(model.blocks) > 1 and model.report.worthwhile


@pytest.mark.parametrize("maximize", [False, True])
def test_a_linear_program_has_no_gap(tmp_path, maximize):
    path = block_angular(tmp_path / "lp.mps", maximize)
    model, whole = from_mps(path, "tie_*"), solved_as_a_whole(path)
    best = in_minimization(model, whole.optimum)
    near = 1e-3 * (1 + abs(best))
    solution = climbed(model, best, steps=3000, near=near, patience=None)
    assert best - near <= solution.lower_bound <= best + CERTIFIED(best)


@pytest.mark.parametrize("maximize", [False, True])
def test_row_duals_prove_the_optimum_and_come_back(tmp_path, maximize):
    """HiGHS's row duals, taken in as multipliers, prove its optimum at once, and are written back with
    HiGHS's signs.
    """
    path = block_angular(tmp_path / "lp.mps", maximize)
    model, whole = from_mps(path, "tie_*"), solved_as_a_whole(path)
    assert any(abs(whole.row_duals[name]) > 0.1 for name in ("tie_le", "tie_ge", "tie_eq"))
    sign = 1.0 if model.sense == "min" else -1.0
    start = {
        sense: np.array([-sign * way * whole.row_duals[name] for name, way in rows])
        for sense, rows in model.coupling.items()
    }
    solver = Subgradient(Polyak(target=in_minimization(model, whole.optimum)))
    solution = solve(model, solver, stop=StepLimit(1), start=solver.init(model, Start(start)))
    best = in_minimization(model, whole.optimum)
    assert solution.lower_bound == pytest.approx(best, rel=1e-7)
    assert solution.lower_bound <= best + CERTIFIED(best)
    answer = model.write_back(solution)
    assert answer.bound == pytest.approx(whole.optimum, rel=1e-7)
    for name in ("tie_le", "tie_ge", "tie_eq"):
        assert answer.multipliers[name] == pytest.approx(whole.row_duals[name], abs=1e-9)


def lagrangian_dual(path, coupling) -> float:
    """max q: the linear program over convex combinations of all integer points (brute force), in the
    sense of the file. Continuous columns take both ends: enough where these are their vertices.
    """
    model = dense_of(path)
    tied = np.array([name in coupling for name in model["row_names"]])
    rows, low, high = model["rows"], model["row_lower"], model["row_upper"]
    own = np.where(tied[:, None], 0.0, rows)
    parts = components(own)
    points, blocks = [], []
    for k, columns in enumerate(parts):
        ends = [range(int(model["lower"][j]), int(model["upper"][j]) + 1) for j in columns]
        for choice in product(*ends):
            x = np.zeros(rows.shape[1])
            x[columns] = choice
            active = own[:, columns].any(axis=1)
            at = own @ x
            if ((low - 1e-9 <= at) & (at <= high + 1e-9))[active].all():
                points.append(x)
                blocks.append(k)
    X, d = np.array(points).T, model["sign"] * model["cost"]
    G = rows[tied] @ X
    above, below = np.isfinite(high[tied]), np.isfinite(low[tied])
    found = linprog(
        d @ X,
        A_ub=np.vstack([G[above], -G[below]]),
        b_ub=np.concatenate([high[tied][above], -low[tied][below]]),
        A_eq=np.equal.outer(np.arange(len(parts)), blocks).astype(float),
        b_eq=np.ones(len(parts)),
    )
    assert found.status == 0
    return float(model["sign"] * found.fun + model["offset"])


def components(own):
    """Columns joined by rows, by plain search."""
    rest, parts = set(range(own.shape[1])), []
    while rest:
        part, new = set(), {rest.pop()}
        while new:
            part |= new
            touched = (own[:, sorted(part)] != 0).any(axis=1)
            new = set(np.flatnonzero((own[touched] != 0).any(axis=0)).tolist()) - part
        parts.append(sorted(part))
        rest -= part
    return parts


@pytest.mark.parametrize(
    ("make", "coupling", "strict"),
    [
        (lambda p: assignment(p, agents=2, jobs=7, seed=5, room=1.0), "job*", True),
        (lambda p: assignment(p, agents=3, jobs=4, seed=5), "cap*", False),
        (lambda p: two_knapsacks(p, seed=5), "shared", True),
        (lambda p: two_knapsacks(p, maximize=False, seed=5), "shared", True),
    ],
    ids=["by job", "by agent", "knapsacks", "knapsacks min"],
)
def test_the_best_bound_is_the_lagrangian_dual(tmp_path, make, coupling, strict):
    """Not the linear relaxation, which is weaker where blocks lack the integrality property."""
    path = make(tmp_path / "model.mps")
    model = replace(from_mps(path, coupling), integral=False)
    rows = {name for pairs in model.coupling.values() for name, _ in pairs}
    dual = in_minimization(model, lagrangian_dual(path, rows))
    near = 1e-3 * (1 + abs(dual))
    solution = climbed(model, dual, steps=600, near=near, patience=None)
    assert dual - near <= solution.lower_bound <= dual + CERTIFIED(dual)
    relaxed = in_minimization(model, _relaxation(path)[0])
    assert not strict or dual > relaxed + 0.05


def _relaxation(path) -> tuple[float, dict[str, float]]:
    """The linear relaxation's optimum and the row duals, by scipy; in the sense of the file."""
    m = dense_of(path)
    above, below = np.isfinite(m["row_upper"]), np.isfinite(m["row_lower"])
    found = linprog(
        m["sign"] * m["cost"],
        A_ub=np.vstack([m["rows"][above], -m["rows"][below]]),
        b_ub=np.concatenate([m["row_upper"][above], -m["row_lower"][below]]),
        bounds=np.stack([m["lower"], m["upper"]], axis=1),
    )
    names = np.array(m["row_names"])
    duals = dict.fromkeys(m["row_names"], 0.0)
    split = int(above.sum())
    for name, value in zip(names[above], found.ineqlin.marginals[:split], strict=True):
        duals[str(name)] += m["sign"] * value
    for name, value in zip(names[below], found.ineqlin.marginals[split:], strict=True):
        duals[str(name)] -= m["sign"] * value
    return float(m["sign"] * found.fun + m["offset"]), duals


def test_blocks_add_up_to_the_model(tmp_path):
    """Cost, rows and sets of the blocks against the dense model, at points of every block."""
    for make, coupling in WORLDS.values():
        path = make(tmp_path / "model.mps")
        model, whole = from_mps(path, coupling), dense_of(path)
        price = {name: np.full(rhs.shape, 0.5) for name, rhs in model.rhs.items()}
        answers = [block.respond(price, None, None) for block in model.blocks]
        values = model.assemble([answer.point for answer in answers])
        x = np.array([values[name] for name in whole["column_names"]])
        objective = in_minimization(model, float(whole["cost"] @ x + whole["offset"]))
        assert sum(a.cost for a in answers) == pytest.approx(objective, rel=EXACT())
        activity = dict(zip(whole["row_names"], whole["rows"] @ x, strict=True))
        residual = model.residual(answers)
        limits = zip(whole["row_lower"], whole["row_upper"], strict=True)
        ends = dict(zip(whole["row_names"], limits, strict=True))
        tied = set()
        for sense, rows in model.coupling.items():
            for (name, way), g in zip(rows, residual[sense].tolist(), strict=True):
                end = ends[name][1] if way > 0 else ends[name][0]
                assert g == pytest.approx(way * (activity[name] - end), abs=1e-9)
                tied.add(name)
        for name in set(ends) - tied:
            low, high = ends[name]
            assert low - 1e-6 <= activity[name] <= high + 1e-6
        assert (x >= whole["lower"]).all() and (x <= whole["upper"]).all()


def test_columns_left_in_no_row_come_together(tmp_path):
    """All rows relaxed: one block and a formula; row duals prove the linear relaxation's value."""
    path = assignment(tmp_path / "m.mps")
    model = from_mps(path, ["job*", "cap*"])
    assert [(part.variables, part.constraints) for part in model.report.parts] == [(24, 0)]
    assert model.report.coupling_rows == 11
    relaxed, duals = _relaxation(path)
    multipliers = {
        sense: np.array([-way * duals[name] for name, way in rows])
        for sense, rows in model.coupling.items()
    }
    bound, _ = exact_sweep(replace(model, integral=False), multipliers)
    assert bound == pytest.approx(relaxed, rel=1e-9)
    assert bound <= relaxed + CERTIFIED(relaxed)


def test_a_range_row_counts_once_in_the_answer(tmp_path):
    model = from_mps(two_knapsacks(tmp_path / "m.mps"), "shared")
    solution = climbed(model, -186.0, steps=20)
    up, down = solution.multipliers["le"].tolist()
    assert model.write_back(solution).multipliers == {"shared": up - down}
    assert up > 0, "the multiplier of a max problem's ≤ row is what more of it is worth"


def test_a_feasible_union_of_answers_is_found_and_named(tmp_path):
    """The coupling row is slack: at zero prices the blocks' answers are the optimum."""
    rows = [Row("tie", "L", 100), *(Row(f"bag_{k}", "L", 3) for k in range(2))]
    columns = [
        Column(f"x_{k}_{j}", 3 + j, {"tie": 1, f"bag_{k}": 1 + j}, 0, 2, True)
        for k in range(2)
        for j in range(2)
    ]
    path = write(tmp_path / "m.mps", rows, columns, constant=-1.0, maximize=True)
    model, whole = from_mps(path, "tie"), solved_as_a_whole(path)
    solution = climbed(model, -whole.optimum)
    answer = model.write_back(solution)
    assert answer.objective == answer.bound == whole.optimum
    objective = sum(c.cost * answer.values[c.name] for c in columns) - 1.0
    assert objective == whole.optimum
    assert list(answer.multipliers) == ["tie"] and answer.multipliers["tie"] == 0.0
    assert model.integral


def test_without_a_feasible_point_the_answer_says_so(tmp_path):
    model = from_mps(assignment(tmp_path / "m.mps"), "job*")
    answer = model.write_back(climbed(model, 300.0, steps=2))
    assert answer.values is None and answer.objective is None
    assert math.isfinite(answer.bound)


def test_a_repair_of_ones_own(tmp_path):
    path = assignment(tmp_path / "m.mps")
    model, whole = from_mps(path, "job*"), solved_as_a_whole(path)
    optimal = [np.round([whole.values[name] for name in names]) for names in model.columns]
    mine = replace(model, recover=lambda responses: Feasible(optimal, whole.optimum))
    solution = climbed(mine, whole.optimum, steps=3)
    assert mine.write_back(solution).values == pytest.approx(whole.values, abs=1e-6)
    assert mine.report is model.report
