"""Claims that the solvers rely on, as checks that can fail.

One file for each group of theorems. A *check* takes an instance and a procedure (a bound, a step, a
schedule), works out what was measured and what the theorem predicts, in exact rationals wherever the
statement allows it, and returns a ``Comparison``. Fed with the right procedure it holds; each *mutant*
feeds it a plausible wrong one on a pinned instance, and the check must then be violated. A check
without a killed mutant says nothing and is not accepted here.

    python -m proofs_checks          every claim, its source and what became of its mutants
"""
