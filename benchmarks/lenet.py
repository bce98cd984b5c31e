"""LeNet-5 on MNIST: 98.8 % of the weights removed by one budget; all layers binary; all layers 3 bits.

    LAGRANGE_DATA=DIR python -m benchmarks.lenet --work FOLDER [CELL ...] [--quick] [--full]

Cells are prune-SEED-SOLVER, bits-B-SEED-SOLVER, or the name of the default ones without. Each is one
run of the command line's families in one thread; its folder holds the run, the network as a packed
file and as a torch file, and ``cell.json``. A finished cell is not run again, its row of the table is
printed; dense networks are kept in FOLDER/dense. Minutes are of the processor, dense training included
unless it was there already, and of the clock.

Every cell reads its two files back: the same predictions on every test image, at most as many nonzeros
as allowed, every weight a member of its set. ``--full`` trains 65 epochs instead of 44 and in single
precision; ``--quick`` is a trial of a few minutes.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean
from time import perf_counter, process_time
from typing import Any

import torch

from lagrange import families, run_folder, runs
from lagrange.nn import packed
from lagrange.nn.members import Members
from lagrange.sets import GlobalCardinality, PerTensor
from lagrange.whole_files import put
from problems.networks import registry
from problems.networks.dataset import Part
from problems.networks.quantized import level_set
from problems.networks.training import AT_ONCE

KEEP = 5_166  # 98.8 % of 430,500 removed
CELLS = ("prune-0-admm", "prune-1-admm", "prune-2-admm", "bits-1-0-admm", "bits-3-0-admm")
MEASURED = {"batch": 128, "interval": 25, "half": True, "pick": "best"}  # as the README's rows were
QUICK = {**MEASURED, "pretrain": 1, "epochs": 1, "retrain": 1}
SHORT = {**MEASURED, "pretrain": 8, "epochs": 12, "retrain": 24}
FULL: dict[str, Any] = {}  # what the families take by default


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("cells", nargs="*", default=CELLS)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--full", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    size = QUICK if arguments.quick else FULL if arguments.full else SHORT
    results = dict[str, Mapping[str, Any]]()
    print("| cell | nonzeros | bytes | dense | hard | final | CPU min | clock min | by layer |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    for cell in arguments.cells:
        folder = arguments.work / cell
        if not (folder / "cell.json").exists():
            _run(cell, folder, {**size, "cache": str(arguments.work / "dense")})
        results[cell] = json.loads((folder / "cell.json").read_text())
        print(_row(cell, results[cell]), flush=True)
    pruned = [r for cell, r in results.items() if cell.startswith("prune")]
    if pruned:
        print(f"pruned to {KEEP}: mean of {len(pruned)} {_lost(pruned)}")


def _run(cell: str, folder: Path, options: Mapping[str, Any]) -> None:
    kind, *numbers, solver = cell.split("-", 3 if cell.startswith("bits") else 2)
    given = {"network": "lenet5", **options, "seed": int(numbers[-1])}
    family = "pruning" if kind == "prune" else "quantization"
    given |= {"keep": float(KEEP)} if kind == "prune" else {"bits": int(numbers[0])}
    began, clock = process_time(), perf_counter()
    instance = families.make(family, given)
    run = runs.execute(family, given, instance, solver)
    report = run_folder.save(run, folder, overwrite=True)
    minutes = (process_time() - began) / 60, (perf_counter() - clock) / 60
    saved = run_folder.load(folder)
    wrong = run_folder.verify(saved, families.make(family, saved.rebuild_options))
    if run.error is not None or wrong:
        raise SystemExit(f"{cell}: {run.error or wrong}")
    tensors = {n: torch.from_numpy(a) for n, a in (saved.point or {}).items()}
    names = tuple(n for n in tensors if n.endswith("weight"))
    kept = GlobalCardinality(KEEP)
    sets = {n: level_set("uniform", int(numbers[0])) for n in names} if kind == "bits" else None
    stored = _stored(tensors, Members(names, kept if sets is None else PerTensor(sets)), folder)
    layers = {n: int((tensors[n] != 0).sum()) for n in names}
    found = {**report, **stored, "layers": layers, "cpu": minutes[0], "clock": minutes[1]}
    put(folder / "cell.json", json.dumps(found, indent=2) + "\n")


def _stored(tensors: Mapping[str, torch.Tensor], members: Members, folder: Path) -> dict[str, Any]:
    """Both files read back; SystemExit unless they give the same network and answers."""
    torch.save(dict(tensors), folder / "network.pt")
    back = packed.load(folder / "network.lgpk")  # of the run; refuses what is no member
    if back.members != members:
        raise SystemExit(f"{folder}: the packed file holds members of {back.members}")
    again = torch.load(folder / "network.pt", weights_only=True)
    test = registry.load("mnist").test
    answers = [_answers(state, test) for state in (tensors, back.tensors, again)]
    if not all(torch.equal(answers[0], other) for other in answers[1:]):
        raise SystemExit(f"{folder}: a file read back predicts otherwise")
    values = {n: int(back.tensors[n].unique().numel()) for n in members.names}
    size = (folder / "network.lgpk").stat().st_size
    if size != back.report.file_bytes:
        raise SystemExit(f"{folder}: the file has {size} bytes, not {back.report.file_bytes}")
    return {"file_bytes": size, "values": values, "reloaded": True}


def _answers(state: Mapping[str, torch.Tensor], part: Part) -> torch.Tensor:
    net = registry.network("lenet5").eval()
    net.load_state_dict(dict(state))
    with torch.no_grad():
        return torch.cat([net(images) for images in part.images.split(AT_ONCE)])


def _row(cell: str, r: Mapping[str, Any]) -> str:
    shares = " | ".join(f"{100 * r[f'accuracy_{a}']:.2f}" for a in ("start", "hard", "final"))
    layers = " / ".join(str(n) for n in r["layers"].values())
    spent = f"{r['cpu']:.1f} | {r['clock']:.1f}"
    return f"| {cell} | {r['nonzeros']} | {r['file_bytes']:,} | {shares} | {spent} | {layers} |"


def _lost(cells: Sequence[Mapping[str, Any]]) -> str:
    start, final = (100 * mean(r[f"accuracy_{a}"] for r in cells) for a in ("start", "final"))
    return f"dense {start:.3f} %, final {final:.3f} %: {final - start:+.3f} points"


if __name__ == "__main__":
    main()
