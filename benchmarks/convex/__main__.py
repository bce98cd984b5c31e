"""Prints both tables: the cost of the engine, and the time to a KKT residual of 1e-6.

    python -m benchmarks.convex            all of it, some minutes
    python -m benchmarks.convex overhead   the first table only

Peers that are not installed are left out and named: pip install pyproximal cvxpy osqp scs
"""

import sys
import warnings
from importlib.util import find_spec
from statistics import median

from benchmarks.convex import overhead, peers
from benchmarks.convex.instances import CASES

LARGE = 10_000  # variables


def shown(run: peers.Timed) -> str:
    """Seconds, or how far it came."""
    return f"{run.seconds:8.2f} s" if run.passed else f"– ({run.kkt:.0e})"


def main() -> None:
    overhead.main()
    if "overhead" in sys.argv[1:]:
        return
    missing = [name for name in ("pyproximal", "cvxpy", "osqp", "scs") if find_spec(name) is None]
    if missing:
        print(f"not installed and left out: {', '.join(missing)}")
    proximal_ratios: list[float] = []
    wins: list[bool] = []
    for make in CASES:
        case = make()
        mine, steps = peers.ours(case)
        line = f"{case.name:38} ours {shown(mine)} ({steps} steps)"
        if "pyproximal" not in missing:
            run = peers.pyproximal(case)
            line += f" | pyproximal {shown(run)}"
            proximal_ratios.append(run.seconds / mine.seconds if run.passed else float("inf"))
        if "cvxpy" not in missing:
            runs = {name: peers.through_cvxpy(case, name, o) for name, o in peers.CVXPY.items()}
            line += "".join(f" | {name} {shown(run)}" for name, run in runs.items())
            best = min([run.seconds for run in runs.values() if run.passed], default=float("inf"))
            if case.variables >= LARGE:
                wins.append(mine.passed and mine.seconds < best)
        print(line, flush=True)
    if proximal_ratios:
        print(
            f"pyproximal / ours: smallest {min(proximal_ratios):.2f} (limit 1), "
            f"median {median(proximal_ratios):.2f} (limit 2)"
        )
    if wins:
        print(
            f"faster than the best of cvxpy on {sum(wins)} of {len(wins)} with ≥ {LARGE:,} variables"
        )


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # of the peers
    main()
