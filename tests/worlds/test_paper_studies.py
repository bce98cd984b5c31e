"""The study of each paper's folder: nothing in it is unknown, and it reruns within minutes."""

import subprocess
import time
from pathlib import Path

import pytest

from lagrange.study import plan
from lagrange.study.check import check
from tests.worlds.program import LAGRANGE, ROOT, environment

FILES = sorted((ROOT / "papers").glob("*/*.toml"))
FULL = sorted((ROOT / "papers" / "full").glob("*/*.toml"))
MINUTES = 5.0  # on two cores


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_every_paper_has_a_study():
    folders = {path.parent for path in (ROOT / "papers").glob("*/README.md")}
    assert {path.parent for path in FILES} == folders


@pytest.mark.parametrize("path", FILES, ids=shown)
def test_nothing_is_unknown(path):
    study = plan.read(path)
    check(study)
    assert len({cell.seed for cell in study.cells}) >= 5


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=shown)
def test_a_study_reruns_within_minutes(path, tmp_path):
    began = time.monotonic()
    words = ("study", str(path), "--workers", "2", "--out", "out")
    done = subprocess.run(
        [*LAGRANGE, *words], cwd=tmp_path, env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - began < 60 * MINUTES


@pytest.mark.parametrize("path", FULL, ids=shown)
def test_nothing_is_unknown_in_the_full_studies(path):
    """They take hours and data: here they are read only, and say how they are started."""
    study = plan.read(path)
    check(study)
    few = "one seed" in path.read_text()  # and says so
    assert len({cell.seed for cell in study.cells}) >= (1 if few else 3)
    assert f"lagrange study {shown(path)}" in path.read_text()
