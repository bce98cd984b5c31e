"""The README is executed: its Python blocks as they stand, its `lagrange` commands as typed."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lagrange.testing import Candidate, Question, block_checks

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text()
FENCES = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, flags=re.DOTALL | re.MULTILINE)
PYTHON = [code for language, code in FENCES if language == "python"]
SHELL = [
    line
    for language, block in FENCES
    if not language
    for line in block.splitlines()
    if line.startswith("lagrange ")
]


def test_the_readme_has_its_examples() -> None:
    assert len(PYTHON) == 5  # three worlds, a block and a rule of one's own, a cvxpy model
    assert len(SHELL) >= 4


@pytest.mark.parametrize("code", PYTHON, ids=range(len(PYTHON)))
def test_python_blocks_work_as_printed(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})
    assert capsys.readouterr().out.strip()


def test_the_cvxpy_model_proves_a_tight_bound_and_passes_the_referee() -> None:
    names: dict[str, Any] = {"__name__": "readme"}
    exec(compile(PYTHON[4], "README.md", "exec"), names)
    optimum = -float(np.sqrt(6 * 3 * (1 + 2 + 3 + 4)))  # Cauchy–Schwarz on Σ √i √v, Σ v = 6
    assert optimum - 1e-6 <= names["bound"] <= optimum
    assert names["examine"](names["model"], names["solution"]).holds(1e-6)


def test_own_block_and_rule_are_as_short_as_promised() -> None:
    def length(name: str) -> int:
        body = re.search(rf"class {name}\b.*?(?=\n\n|\n@|\Z)", PYTHON[3], flags=re.DOTALL)
        assert body is not None
        return 1 + len(body.group().splitlines())  # with the decorator

    assert length("PowerPlant") <= 8
    assert length("Halving") <= 5


def test_own_block_passes_the_checks_of_the_library() -> None:
    names: dict[str, Any] = {"__name__": "readme"}
    exec(compile(PYTHON[3], "README.md", "exec"), names)
    prices = [{"demand": np.array([p])} for p in (0.0, -4.0, -6.5, 3.0, 0.1)]
    rows = {"demand": np.array([10.0])}
    for plant in names["plants"]:
        does = [
            Candidate({"demand": np.array([plant.power * on])}, plant.cost * on) for on in (0, 1)
        ]
        asked = [Question(price) for price in prices]
        for check in block_checks(plant, asked, rows=rows, is_exact=True, candidates=does):
            check.run()


def test_commands_work_as_typed(tmp_path: Path) -> None:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for line in SHELL:
        done = subprocess.run(
            line.split(), cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        assert done.stdout.strip()
