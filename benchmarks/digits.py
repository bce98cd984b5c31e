"""Pruning the digits network to 5 % of its weights: mean and spread over seeds, on held-out images.

    python -m benchmarks.digits [--seeds 5] [--keep 0.05]

Compared at equal epochs: dense, one-shot magnitude pruning of the dense network, a control (pruned by
magnitude at the start, trained as long with the zeros fixed), and the weights of three solvers after
hard projection, without retraining. The test images of a run are read once, at its end.
"""

import argparse
from collections.abc import Mapping, Sequence
from statistics import mean, stdev

import torch

from lagrange import runs
from problems.pruning import pruning

SOLVERS = ("admm", "surrogate", "progressive")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--keep", type=float, default=0.05)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    results: dict[str, list[Mapping[str, float]]] = {solver: [] for solver in SOLVERS}
    for seed in range(arguments.seeds):
        options = {"keep": arguments.keep, "seed": seed}
        for solver in SOLVERS:
            run = runs.execute("pruning", options, pruning(**options), solver)
            if run.error is not None:
                raise SystemExit(f"seed {seed}, {solver}: {run.error}")
            results[solver].append(
                {**runs.claims_of(run).facts, **run.instance.measure(run.solution)}
            )
    first = results[SOLVERS[0]]
    print(f"{first[0]['nonzeros']} of {first[0]['weights']} weights, {arguments.seeds} seeds")
    print("| method | test accuracy, mean ± sd | after retraining |")
    print("|---|---|---|")
    print(f"| dense | {_spread(first, 'accuracy_dense')} | |")
    print(f"| one-shot magnitude | {_spread(first, 'accuracy_one_shot')} | |")
    print(f"| control: magnitude, then training | {_spread(first, 'accuracy_control')} | |")
    for solver, rows in results.items():
        hard, final = _spread(rows, "accuracy_hard"), _spread(rows, "accuracy_final")
        print(f"| {solver}, hard-projected | {hard} | {final} |")


def _spread(rows: Sequence[Mapping[str, float]], name: str) -> str:
    values = [100 * row[name] for row in rows]
    return (
        f"{mean(values):.1f} ± {stdev(values):.1f} %" if len(values) > 1 else f"{values[0]:.1f} %"
    )


if __name__ == "__main__":
    main()
