"""The notes on papers: complete, short, and naming only what exists."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from proofs_checks.catalogue import CLAIMS

ROOT = Path(__file__).parents[2]
NOTES = sorted((ROOT / "papers").glob("*/README.md"))
PARTS = ["**Reference.**", "**What was read.**", "## Notation", "## Update", "## Claims"]
SOURCES = ("abstract only", "text", "code", "log", "second-hand")


def resolve(dotted):
    """The object of a dotted name, the longest importable prefix being a module."""
    parts = dotted.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found = import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for name in parts[end:]:
            found = getattr(found, name)
        return found
    raise ModuleNotFoundError(dotted)


def table(text, heading):
    """The rows of the table under a heading, without its head."""
    section = text.split(heading)[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def run_by(command):
    """The file that a command runs."""
    named = re.fullmatch(r"(?:lagrange study|python -m pytest) (\S+)", command)
    if named:
        return named[1]
    [module] = re.findall(r"^python -m (benchmarks\.\w+)$", command)
    return module.replace(".", "/") + ".py"


def test_there_are_notes():
    assert {path.parent.name for path in NOTES} >= {
        "surrogate_relaxation",
        "slr",
        "global_admm",
        "progressive_admm",
    }


@pytest.mark.parametrize("path", NOTES, ids=lambda path: path.parent.name)
def test_a_note_has_all_its_parts_and_is_short(path):
    text = path.read_text()
    positions = [text.index(part) for part in [*PARTS, "## Known gaps"]]
    assert positions == sorted(positions)
    assert len(text.splitlines()) <= 80
    assert table(text, "## Notation")
    assert path.parent.name in (ROOT / "papers" / "README.md").read_text()


@pytest.mark.parametrize("path", NOTES, ids=lambda path: path.parent.name)
def test_a_claim_has_a_source_and_a_number_of_ours_has_a_command(path):
    for claim, theirs, source, ours, rerun in table(path.read_text(), "## Claims"):
        assert claim and theirs
        assert source.startswith(SOURCES), source
        if ours.startswith("not run"):
            assert rerun == "–"
        else:
            [command] = re.findall(r"^`(.+)`$", rerun)
            assert (ROOT / run_by(command)).exists()


@pytest.mark.parametrize(
    "path", [*NOTES, ROOT / "papers" / "README.md"], ids=lambda p: p.parent.name
)
def test_names_exist(path):
    quoted = re.findall(r"`([^`\n]+)`", path.read_text())
    dotted = [name for name in quoted if re.fullmatch(r"(lagrange|problems)(\.\w+)+", name)]
    assert dotted
    for name in dotted:
        resolve(name)
    for name in quoted:
        if name.startswith(("proofs_checks/", "tests/")):
            assert (ROOT / name).exists(), name
    for name in re.findall(r"\(`([a-z-]+)` in `proofs_checks`\)", path.read_text()):
        assert name in CLAIMS


def test_papers_that_the_code_refers_to_exist():
    named = set()
    for path in (ROOT / "lagrange").rglob("*.py"):
        named |= set(re.findall(r"papers/(\w+)", path.read_text()))
    assert "progressive_admm" in named
    for name in named:
        assert (ROOT / "papers" / name / "README.md").exists(), name
