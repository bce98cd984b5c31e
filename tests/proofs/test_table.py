"""The README of the claims is in step with the catalogue; only its times are not compared."""

from dataclasses import replace

import pytest

from proofs_checks import __main__ as command
from proofs_checks import table
from proofs_checks.catalogue import CLAIMS
from proofs_checks.pep.artifacts import THEOREMS


@pytest.fixture(scope="module")
def fresh():
    return list(table.rows())


def test_the_readme_is_what_the_command_writes(fresh):
    written = table.README.read_text(encoding="utf-8")
    assert table.without_times(written) == table.without_times(table.markdown(fresh)), (
        "run: python -m proofs_checks table"
    )


def test_every_claim_has_a_line_and_a_status(fresh):
    assert [row.name for row in fresh] == list(CLAIMS)
    assert {row.status for row in fresh} == set(table.KINDS)
    status = {row.name: row.status for row in fresh}
    assert status["weak-duality"] == "exact"
    assert status["three-block-radius"] == "numerical"
    assert status["gradient-rate"] == "certificate"


def test_a_changed_status_name_or_reference_is_seen_and_a_time_is_not(fresh):
    before = table.without_times(table.markdown(fresh))
    for change in (
        {"status": "proved"},
        {"name": "other"},
        {"reference": "hearsay"},
        {"mutants": 99},
        {"statement": "1 = 2"},
    ):
        changed = [fresh[0]._replace(**change), *fresh[1:]]
        assert table.without_times(table.markdown(changed)) != before
    slower = [row._replace(seconds=row.seconds + 1) for row in fresh]
    assert table.without_times(table.markdown(slower)) == before


def test_every_stored_proof_belongs_to_a_claim():
    assert set(table.STORED) <= set(CLAIMS)
    orphans = {n for n in THEOREMS if not n.startswith(tuple(table.STORED.values()))}
    assert orphans == {"admm-relaxed"}, "the distance of relaxed ADMM is claim B1, which is exact"


def test_a_status_is_read_off_the_checks(monkeypatch):
    claim = CLAIMS["weak-duality"]
    rounded = [replace(m.control(), error=1e-9) for m in claim.mutants]
    assert table._status(claim, rounded) == "numerical"
    assert table._status(claim, [m.control() for m in claim.mutants]) == "exact"


def test_the_command_writes_it(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(table, "README", tmp_path / "README.md")
    monkeypatch.setattr(table, "rows", lambda: iter([]))
    assert command.main(["table"]) == 0
    assert (tmp_path / "README.md").read_text(encoding="utf-8").startswith("# Claims")
    assert command.main(["chair"]) == 2
    assert command.main(["--help"]) == 0
    assert "chair" in capsys.readouterr().err
