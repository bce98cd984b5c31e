"""Comparing a worst case with a closed form, and writing down mutants."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from proofs_checks.claims import Mutant
from proofs_checks.comparison import Comparison
from proofs_checks.pep.core import Estimation, worst_case

SDP_ERROR = 1e-6  # absolute; the values are of the size of 1
SOURCE = "performance estimation, as in Y. Drori, M. Teboulle, Math. Program. 145 (2014) 451–482"


def rate(
    estimation: Estimation, closed_form: Fraction, without: Sequence[str] = (), **options: Any
) -> Comparison:
    """The worst case is the closed form."""
    found = worst_case(estimation, without, **options)
    return Comparison(found.value, closed_form, "==", SDP_ERROR)


def mutants(
    control: Callable[[], Comparison], **violated: Callable[[], Comparison]
) -> tuple[Mutant, ...]:
    """Wrong versions by name, with the right one beside each."""
    return tuple(Mutant(name.replace("_", " "), v, control) for name, v in violated.items())
