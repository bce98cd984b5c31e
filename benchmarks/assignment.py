"""Certified gaps on every assignment file of the data folder, each within a time limit.

    LAGRANGE_DATA=DIR python -m benchmarks.assignment [--seconds 15] [--solver subgradient] [NAME ...]

Every run is saved, read back and verified in exact arithmetic; the last lines say how many bounds
bracket the best known value, and the median and the largest certified gap.
"""

import argparse
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

from lagrange import run_folder, runs
from problems.assignment import assignment
from problems.data import assignment_file, best_known_assignments


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", help="beginnings of instance names; all without")
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--solver", default="subgradient")
    arguments = parser.parse_args()
    gaps, wall, bracketed, verified = list[float](), list[float](), 0, 0
    for (name, sense), best in best_known_assignments().items():
        if arguments.names and not name.startswith(tuple(arguments.names)):
            continue
        began = perf_counter()
        report, wrong = _run(name, sense, arguments.solver, arguments.seconds)
        wall.append(perf_counter() - began)
        lower, upper, gap = report["lower_bound"], report["upper_bound"], report["gap"]
        inside = lower is not None and upper is not None and lower <= best <= upper
        bracketed += inside
        verified += not wrong
        gaps.append(float("inf") if gap is None else gap)
        print(
            f"{name:10} {sense} {lower} ≤ {best:g} ≤ {upper}  gap {100 * gaps[-1]:.3f} %  "
            f"{report['status']} {wall[-1]:.1f} s {'' if inside and not wrong else 'WRONG'}",
            flush=True,
        )
    print(f"{len(gaps)} runs: {bracketed} bracket the best known value, {verified} verified")
    print(f"certified gap: median {100 * median(gaps):.3f} %, largest {100 * max(gaps):.3f} %")
    print(f"wall time with verification: median {median(wall):.1f} s, largest {max(wall):.1f} s")


def _run(name: str, sense: str, solver: str, seconds: float) -> tuple[dict[str, object], list[str]]:
    """One saved and verified run: its report, and what is wrong with it."""
    options = {"instance": str(assignment_file(name)), "sense": sense}
    with tempfile.TemporaryDirectory() as folder:
        run = runs.execute("assignment", options, assignment(**options), solver, seconds=seconds)
        report = run_folder.save(run, Path(folder) / "run")
        saved = run_folder.load(Path(folder) / "run")
        return report, run_folder.verify(saved, assignment(**saved.rebuild_options))


if __name__ == "__main__":
    main()
