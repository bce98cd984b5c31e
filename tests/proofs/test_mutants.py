"""Every claim has a mutant, and every check tells it from the right version."""

from types import SimpleNamespace

import pytest

from proofs_checks import __main__ as command
from proofs_checks.catalogue import CLAIMS
from proofs_checks.claims import Mutant
from proofs_checks.comparison import Comparison

MUTANTS = [
    pytest.param(mutant, id=f"{claim.name}: {mutant.name}")
    for claim in CLAIMS.values()
    for mutant in claim.mutants
]


@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_check_holds_for_the_right_version_and_not_for_the_mutant(mutant):
    assert mutant.control().holds
    assert not mutant.violated().holds
    assert mutant.killed


def test_claims_are_complete_and_labels_unique():
    assert len({claim.label for claim in CLAIMS.values()}) == len(CLAIMS)
    for name, claim in CLAIMS.items():
        assert name == claim.name
        assert claim.statement and claim.source
        assert claim.check.__doc__ and claim.check.__doc__.startswith(claim.label)
        module = __import__(claim.check.__module__, fromlist=["_"])
        assert f"\n{claim.label}  " in module.__doc__ or f"\n{claim.label} " in module.__doc__


def test_the_command_reports_every_mutant(capsys):
    assert command.main() == 0
    out = capsys.readouterr().out
    n = len(MUTANTS)
    assert out.count("    killed") == n
    assert out.endswith(f"{len(CLAIMS)} claims, {n} of {n} mutants killed\n")
    assert "SURVIVES" not in out


def test_the_command_fails_if_a_mutant_survives(monkeypatch, capsys):
    claim = SimpleNamespace(
        name="idle",
        label="X0",
        statement="s",
        source="s",
        mutants=[SimpleNamespace(name="the right version", killed=False)],
    )
    monkeypatch.setattr(command, "CLAIMS", {"idle": claim})
    assert command.main() == 1
    out = capsys.readouterr().out
    assert "SURVIVES  the right version" in out and "1 claims, 0 of 1 mutants killed" in out


def test_a_mutant_whose_control_fails_is_not_killed():
    false = Comparison(2, 1, "<=")
    mutant = Mutant("both wrong", lambda: false, lambda: false)
    assert not mutant.killed
