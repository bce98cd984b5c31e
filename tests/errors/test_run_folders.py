"""What a failure leaves behind: whole files or none, and everything that was found before."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from lagrange import families, run_folder, runs
from lagrange.run_folder import RunError
from problems.networks import training
from tests.errors.case import ROOT

LAGRANGE = (sys.executable, "-c", "from lagrange.cli import main; main()")
OPTIONS = {"kind": "A", "agents": 2, "jobs": 6}
FILES = (
    "instance.txt",
    "trace.csv",
    "multipliers.npz",
    "point.npz",
    "run.json",
    "certificate.json",
    "certificate.md",
)


def executed(steps=3, **options):
    options = {**OPTIONS, **options}
    instance = families.resolve("assignment")(**options)
    return runs.execute("assignment", options, instance, steps=steps)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def fill_disk_at(patch, name):
    """Every write of this file ends half way, as on a full disk."""

    def data(path, data):
        writers[0](path, data[: len(data) // 2])
        stop(path)

    def npz(path, arrays):
        writers[1](path, arrays)
        writers[0](path, path.read_bytes()[: path.stat().st_size // 2])
        stop(path)

    def stop(path):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    def only(write, instead):
        return lambda path, content: (instead if path.name.startswith(name) else write)(
            path, content
        )

    writers = Path.write_bytes, run_folder._write_npz
    patch.setattr(Path, "write_bytes", only(writers[0], data))
    patch.setattr(run_folder, "_write_npz", only(writers[1], npz))


@pytest.mark.parametrize("name", [name for name in FILES if name != "trace.csv"])
def test_full_disk_leaves_no_half_file(name, tmp_path, monkeypatch):
    run_folder.save(executed(), tmp_path / "whole")
    expected = set(contents(tmp_path / "whole"))
    assert expected == set(FILES)
    fill_disk_at(monkeypatch, name)
    with pytest.raises(RunError, match=r"cannot write the run folder.*No space left"):
        run_folder.save(executed(), tmp_path / "half")
    assert set(contents(tmp_path / "half")) == set(FILES[: FILES.index(name)])


@pytest.mark.parametrize("name", [name for name in FILES if name != "trace.csv"])
def test_full_disk_keeps_the_earlier_run(name, tmp_path, monkeypatch):
    run_folder.save(executed(), tmp_path)
    before = contents(tmp_path)
    fill_disk_at(monkeypatch, name)
    with pytest.raises(RunError, match="No space left"):
        run_folder.save(executed(kind="C"), tmp_path, overwrite=True)
    after = contents(tmp_path)
    assert set(after) == set(before), "a file was lost or left over"
    assert after[name] == before[name], f"{name} was damaged"


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are those of POSIX")
@pytest.mark.parametrize("limit", (0, 100, 300, 1000))
def test_a_real_limit_of_file_sizes(limit, tmp_path):
    """The system itself refuses to write beyond a size: exit status 1, no half file."""
    import resource

    done = subprocess.run(
        [*LAGRANGE, "solve", "assignment", "--kind", "D", "--steps", "9", "--out", "run"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and done.stdout == "", done
    assert done.stderr.startswith("error: cannot write the run folder run:"), done.stderr
    assert "File too large" in " ".join(done.stderr.split())
    left = contents(tmp_path / "run")
    assert not [name for name in left if name not in FILES], "half a file was left"
    assert "run.json" not in left
    assert all(len(text) <= limit for text in left.values())


def test_refused_folder_is_untouched(tmp_path):
    run_folder.save(executed(), tmp_path)
    before = contents(tmp_path)
    with pytest.raises(RunError, match="already holds a run"):
        run_folder.save(executed(kind="C"), tmp_path)
    assert contents(tmp_path) == before


def test_overwriting_leaves_nothing_of_the_earlier_run(tmp_path):
    """The new run has no feasible point: the point of the old one must not stay and be taken for it."""
    run_folder.save(executed(), tmp_path, overwrite=True)
    assert (tmp_path / "point.npz").exists()
    run = executed(steps=1, kind="B", agents=3, jobs=10, seed=1)  # no feasible point exists
    assert run.point is None
    run_folder.save(run, tmp_path, overwrite=True)
    saved = run_folder.load(tmp_path)
    assert saved.point is None
    instance = families.resolve("assignment")(**saved.rebuild_options)
    assert run_folder.verify(saved, instance) == []


@pytest.mark.parametrize("name", ("multipliers.npz", "point.npz"))
def test_a_truncated_npz_is_refused_wherever_it_ends(name, tmp_path):
    run_folder.save(executed(), tmp_path)
    whole = (tmp_path / name).read_bytes()
    for length in range(len(whole)):
        (tmp_path / name).write_bytes(whole[:length])
        with pytest.raises(RunError, match=f"cannot read .*{name}"):
            run_folder.load(tmp_path)


@pytest.mark.parametrize("name", ("multipliers.npz", "point.npz"))
def test_a_damaged_npz_is_refused_or_harmless(name, tmp_path):
    """One byte is changed, each in turn: no other error than RunError, and never a wrong number."""
    run_folder.save(executed(), tmp_path)
    sound = run_folder.load(tmp_path)
    whole = (tmp_path / name).read_bytes()
    for at in range(len(whole)):
        (tmp_path / name).write_bytes(whole[:at] + bytes([whole[at] ^ 0x15]) + whole[at + 1 :])
        try:
            saved = run_folder.load(tmp_path)
        except RunError:
            continue
        for part in ("multipliers", "point"):
            for row, array in getattr(saved, part).items():
                expected = getattr(sound, part).get(row)
                assert expected is None or np.array_equal(array, expected), f"byte {at}"


def test_a_truncated_run_json_is_refused_wherever_it_ends(tmp_path):
    run_folder.save(executed(), tmp_path)
    whole = (tmp_path / "run.json").read_bytes().rstrip()
    for length in range(0, len(whole), 7):
        (tmp_path / "run.json").write_bytes(whole[:length])
        with pytest.raises(RunError, match=r"run\.json"):
            run_folder.load(tmp_path)


@pytest.mark.parametrize("key", ("report", "rebuild", "family"))
def test_a_run_json_with_a_part_of_another_kind_is_refused(key, tmp_path):
    run_folder.save(executed(), tmp_path)
    document = json.loads((tmp_path / "run.json").read_text())
    for value in (None, 7, [1, 2]):
        document[key] = value
        (tmp_path / "run.json").write_text(json.dumps(document))
        with pytest.raises(RunError, match=r"run\.json"):
            run_folder.load(tmp_path)


def test_a_failed_training_keeps_what_was_found(tmp_path, monkeypatch):
    """The loss turns NaN in the third epoch of the solver."""
    calls = []

    def loss(net, batch):
        calls.append(1)
        good = torch.nn.functional.cross_entropy(net(batch[0]), batch[1])
        return good * float("nan") if len(calls) > 100 else good

    monkeypatch.setattr(training, "loss", loss)
    options = {"pretrain": 0, "epochs": 5, "retrain": 0}
    instance = families.resolve("pruning")(**options)
    run = runs.execute("pruning", options, instance, "admm")
    assert run.error is not None and "loss became nan" in run.error and "step 3" in run.error
    report = run_folder.save(run, tmp_path)
    assert (report["status"], report["steps"]) == ("failed", 2)
    assert report["error"] == run.error
    saved = run_folder.load(tmp_path)
    assert run_folder.verify(saved, instance) == []
    assert len((tmp_path / "trace.csv").read_text().splitlines()) == 1 + 2
    assert set(saved.multipliers) == {f"{n}.weight" for n in ("conv1", "conv2", "fc1", "fc2")}
    assert any(np.any(array != 0) for array in saved.multipliers.values())
