"""The stored proofs: what each says, and how its file is made again.

A theorem that is not marked exact is a slightly weaker one than the closed form or the solver's value
beside it: there the boundary of the cone does not let itself be rounded (the worst case is irrational).
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from proofs_checks.pep import fixed_points, methods
from proofs_checks.pep.core import Estimation, Form, Known, Row
from proofs_checks.pep.rounding import Proof, prove

FOLDER = Path(__file__).parent / "proofs"
HALF = Fraction(1, 2)


@dataclass(frozen=True)
class Theorem:
    """estimation ≤ bound.

    exact : the bound is the worst case itself; otherwise it is above it, by little
    only  : names of the inequalities that the proof may use, None for all
    """

    estimation: Estimation
    bound: Fraction
    exact: bool = True
    only: Collection[str] | None = None

    def prove(self) -> Proof:
        """Solves and rounds. Raises NotRounded."""
        return prove(self.estimation, self.bound, exact=self.exact, only=self.only)


def _gradient(steps: int) -> Theorem:
    chain = [f"f {k} {k + 1}" for k in range(steps)]
    names = ["start", *chain, *(f"f * {k}" for k in range(steps + 1))]
    estimation = methods.gradient(steps, Fraction(1))
    return Theorem(estimation, methods.gradient_rate(steps), only=names)


def _proximal(*steps: Fraction) -> Theorem:
    return Theorem(methods.proximal_point(steps), methods.proximal_rate(steps))


def _splitting(*case: Fraction) -> Theorem:
    return Theorem(methods.douglas_rachford(*case), methods.douglas_rachford_rate(*case))


def _averaged(steps: int, weight: Fraction) -> Theorem:
    bound = fixed_points.averaged_rate(steps, weight)
    return Theorem(fixed_points.averaged_iteration(steps, weight), bound)


def _anchored(steps: int) -> Theorem:
    return Theorem(fixed_points.anchored_iteration(steps), fixed_points.anchored_rate(steps))


_ONE, _FOUR, THIRD = Fraction(1), Fraction(4), Fraction(1, 3)
_energy = methods.admm_energy

THEOREMS: Mapping[str, Theorem] = MappingProxyType(
    {
        "gradient-1": _gradient(1),
        "gradient-2": _gradient(2),
        "gradient-5": _gradient(5),
        "gradient-10": _gradient(10),
        "subgradient-3": Theorem(methods.subgradient(3, HALF), HALF),
        "subgradient-8": Theorem(methods.subgradient(8, THIRD), THIRD),
        # √3 − 1 = 0.73205…
        "subgradient-1-long": Theorem(
            methods.subgradient(1, _ONE), Fraction(7321, 10000), exact=False
        ),
        "proximal-1": _proximal(_ONE),
        "proximal-4": _proximal(_ONE, _ONE, Fraction(2), _FOUR),
        "proximal-3": _proximal(HALF, Fraction(3), _ONE),
        "splitting-flat": _splitting(_ONE, _FOUR, THIRD),
        "splitting-steep": _splitting(_ONE, Fraction(3), _ONE),
        "splitting-relaxed": _splitting(_ONE, _FOUR, THIRD, Fraction(3, 2)),
        "monotone-2": Theorem(methods.monotone_proximal(2), methods.monotone_rate(2)),
        "monotone-3": Theorem(methods.monotone_proximal(3), methods.monotone_rate(3)),
        # 256/3125 = 0.08192
        "monotone-5": Theorem(methods.monotone_proximal(5), Fraction(41, 500), exact=False),
        "averaged-2": _averaged(2, HALF),
        "averaged-3": _averaged(3, Fraction(3, 4)),
        "anchored-1": _anchored(1),
        "anchored-3": _anchored(3),
        "anchored-6": _anchored(6),
        "admm-energy": Theorem(_energy(), Fraction(0)),
        "admm-energy-first": Theorem(_energy(first_sweep=True), Fraction(0)),
        "admm-relaxed": Theorem(_energy(relaxation=Fraction(3, 2)), Fraction(0)),
        "admm-energy-relaxed": Theorem(
            _energy(relaxation=Fraction(3, 2), combined=False), Fraction(0)
        ),
    }
)


def path(name: str) -> Path:
    """Where the proof of a theorem is stored."""
    return FOLDER / f"{name}.proof.json"


def load(name: str) -> dict[str, Any]:
    """The stored proof of a theorem."""
    return json.loads(path(name).read_text(encoding="utf-8"))


def write(name: str) -> dict[str, Any]:
    """Solves, rounds and stores one proof."""
    proof = as_json(THEOREMS[name].prove(), exact=THEOREMS[name].exact)
    path(name).write_text(_pretty(proof) + "\n", encoding="utf-8")
    return proof


def _pretty(written: Any, indent: int = 0) -> str:
    """JSON; what fits on a line is on one."""
    flat = json.dumps(written, ensure_ascii=False)
    if not isinstance(written, dict | list) or len(flat) + indent <= 100:
        return flat
    pad = " " * (indent + 1)
    if isinstance(written, list):
        inner = [_pretty(v, indent + 1) for v in written]
    else:
        inner = [f"{json.dumps(k)}: {_pretty(v, indent + 1)}" for k, v in written.items()]
    first, last = "[]" if isinstance(written, list) else "{}"
    return f"{first}\n{pad}" + f",\n{pad}".join(inner) + f"\n{' ' * indent}{last}"


def as_json(proof: Proof, exact: bool) -> dict[str, Any]:
    """What ``proof_check`` reads: the problem in coordinates, multipliers and factors as strings."""
    estimation = proof.estimation
    vectors, _ = estimation.names()
    kept = [k for k, d in enumerate(proof.D) if d != 0]  # the other columns add nothing
    return {
        "title": estimation.title,
        "exact": exact,
        "bound": str(proof.bound),
        **problem_json(estimation, proof.multipliers),
        "basis": vectors,
        "multipliers": {name: str(v) for name, v in sorted(proof.multipliers.items())},
        "slack": {
            "L": [[str(row[k]) for k in kept] for row in proof.L],
            "D": [str(proof.D[k]) for k in kept],
        },
    }


def problem_json(estimation: Estimation, used: Collection[str]) -> dict[str, Any]:
    """Functions, assumptions and objective in coordinates; only what the ``used`` inequalities need."""
    text = partial(_optional, str)
    named = {(name.split(" ")[0], i) for name in used for i in name.split(" ")[1:]}
    return {
        "functions": {
            name: {
                "class": "operator" if kind.operator else "convex",
                "mu": str(kind.mu),
                "L": text(kind.L),
                "lipschitz": text(kind.lipschitz),
                "points": {i: _known_json(k) for i, k in points.items() if (name, i) in named},
            }
            for name, (kind, points) in estimation.functions.items()
        },
        "assumptions": [
            {"name": a.name, **_form_json(a.form), "bound": str(a.bound)}
            for a in estimation.assumptions
            if a.name in used
        ],
        "maximize": _form_json(estimation.objective),
    }


def _optional(text: Any, v: Fraction | None) -> str | None:
    return None if v is None else text(v)


def _row_json(row: Row) -> dict[str, str]:
    return {name: str(v) for name, v in row.entries.items()}


def _known_json(known: Known) -> dict[str, dict[str, str]]:
    return {"x": _row_json(known.x), "g": _row_json(known.g)}


def _form_json(form: Form) -> dict[str, dict[str, str]]:
    return {
        "quadratic": {f"{a} {b}": str(v) for (a, b), v in form.quadratic.items()},
        "linear": {name: str(v) for name, v in form.linear.items()},
    }
