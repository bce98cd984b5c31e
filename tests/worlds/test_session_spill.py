"""What a session puts in files comes back bit for bit; between updates little is left in memory."""

import gc
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
import torch

from lagrange import ADMM, SurrogateLagrangian, vectors
from lagrange.nn import Compression, conversation, thin
from lagrange.sets import GlobalCardinality, UniformGrid
from lagrange.solvers.alternating import Alternating
from lagrange.step_sizes import SurrogateContraction
from lagrange.testing.compare import difference
from tests.worlds.sessions import KEEP, Loop, block_of, pulled, timeless
from tests.worlds.test_push_equals_pull import CONTRACTION, SOLVERS, rejecting, saved
from tests.worlds.test_session_memory import trained


@pytest.fixture
def pieces(monkeypatch):
    """Small networks have small rows: here they are made to count as large ones."""
    monkeypatch.setattr(vectors, "PIECE", 16)
    monkeypatch.setattr(thin, "SMALLEST", 2)


@pytest.mark.parametrize("name", SOLVERS)
def test_push_equals_pull(name, tmp_path, pieces):
    solver, sets = SOLVERS[name]
    loop = Loop(block_of(), solver, sets, partial(Compression, spill=tmp_path)).run(20)
    steps = len(loop.session.trace)
    solution = pulled(block_of(), sets or GlobalCardinality(KEEP), solver, steps)
    assert timeless(loop.session.trace) == timeless(solution.trace)
    assert difference(loop.session.state.multipliers, solution.state.multipliers) is None
    assert not any(tmp_path.iterdir())  # they have no names


def test_rejected_answers_are_undone_from_the_file(tmp_path, pieces):
    solver = SurrogateLagrangian(CONTRACTION, rho=0.1)
    spilling = Loop(rejecting(), solver, None, partial(Compression, spill=tmp_path))
    memory = Loop(rejecting(), solver)
    seen = set()
    for _ in range(20):
        spilling.epoch()
        memory.epoch()
        seen.add(spilling.session.state.record.accepted)
        assert difference(spilling.model.state_dict(), memory.model.state_dict()) is None
        assert repr(spilling.optimizer.state_dict()) == repr(memory.optimizer.state_dict())
    rejected = [not record.accepted for record in memory.session.trace]
    assert any(rejected) and timeless(spilling.session.trace) == timeless(memory.session.trace)


@pytest.mark.parametrize("name", ("admm", "surrogate", "scheduled"))
@pytest.mark.parametrize("spilled", (True, False))
def test_a_checkpoint_goes_on_with_and_without_files(name, spilled, tmp_path, monkeypatch):
    monkeypatch.setattr(conversation, "perf_counter", lambda: 0.0)
    solver, sets = SOLVERS[name]
    whole = Loop(block_of(), solver, sets, partial(Compression, spill=tmp_path)).run(3)
    file = saved(whole.checkpoint())
    whole.run(3)
    session = partial(Compression, spill=tmp_path) if spilled else Compression
    again = Loop(block_of(), solver, sets, session)
    again.restore(torch.load(file, weights_only=True)).run(3)
    assert timeless(again.session.trace) == timeless(whole.session.trace)
    assert difference(again.model.state_dict(), whole.model.state_dict()) is None
    assert difference(again.session.state, whole.session.state) is None


SPARSE, DENSE = GlobalCardinality(400), {"*": UniformGrid(3)}
RULE = SurrogateContraction(50, 0.1, first_step=0.05)
HELD = {  # λ and what the pull adds to W: −Z, thin if it is sparse, or of SLR a difference
    "admm": (ADMM(0.1), SPARSE, 1.15),
    "penalty": (Alternating(0.1, rounds=2), SPARSE, 1.15),
    "surrogate": (SurrogateLagrangian(RULE, rho=0.1), SPARSE, 2.01),
    "admm, dense": (ADMM(0.1), DENSE, 2.01),
    "surrogate, dense": (SurrogateLagrangian(RULE, rho=0.1), DENSE, 2.01),
}


@pytest.mark.parametrize("name", HELD)
def test_what_is_held_in_memory(name, tmp_path):
    """Also when ADMM looks back at earlier multipliers, from step 64 on at three of them."""
    solver, sets, most = HELD[name]
    for updates in (1, 2, 70):
        _, _, held = trained(solver, sets, updates, spill=tmp_path)
        assert 0.1 < held <= most


def open_files(folder):
    """How many deleted files of the folder this process holds."""
    held = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the one that lists them is gone
            held += str(descriptor.readlink()).startswith(str(folder))
    return held


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc to count open files")
def test_files_go_when_nobody_reads_them(tmp_path):
    loop = Loop(block_of(), ADMM(0.1), None, partial(Compression, spill=tmp_path)).run(10)
    assert 1 <= open_files(tmp_path) <= 3
    del loop
    gc.collect()
    assert open_files(tmp_path) == 0


def test_a_cost_that_fails_leaves_the_question_open(tmp_path):
    """The prices that were let go of are asked anew, and are the same."""
    fails = []

    def cost(net):
        if fails:
            raise OSError("no batch")
        return sum(p.square().sum() for p in net.parameters())

    solver = SurrogateLagrangian(CONTRACTION, rho=0.1)
    net = torch.nn.Linear(5, 6)
    optimizer = torch.optim.Adam(net.parameters())
    session = Compression(
        net, "*", GlobalCardinality(4), solver, optimizer=optimizer, cost=cost, spill=tmp_path
    )
    for _ in range(2):
        session.pull(0.1)
        before = session.penalty().item()
        fails.append(True)
        with pytest.raises(OSError, match="no batch"):
            session.update()
        fails.clear()
        assert session.penalty().item() == before
        session.update()
    assert len(session.trace) == 4
