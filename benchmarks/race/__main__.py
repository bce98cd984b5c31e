"""The race: generated assignment instances, ours against HiGHS, single thread, same machine, same run.

    python -m benchmarks.race [--classes C,D,E] [--sizes 20x400,40x400,20x1600,40x1600,80x1600]
                              [--seeds 3] [--limit 60] [--jobs 1] [--proof-limit 600] [--out runs/race]

Every cell (instance × contender) is a process of its own and a file; what is there is not run again, so
an interrupted race goes on where it was. Contenders: ours (a bundle from the capacity relaxation's
prices, with recovery), HiGHS at its defaults, HiGHS started from our point; on type E at 20x400 also
both until optimality is proved (limit ``--proof-limit``; 0: leave it out). All bounds of ours are
confirmed by the exact twin, all points in integers; HiGHS's bounds are rounded up to whole numbers too.
"""

import argparse
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.race.cells import Spec, cell_file, read_cell, run_cell
from benchmarks.race.plot import plot
from benchmarks.race.summary import HEAD, line, row_of, verdicts

SIZES = "20x400,40x400,20x1600,40x1600,80x1600"


def main() -> None:
    chosen = _parser().parse_args()
    if chosen.only_report and not chosen.out.is_dir():
        raise SystemExit(f"{chosen.out} is no folder of a race: --out names the one to report on")
    chosen.out.mkdir(parents=True, exist_ok=True)
    specs = [
        Spec(kind, *size, seed)
        for size in chosen.sizes
        for kind in chosen.classes
        for seed in range(chosen.seeds)
    ]
    hard = [s for s in specs if (s.kind, s.size) == ("E", "20x400") and chosen.proof_limit > 0]
    if not chosen.only_report:
        with ThreadPoolExecutor(chosen.jobs) as pool:
            list(pool.map(lambda spec: _race(chosen.out, spec, chosen.limit), specs))
            list(pool.map(lambda spec: _prove(chosen.out, spec, chosen.proof_limit), hard))
    report(chosen.out, specs, hard, chosen.limit, chosen.proof_limit)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.race",
        description="Assignment, ours against HiGHS: a table, the criteria, a plot.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )

    def add(flag: str, kind: Callable[[str], object], default: object, text: str) -> None:
        parser.add_argument(flag, type=kind, default=default, help=text)

    add("--classes", _classes, "C,D,E", "types of instances, of A to E")
    add("--sizes", _sizes, SIZES, "AGENTSxJOBS, with commas between")
    add("--seeds", int, 3, "instances of each type and size: seeds 0, 1, …")
    add("--limit", float, 60.0, "seconds of each contender")
    add("--jobs", int, 1, "instances at a time, each on a core of its own")
    add("--proof-limit", float, 600.0, "seconds for proofs of E 20x400; 0: none")
    add("--out", Path, Path("runs/race"), "folder of the cells; those there are not run again")
    parser.add_argument("--only-report", action="store_true", help="run nothing")
    return parser


def _classes(text: str) -> list[str]:
    kinds = text.split(",")
    if not set(kinds) <= set("ABCDE"):
        raise argparse.ArgumentTypeError(f"{text!r} must be some of A,B,C,D,E with commas between")
    return kinds


def _sizes(text: str) -> list[tuple[int, int]]:
    """Agents and jobs of each."""
    found = [re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", size) for size in text.split(",")]
    if not all(found):
        raise argparse.ArgumentTypeError(f"{text!r} must be AGENTSxJOBS, as in {SIZES}")
    return [(int(size[1]), int(size[2])) for size in found if size]


def _race(folder: Path, spec: Spec, limit: float) -> None:
    for contender in ("ours", "highs", "highs-started"):
        run_cell(folder, spec, contender, limit)


def _prove(folder: Path, spec: Spec, limit: float) -> None:
    for contender in ("ours-proof", "highs"):
        run_cell(folder, spec, contender, limit)


def report(
    folder: Path, specs: list[Spec], hard: list[Spec], limit: float, proof_limit: float
) -> None:
    print(f"\n{HEAD}")
    rows = [row for spec in specs if (row := row_of(folder, spec, limit)) is not None]
    for row in rows:
        print(line(row))
    prepared = [
        read_cell(file)["preparation"]
        for spec in specs
        if (file := cell_file(folder, spec, "ours", limit)).exists()
    ]
    if prepared:
        print(f"loading and compiling, off the clock: {max(prepared):.1f} s at most")
    proofs = dict[str, tuple[object, object]]()
    for spec in hard:
        files = [cell_file(folder, spec, who, proof_limit) for who in ("ours-proof", "highs")]
        if all(file.exists() for file in files):
            ours, highs = map(read_cell, files)
            proofs[str(spec)] = (ours, highs)
            print(f"proof {spec}: ours {ours['status']} in {ours['log'][-1][0]:.1f} s "
                  f"({ours.get('detail', '')}), HiGHS {highs['status']} in "
                  f"{highs['log'][-1][0]:.1f} s")  # fmt: skip
    if not rows:
        raise SystemExit(f"no instance is complete in {folder}: run without --only-report")
    print(f"\n{len(rows)} of {len(specs)} instances, limit {limit:g} s")
    print("\n".join(verdicts(rows, proofs)))
    plot(folder, specs, limit, folder / "gaps.png")
    print(f"plot: {folder / 'gaps.png'}")


if __name__ == "__main__":
    main()
