"""The table of all claims: ``python -m proofs_checks table`` writes it into README.md.

Status, by what the pinned checks return:
    exact        both sides are rational numbers and nothing is rounded
    numerical    floats, with the error that rounding or a solver may have made
    certificate  numerical, and proved for the stored cases by multipliers in rational arithmetic

Time is that of the pinned checks and mutants, once each, in seconds: it is measured, not checked.
"""

import sys
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

from proofs_checks.catalogue import CLAIMS
from proofs_checks.claims import Claim
from proofs_checks.comparison import Comparison
from proofs_checks.pep.artifacts import THEOREMS

README = Path(__file__).parent / "README.md"
HEADER = "| claim | statement | reference | status | mutants | time (s) |"
# claim → what the names of its stored proofs begin with
STORED: Mapping[str, str] = {
    "gradient-rate": "gradient-",
    "subgradient-rate": "subgradient-",
    "proximal-point-rate": "proximal-",
    "splitting-rate": "splitting-",
    "monotone-rate": "monotone-",
    "admm-energy-estimate": "admm-energy",
    "averaged-fixed-point-rate": "averaged-",
    "anchored-fixed-point-rate": "anchored-",
}


class Row(NamedTuple):
    """One claim; ``seconds`` is the only part that differs from run to run."""

    group: str
    label: str
    name: str
    statement: str
    reference: str
    status: str
    mutants: int
    seconds: float


def rows() -> Iterator[Row]:
    """One for each claim, in the order of the catalogue."""
    for claim in CLAIMS.values():
        began = perf_counter()
        checks = [mutant.control() for mutant in claim.mutants]
        for mutant in claim.mutants:
            mutant.violated()
        seconds = perf_counter() - began
        yield Row(
            _group(claim),
            claim.label,
            claim.name,
            claim.statement,
            claim.source,
            _status(claim, checks),
            len(claim.mutants),
            seconds,
        )


def _group(claim: Claim) -> str:
    """The first line of the file that has the proof."""
    described = sys.modules[claim.check.__module__].__doc__ or ""
    return described.partition("\n")[0].rstrip(".")


def _status(claim: Claim, checks: list[Comparison]) -> str:
    prefix = STORED.get(claim.name)
    if prefix is not None and any(name.startswith(prefix) for name in THEOREMS):
        return "certificate"
    exact = all(
        isinstance(side, (int, Fraction)) and check.error == 0
        for check in checks
        for side in (check.measured, check.predicted)
    )
    return "exact" if exact else "numerical"


def markdown(found: list[Row]) -> str:
    """The whole README."""
    total = sum(row.seconds for row in found)
    kinds = {status: sum(row.status == status for row in found) for status in KINDS}
    lines = [
        "# Claims that the solvers rely on",
        "",
        "Written by `python -m proofs_checks table`; a test compares it with the catalogue.",
        "Proofs are in the files' docstrings. Every check must reject its mutants: wrong versions of",
        "the statement or of the procedure, on pinned instances.",
        "",
        f"{len(found)} claims ({', '.join(f'{n} {status}' for status, n in kinds.items())}), "
        f"{sum(row.mutants for row in found)} mutants; {total:.1f} s for all of them, once each.",
        "",
        *(f"- **{status}**: {meaning}" for status, meaning in KINDS.items()),
    ]
    group = ""
    for row in found:
        if row.group != group:
            group = row.group
            lines += ["", f"## {group}", "", HEADER, "|---|---|---|---|---|---|"]
        lines.append(_line(row))
    return "\n".join(lines) + "\n"


KINDS: Mapping[str, str] = {
    "exact": "both sides are rational numbers, nothing is rounded",
    "numerical": "floats, with the error that rounding or a solver may have made",
    "certificate": "numerical, and proved for the stored cases by rational multipliers "
    "(`pep/proofs`, checked with the standard library alone)",
}


def _line(row: Row) -> str:
    cells = (
        f"{row.label} `{row.name}`",
        row.statement,
        row.reference,
        row.status,
        str(row.mutants),
        f"{row.seconds:.2f}",
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def without_times(text: str) -> list[str]:
    """The lines of the table with their last cell left out, and the other lines but the total."""
    kept: list[str] = []
    for line in text.splitlines():
        if " s for all of them" in line:
            continue
        kept.append(line.rstrip(" |").rpartition(" | ")[0] if line.startswith("| ") else line)
    return kept


def write() -> None:
    """Measures, and writes README.md."""
    README.write_text(markdown(list(rows())), encoding="utf-8")
