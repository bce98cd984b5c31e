"""Prints every claim and whether its check kills its mutants; exit 1 if one survives.

With the word ``table`` it writes README.md instead.
"""

import sys
from collections.abc import Sequence

from proofs_checks import table
from proofs_checks.catalogue import CLAIMS


def main(words: Sequence[str] = ()) -> int:
    """One line a claim, one a mutant; or the table."""
    if list(words) == ["table"]:
        table.write()
        print(f"wrote {table.README.name}")
        return 0
    if words:
        print(f"usage: python -m proofs_checks [table], got {' '.join(words)}", file=sys.stderr)
        return 2
    survivors = 0
    for claim in CLAIMS.values():
        print(f"{claim.name} ({claim.label})\n    {claim.statement}\n    source: {claim.source}")
        for mutant in claim.mutants:
            survivors += not mutant.killed
            print(f"    {'killed  ' if mutant.killed else 'SURVIVES'}  {mutant.name}")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
