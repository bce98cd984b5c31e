"""Two processes that train one model, each with a session of its own: they stay bit-equal."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WORKER = """
import json, sys
import torch
from torch import distributed, nn
from torch.nn import functional
from torch.nn.parallel import DistributedDataParallel
from lagrange import ADMM, SurrogateLagrangian
from lagrange.nn import Compression, choose
from lagrange.sets import GlobalCardinality
from lagrange.step_sizes import SurrogateContraction

mode = sys.argv[1]
torch.set_num_threads(1)
distributed.init_process_group("gloo")
rank = distributed.get_rank()
torch.manual_seed(0)
net = nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 2)).double()
model = DistributedDataParallel(net)
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
make = torch.Generator().manual_seed(7)
inputs = torch.randn(32, 6, dtype=torch.float64, generator=make)
labels = (inputs.sum(dim=1) > 0).long()
x, y = inputs.chunk(2)[rank], labels.chunk(2)[rank]
rule = SurrogateContraction(50, 0.1, first_step=0.1)
solver = ADMM(0.2) if mode == "admm" else SurrogateLagrangian(rule, rho=0.2)
session = Compression(model, choose(model), GlobalCardinality(9), solver, optimizer=optimizer,
                      cost=lambda m: functional.cross_entropy(m(inputs), labels))
for step in range(1, 31):
    optimizer.zero_grad()
    (functional.cross_entropy(model(x), y) + session.penalty()).backward()
    optimizer.step()
    if step % 5 == 0:
        if mode == "apart" and rank == 1:
            with torch.no_grad():
                net[0].weight[0, 0] += 1
        session.update()
done = session.finish()
state = session.state
digest = lambda v: {n: t.tolist() for n, t in v.items()}
print("ANSWER " + json.dumps({
    "names": list(session.targets),
    "multipliers": digest(state.multipliers),
    "copies": digest(state.responses[1].image),
    "costs": [r.cost for r in session.trace],
    "weights": digest(done.weights),
}))
distributed.destroy_process_group()
"""


def run_two(mode):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    common = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2"}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, mode],
            cwd=ROOT,
            env={**os.environ, **common, "RANK": str(rank), "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in (0, 1)
    ]
    try:
        return [process.communicate(timeout=240) for process in running]
    finally:
        for process in running:
            process.kill()
            process.wait()


def answer(said):
    out, err = said
    lines = [line for line in out.splitlines() if line.startswith("ANSWER ")]
    assert lines, err
    return json.loads(lines[0].removeprefix("ANSWER "))


@pytest.mark.slow
@pytest.mark.parametrize("mode", ("admm", "surrogate"))
def test_all_processes_hold_the_same_copies_and_multipliers(mode):
    first, second = (answer(said) for said in run_two(mode))
    assert first == second
    assert first["names"] == ["0.weight", "3.weight"]
    assert len(first["costs"]) >= 6 and len(set(first["costs"])) > 3
    assert sum(v != 0 for row in first["weights"].values() for r in row for v in r) == 9


@pytest.mark.slow
def test_processes_that_drifted_apart_are_refused_by_both():
    for _, err in run_two("apart"):
        assert "the processes hold different weights" in err
