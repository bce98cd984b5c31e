"""Imports inside ``lagrange`` point strictly downwards, and heavy packages stay where they belong."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# From the lowest to the highest; a module imports from strictly lower levels only. A package stands
# for its own ``__init__``, "." for that of lagrange: names to import from outside.
TABLE = """
    compiled contraction encoding facts falsifier.family meaning models models.cvxpy_split \
      models.report multiplier_divergence nn.bits nn.channel_flow nn.diagnosis \
      nn.distillation nn.example nn.measured nn.snapshot nn.targets nn.tensor_arrays oracles \
      oracles.knapsack_loops oracles.rounding records recovery sets.config sets.ladders \
      sets.size solvers solvers.bundle_loops solvers.cuts status study study.compare \
      study.document study.lines study.units theorems theorems.findings vectors version whole_files
    blocks divergence falsifier.claim falsifier.shrink known_blocks nn.channel_trace \
      nn.checkpoint nn.descent nn.index_codes nn.parametrized nn.schedules nn.thin \
      oracles.checks oracles.knapsack_core queries sets.arrays sets.step_search \
      solvers.bundle_program step_sizes study.plan testing.compare
    falsifier.names falsifier.trials models.cvxpy_coupling nn.compaction nn.fingerprints \
      nn.formulas nn.masks oracles.closed_form oracles.differences oracles.facility oracles.folded \
      oracles.knapsack oracles.network_flow oracles.quadratic oracles.separable \
      oracles.smooth oracles.sparse penalties problem sets.base sets.keys sets.nearest \
      solvers.groups target_steps testing.questions testing.sets testing.steps
    bounds falsifier.findings falsifier.search falsifier.strategies grouping nn.pull nn.rest \
      nn.support_growth nn.usage oracles.linear_sets oracles.proximal oracles.selection \
      oracles.set_block oracles.shortest_path sets.clusters sets.convex sets.lattice \
      sets.patterns sets.product sets.rank sets.selection sets.steps slack solvers.flat \
      stages state testing.blocks testing.exact theorems.evidence
    falsifier.falsify models.mps_file nn.conversation nn.members nn.ranks nn.training \
      oracles.conic_program oracles.highs oracles.linear_bounds recovery.recovering \
      sets.affine sets.groups sets.levels sets.monotone sets.simplex sets.sparsity \
      solvers.admm solvers.alternating solvers.augmented solvers.moves solvers.scheduled \
      starts stopping sweeps theorems.common theorems.penalties theorems.steps
    certificates falsifier live models.mps_split nn.retrain nn.worth oracles.conic_bound \
      oracles.milp plots recovery.programs recovery.restarts recovery.rounding sets.additive \
      sets.quantized sets.sharded sets.structure sets.weighted solution solvers.full_sweep \
      solvers.progressive solvers.surrogate \
      theorems.admm theorems.augmented theorems.bounds theorems.subgradient \
      theorems.surrogate
    checkpoint checks engine falsify_command instances models.mps_model nn.regrowth \
      nn.split \
      oracles.convex recovery.pool sets.binary sets.codebook sets.grids sets.powers \
      solvers.bundle solvers.subgradient solvers.surrogate_absolute solvers.surrogate_level \
      solvers.volume
    families models.cvxpy_model nn.controls nn.finished nn.saved parallel runs sets.joint sets.nested \
      testing.solvers
    . nn.level_codes nn.session sets study.check testing.suites theorems.progressive
    certify nn.quantized_weights nn.tensor_codes testing
    nn.bake nn.packed run_folder
    certify_saved demo nn.dead_paths nn.exporting nn.measures study.cell
    nn.readings nn.recipes study.live study.results
    nn study.runner study.tables
    study.cluster study.figures
    study.report
    study_command
    cli
    __main__
"""
LEVELS = [line.split() for line in TABLE.strip().splitlines()]
LEVEL = {name: number for number, names in enumerate(LEVELS) for name in names}

# The heavy packages and the only modules that may import them (a dot at the end: and all below).
HOMES = {
    "torch": ("nn.",),
    "matplotlib": ("plots", "study.figures"),
    "sklearn": (),
    "scipy": (
        "models.mps_split",
        "multiplier_divergence",
        "oracles.conic_program",
        "oracles.convex",
    ),
    "hypothesis": ("falsifier.strategies",),
    "cvxpy": (
        "models.cvxpy_coupling",
        "models.cvxpy_model",
        "models.cvxpy_split",
        "oracles.convex",
    ),
    "highspy": ("models.mps_file", "oracles.highs", "recovery.programs"),
    "numba": ("oracles.knapsack_loops", "solvers.bundle_loops"),
    "pandas": (),
    "typer": ("cli", "falsify_command", "study_command"),
    "rich": ("cli", "demo", "live", "study.live"),
}


def module_name(path: Path) -> str:
    """``nn.training`` for lagrange/nn/training.py, ``nn`` for its ``__init__``, "." for lagrange's."""
    parts = path.relative_to(ROOT / "lagrange").with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__") or "."


FILES = {module_name(path): path for path in sorted((ROOT / "lagrange").rglob("*.py"))}


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Full names imported anywhere in a file, in functions too, with the line; relative ones fail."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, f"{path}:{node.lineno}: relative import"
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def module_of(imported: str) -> str | None:
    """The module of lagrange behind an imported name; None for other packages."""
    package, _, name = imported.partition(".")
    if package != "lagrange":
        return None
    while name and name not in FILES:
        name = name.rpartition(".")[0]  # a class or a function of the module
    return name or "."


def test_every_module_has_a_level():
    assert sorted(FILES) == sorted(LEVEL)
    assert len(LEVEL) == sum(len(names) for names in LEVELS), "a module is named twice"


@pytest.mark.parametrize("name", FILES)
def test_imports_point_downwards(name):
    for imported, line in imports(FILES[name]):
        target = module_of(imported)
        if target is not None:
            assert LEVEL[target] < LEVEL[name], (
                f"{FILES[name].relative_to(ROOT)}:{line} imports {imported}: "
                f"level {LEVEL[target]} is not below level {LEVEL[name]}"
            )


def test_the_library_imports_no_instances():
    """Families are resolved by name at run time."""
    forbidden = {"problems", "proofs_checks", "papers", "benchmarks", "tests"}
    found = [
        f"{path.relative_to(ROOT)}:{line} imports {imported}"
        for path in FILES.values()
        for imported, line in imports(path)
        if imported.split(".")[0] in forbidden
    ]
    assert not found


def test_heavy_packages_stay_at_home():
    found = [
        f"{path.relative_to(ROOT)}:{line} imports {imported}"
        for name, path in FILES.items()
        for imported, line in imports(path)
        for homes in [HOMES.get(imported.split(".")[0])]
        if homes is not None and not any(_lives_in(name, home) for home in homes)
    ]
    assert not found


def _lives_in(name: str, home: str) -> bool:
    return f"{name}.".startswith(home) if home.endswith(".") else name == home


@pytest.mark.parametrize("module", ("lagrange", "lagrange.run_folder", "lagrange.cli"))
def test_importing_is_light(module):
    heavy = ("torch", "matplotlib", "sklearn", "scipy", "cvxpy", "highspy", "problems")
    code = f"import sys, {module}; print([n for n in {heavy!r} if n in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_plain_installation_imports_and_solves():
    """Everything that is an extra is hidden: the core still solves."""
    code = """
import sys
for name in ("torch", "matplotlib", "sklearn", "scipy", "cvxpy", "highspy", "hypothesis", "pytest"):
    sys.modules[name] = None
from lagrange import families, runs
import lagrange.testing
instance = families.resolve("assignment")(kind="A", agents=2, jobs=4)
print(runs.execute("assignment", {}, instance, steps=2).solution.status.name)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() in ("OPTIMAL", "STEP_LIMIT")
