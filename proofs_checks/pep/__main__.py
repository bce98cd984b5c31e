"""Proves every theorem of ``artifacts`` again and stores the proofs."""

from proofs_checks.pep import artifacts
from proofs_checks.pep.proof_check import check

for _name in artifacts.THEOREMS:
    _proof = artifacts.write(_name)
    print(f"{_name}: {_proof['title']} <= {check(_proof)}")
