"""The falsifier: searches for the smallest counterexample to a claim about a rule.

    from lagrange.falsifier import falsify
    print(falsify("projection-is-nearest", MySet()))

A claim is a ``Falsifiable``: a family of instances, an exact check of one instance, and a script that
shows a violation. Those of the theory are in ``proofs_checks.falsifiable`` and go by name.
"""

from lagrange.falsifier.claim import Falsifiable, Rule, Verdict
from lagrange.falsifier.falsify import falsify
from lagrange.falsifier.family import Family, Field, Instance
from lagrange.falsifier.findings import Counterexample, NotFalsified
from lagrange.falsifier.names import BUILT_IN, claim_named

__all__ = [
    "BUILT_IN",
    "Counterexample",
    "Falsifiable",
    "Family",
    "Field",
    "Instance",
    "NotFalsified",
    "Rule",
    "Verdict",
    "claim_named",
    "falsify",
]
