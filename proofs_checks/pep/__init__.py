"""Performance estimation: worst cases as semidefinite programs, and proofs from their duals.

core         what is known of a run (Gram matrix, function values) and its worst case, by Clarabel
methods      gradient, subgradient, proximal point, Douglas–Rachford/ADMM, monotone operators
rounding     the dual solution as rational numbers that prove the rate exactly
proof_check  reads a ``proof.json`` and checks it with the standard library alone
worst_cases  functions on which the solvers of this library attain the rates
fixed_points averaged and anchored iterations of nonexpansive operators
rates        a worst case beside its closed form
claims       all of it as claims with mutants

python -m proofs_checks.pep                             solves, rounds and writes proofs/ again
python proofs_checks/pep/proof_check.py FILE...         checks, without any package
"""
