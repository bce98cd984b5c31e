"""Prints every claim and whether its check kills its mutants; exit 1 if one survives."""

import sys

from proofs_checks.catalogue import CLAIMS


def main() -> int:
    """One line a claim, one a mutant."""
    survivors = 0
    for claim in CLAIMS.values():
        print(f"{claim.name} ({claim.label})\n    {claim.statement}\n    source: {claim.source}")
        for mutant in claim.mutants:
            survivors += not mutant.killed
            print(f"    {'killed  ' if mutant.killed else 'SURVIVES'}  {mutant.name}")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
