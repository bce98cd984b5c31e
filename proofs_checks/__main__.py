"""python -m proofs_checks [table]

Prints every claim, whether its check kills its mutants, and the totals; exit 1 if a mutant survives.
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
    if list(words) in (["--help"], ["-h"]):
        print(__doc__)
        return 0
    if words:
        print(f"usage: python -m proofs_checks [table], got {' '.join(words)}", file=sys.stderr)
        return 2
    survivors = mutants = 0
    for claim in CLAIMS.values():
        print(f"{claim.name} ({claim.label})\n    {claim.statement}\n    source: {claim.source}")
        for mutant in claim.mutants:
            killed = mutant.killed
            mutants, survivors = mutants + 1, survivors + (not killed)
            print(f"    {'killed  ' if killed else 'SURVIVES'}  {mutant.name}")
    print(f"{len(CLAIMS)} claims, {mutants - survivors} of {mutants} mutants killed")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
