"""Checks proofs of worst-case rates: files ``proof.json``, with the standard library alone.

    python proof_check.py proofs/*.json        prints what each file proves; exit 1 if one does not

A file says what is known of a run and how much of each inequality to add up:

    basis        names of vectors
    functions    for each: its class, and points {x, g} as combinations of the basis; x = g = 0 at "*".
                 The coordinates *are* the method: "1": {"x": {"x0": "1", "g0": "-1"}} is a step.
                 class = convex (values "NAME POINT") or operator (none); mu, L, lipschitz, null is none
    assumptions  form ≤ bound, for instance ‖x0‖² ≤ 1
    maximize     what the theorem is about, a form too
    bound        the theorem: maximize ≤ bound
    multipliers  λ ≥ 0 by the name of an inequality: of an assumption, "NAME I J" or "NAME I"
    slack        S = Σ λ A − C as L D Lᵀ with D > 0: a column beside a zero would prove nothing

A form is {"quadratic": {"u v": coefficient of ⟨u, v⟩}, "linear": {scalar: coefficient}}.

Checked: λ ≥ 0; the linear parts of Σ λ (form) and of ``maximize`` are equal; the quadratic parts differ
by L D Lᵀ, entry by entry; D > 0; Σ λ (bound of the inequality) = bound. Then for every run

    maximize = Σ λ form − ⟨S, Gram⟩ ≤ Σ λ form ≤ bound.

The inequalities of a class are rebuilt here from its definition. All numbers are fractions; nothing is
rounded, and no other file is imported.
"""

import json
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

Vec = dict[str, Fraction]
Pairs = dict[tuple[str, str], Fraction]


class Refused(ValueError):
    """The file proves nothing."""


def check(proof: dict[str, Any]) -> Fraction:
    """The bound that the proof proves. Raises Refused with the reason where it proves none."""
    names = proof["basis"]
    if len(set(names)) != len(names):
        raise Refused("a basis vector is named twice")
    quadratic: Pairs = {}
    linear: Vec = {}
    total = Fraction(0)
    for name, written in proof["multipliers"].items():
        weight = Fraction(written)
        if weight < 0:
            raise Refused(f"the multiplier of {name!r} is negative: {weight}")
        pairs, scalars, bound = _inequality(proof, name)
        _add(quadratic, pairs, weight)
        _add(linear, scalars, weight)
        total += weight * bound
    pairs, scalars = _form(proof["maximize"])
    _add(quadratic, pairs, Fraction(-1))
    _add(linear, scalars, Fraction(-1))
    for name, v in linear.items():
        if v != 0:
            raise Refused(f"the values do not cancel: {v} of {name!r} is left")
    _check_slack(names, quadratic, proof["slack"])
    if total != Fraction(proof["bound"]):
        raise Refused(f"the multipliers prove {total}, the file says {proof['bound']}")
    return total


def _inequality(proof: dict[str, Any], name: str) -> tuple[Pairs, Vec, Fraction]:
    """form ≤ bound, by name."""
    for assumption in proof["assumptions"]:
        if assumption["name"] == name:
            return *_form(assumption), Fraction(assumption["bound"])
    function, *which = name.split(" ")
    if function not in proof["functions"]:
        raise Refused(f"there is no inequality {name!r}")
    kind = proof["functions"][function]
    if any(i not in kind["points"] for i in which) or len(which) not in (1, 2):
        raise Refused(f"there is no inequality {name!r}")
    if len(which) == 1:
        if kind["lipschitz"] is None:
            raise Refused(f"{name!r}: the class has no bound on ‖g‖")
        g = _vec(kind["points"][which[0]]["g"])
        return _inner(g, g), {}, Fraction(kind["lipschitz"]) ** 2
    return *_pair(function, kind, which[0], which[1]), Fraction(0)


def _pair(name: str, kind: dict[str, Any], i: str, j: str) -> tuple[Pairs, Vec]:
    """What two points of one function satisfy, as form ≤ 0."""
    one, two = kind["points"][i], kind["points"][j]
    x = _combine((1, _vec(one["x"])), (-1, _vec(two["x"])))
    g = _combine((1, _vec(one["g"])), (-1, _vec(two["g"])))
    mu = Fraction(kind["mu"])
    L = None if kind["L"] is None else Fraction(kind["L"])
    if mu < 0 or (L is not None and mu >= L):
        raise Refused(f"a class needs 0 <= mu < L, got {mu} and {L}")
    rest = _combine((1, g), (-mu, x))  # slope of the function less mu/2 ‖·‖²
    form: Pairs = {}
    if kind["class"] == "operator":
        # ⟨Δg − mu Δx, L Δx − Δg⟩ ≥ 0, or ⟨Δg − mu Δx, Δx⟩ ≥ 0
        other = x if L is None else _combine((L, x), (-1, g))
        _add(form, _inner(rest, other), Fraction(-1))
        return form, {}
    if kind["class"] != "convex":
        raise Refused(f"unknown class {kind['class']!r}")
    # f_i ≥ f_j + ⟨g_j, Δx⟩ + mu/2 ‖Δx‖² + ‖Δg − mu Δx‖² / (2 (L − mu))
    _add(form, _inner(_vec(two["g"]), x), Fraction(1))
    _add(form, _inner(x, x), mu / 2)
    if L is not None:
        _add(form, _inner(rest, rest), 1 / (2 * (L - mu)))
    return form, {f"{name} {j}": Fraction(1), f"{name} {i}": Fraction(-1)}


def _check_slack(names: list[str], quadratic: Pairs, slack: dict[str, Any]) -> None:
    """Is the quadratic form L D Lᵀ with D > 0, of as many columns as it takes?"""
    L = [[Fraction(v) for v in row] for row in slack["L"]]
    D = [Fraction(v) for v in slack["D"]]
    if len(L) != len(names) or any(len(row) != len(D) for row in L):
        raise Refused("the factors of the slack matrix have the wrong shape")
    if any(d < 0 for d in D):
        raise Refused(f"the slack matrix is not positive semidefinite: {min(D)} in D")
    if 0 in D:
        raise Refused("a zero in D: leave out its column of L, of which anything could be said")
    left = dict(quadratic)
    for a, row in zip(names, L, strict=True):
        for b, other in zip(names, L, strict=True):
            product = sum((u * d * v for u, d, v in zip(row, D, other, strict=True)), Fraction(0))
            _add(left, {(a, b): product}, Fraction(-1))
    for (a, b), v in left.items():
        if v != 0:
            raise Refused(f"the slack matrix is not L D Lᵀ: {v} ⟨{a}, {b}⟩ is left")


def _vec(written: dict[str, str]) -> Vec:
    return {name: Fraction(v) for name, v in written.items()}


def _combine(*terms: tuple[Fraction | int, Vec]) -> Vec:
    total: Vec = {}
    for factor, vec in terms:
        _add(total, vec, Fraction(factor))
    return total


def _inner(u: Vec, v: Vec) -> Pairs:
    form: Pairs = {}
    for a, p in u.items():
        for b, q in v.items():
            _add(form, {(a, b): p * q}, Fraction(1))
    return form


def _add(total: dict[Any, Fraction], more: dict[Any, Fraction], factor: Fraction) -> None:
    """total += factor · more; a pair of vectors has one key, whatever its order."""
    for key, v in more.items():
        at = tuple(sorted(key)) if isinstance(key, tuple) else key
        total[at] = total.get(at, Fraction(0)) + factor * v


def _form(written: dict[str, Any]) -> tuple[Pairs, Vec]:
    pairs: Pairs = {}
    for key, v in written["quadratic"].items():
        a, b = key.split(" ")
        _add(pairs, {(a, b): Fraction(v)}, Fraction(1))
    return pairs, _vec(written["linear"])


def main(paths: list[str]) -> int:
    """One line a file."""
    refused = 0
    for path in paths:
        try:
            proof = json.loads(Path(path).read_text(encoding="utf-8"))
            print(f"proved   {proof['title']} <= {check(proof)}")
        except (Refused, KeyError, ValueError) as error:
            refused += 1
            print(f"REFUSED  {path}: {error}")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
