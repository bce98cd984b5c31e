"""Stored proofs: they hold, they say what they seem to, and no number in them can be changed."""

import ast
import json
import subprocess
import sys
from copy import deepcopy
from dataclasses import replace
from fractions import Fraction
from time import perf_counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofs_checks.pep import artifacts, claims, methods, proof_check, rounding, worst_cases
from proofs_checks.pep.core import FunctionClass, worst_case

NAMES = list(artifacts.THEOREMS)


def test_there_is_a_file_for_every_theorem_and_no_other():
    assert len(NAMES) >= 8
    assert sorted(artifacts.path(n) for n in NAMES) == sorted(artifacts.FOLDER.iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_a_stored_proof_proves_its_theorem(name):
    assert claims.proved(name).holds
    stored = artifacts.load(name)
    theorem = artifacts.THEOREMS[name]
    assert Fraction(stored["bound"]) == theorem.bound
    assert stored["exact"] == theorem.exact
    assert stored["title"] == theorem.estimation.title
    # the coordinates are those of the method
    for key, part in artifacts.problem_json(theorem.estimation, stored["multipliers"]).items():
        assert stored[key] == part


def test_all_stored_proofs_are_checked_within_seconds():
    began = perf_counter()
    for name in NAMES:
        proof_check.check(artifacts.load(name))
    assert perf_counter() - began < 5


TEXT = ("title", "name", "class")


def leaves(written, path=()):
    """Paths to all rational numbers."""
    if isinstance(written, dict | list):
        items = written.items() if isinstance(written, dict) else enumerate(written)
        for key, inner in items:
            yield from leaves(inner, (*path, key))
    elif isinstance(written, str) and path[-1] not in TEXT and path[0] != "basis":
        yield path


def changed(proof, path, by):
    """The proof with one rational moved."""
    proof = deepcopy(proof)
    at = proof
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = str(Fraction(at[path[-1]]) + by)
    return proof


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("gradient-10", "subgradient-8")])
def test_a_proof_fails_when_one_rational_is_changed(name):
    """Every one, up and, in files that are not long, down by a thousandth."""
    proof = artifacts.load(name)
    paths = list(leaves(proof))
    survivors = []
    for path in paths:
        for by in (Fraction(1, 1000), Fraction(-1, 1000))[: 1 if len(paths) > 90 else 2]:
            try:
                proof_check.check(changed(proof, path, by))
            except proof_check.Refused:
                continue
            survivors.append(path)
    assert survivors == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda p: p["multipliers"].update({"f * 0": "-1/2"}), "negative"),
        (lambda p: p["multipliers"].update({"f 0 7": "1"}), "no inequality"),
        (lambda p: p["multipliers"].update({"g 0 1": "1"}), "no inequality"),
        (lambda p: p["multipliers"].update({"f 0": "1"}), "no bound on"),
        (lambda p: p["multipliers"].update({"f 1 0": "1/9"}), "do not cancel"),
        (lambda p: p["functions"]["f"].update({"mu": "2"}), "0 <= mu < L"),
        (lambda p: p["functions"]["f"].update({"class": "smooth"}), "unknown class"),
        (lambda p: p["slack"]["L"].pop(), "wrong shape"),
        (lambda p: p["slack"]["D"].__setitem__(0, "-1/2"), "not positive semidefinite"),
        (lambda p: p["slack"]["D"].__setitem__(0, "0"), "a zero in D"),
        (lambda p: p["basis"].__setitem__(0, "x0"), "twice"),
        (lambda p: p["multipliers"].update({"start": "1/5"}), "is left"),
        (lambda p: p.update({"bound": "1/7"}), "the file says 1/7"),
    ],
)
def test_refusals_name_the_reason(change, reason):
    proof = artifacts.load("gradient-1")
    change(proof)
    with pytest.raises(proof_check.Refused, match=reason):
        proof_check.check(proof)


def test_a_vector_outside_the_basis_is_left_over():
    """It would have a zero on the diagonal of the slack matrix."""
    proof = artifacts.load("gradient-1")
    proof["assumptions"][0]["quadratic"]["u u"] = "1"
    with pytest.raises(proof_check.Refused, match="is left"):
        proof_check.check(proof)


def test_the_checker_needs_the_standard_library_only(tmp_path):
    source = artifacts.Path(proof_check.__file__)
    imported = {
        (node.names[0].name if isinstance(node, ast.Import) else node.module or "").split(".")[0]
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert imported == {"fractions", "json", "pathlib", "sys", "typing"}
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps(artifacts.load("gradient-1") | {"bound": "1/7"}), encoding="utf-8")
    alone = tmp_path / "checker.py"
    alone.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    command = [sys.executable, "-I", "-S", "-X", "utf8", str(alone)]
    good = [str(artifacts.path(n)) for n in NAMES]
    done = subprocess.run([*command, *good], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.count("proved   ") == len(NAMES)
    done = subprocess.run([*command, *good, str(bad)], capture_output=True, encoding="utf-8")
    assert done.returncode == 1
    assert "REFUSED" in done.stdout


@pytest.mark.parametrize("name", ["gradient-5", "subgradient-3", "splitting-steep", "monotone-3"])
def test_a_theorem_can_be_proved_again(name):
    theorem = artifacts.THEOREMS[name]
    written = artifacts.as_json(theorem.prove(), theorem.exact)
    assert proof_check.check(json.loads(artifacts._pretty(written))) == theorem.bound


@pytest.mark.parametrize("name", [n for n, t in artifacts.THEOREMS.items() if not t.exact])
def test_weaker_theorems_are_slightly_weaker(name):
    theorem = artifacts.THEOREMS[name]
    worst = worst_case(theorem.estimation).value
    assert worst < theorem.bound < worst * 1.002
    with pytest.raises(rounding.NotRounded):  # below the worst case there is nothing to prove
        rounding.prove(theorem.estimation, theorem.bound * Fraction(99, 100), exact=False)


def test_other_constants_scale_the_bound():
    """M = 2 with the step R/(M √(N + 1)) doubles the rate of M = 1; the checker squares M itself."""
    estimation = methods.subgradient(3, Fraction(1, 4))
    _, points = estimation.functions["f"]
    steeper = {"f": (FunctionClass(lipschitz=Fraction(2)), points)}
    proof = rounding.prove(replace(estimation, functions=steeper), Fraction(1))
    assert proof_check.check(artifacts.as_json(proof, exact=True)) == 1


def test_a_bound_below_the_worst_case_is_not_proved():
    theorem = artifacts.THEOREMS["gradient-2"]
    with pytest.raises(rounding.NotRounded):
        rounding.prove(theorem.estimation, theorem.bound - Fraction(1, 1000))


def test_the_runs_are_worst_cases_of_the_stored_theorems():
    for name in worst_cases.RUNS:
        assert artifacts.THEOREMS[name].exact or name == "monotone-5"


# ------------------------------------------------------------------ exact linear algebra


@given(st.integers(1, 4), st.data())
def test_factorization_agrees_with_eigenvalues(n, data):
    entries = st.integers(-3, 3)
    rows = [[data.draw(entries) for _ in range(n)] for _ in range(n)]
    symmetric = [[Fraction(rows[i][j] + rows[j][i]) for j in range(n)] for i in range(n)]
    product = [
        [sum(Fraction(a * b) for a, b in zip(u, v, strict=True)) for v in rows] for u in rows
    ]
    for matrix in (symmetric, product):
        factors = rounding.factorize(matrix)
        smallest = np.linalg.eigvalsh(np.array(matrix, dtype=float))[0]
        if abs(smallest) > 1e-9:
            assert (factors is not None) == (smallest > 0)
        if factors is None:
            assert matrix is symmetric
            continue
        L, D = factors
        assert min(D) >= 0
        rebuilt = [[sum(a * d * b for a, d, b in zip(u, D, v, strict=True)) for v in L] for u in L]
        assert rebuilt == matrix
