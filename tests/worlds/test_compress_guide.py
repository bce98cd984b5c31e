"""The guide to compression is executed, block after block, and does what it says."""

import re
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "compress.md").read_text()
BLOCKS = re.findall(r"^```python\n(.*?)^```$", TEXT, flags=re.DOTALL | re.MULTILINE)


def test_the_guide_runs_as_it_stands(tmp_path, monkeypatch, capsys):
    pytest.importorskip("sklearn", reason="the digits come with scikit-learn")
    assert len(TEXT.splitlines()) <= 120 and len(BLOCKS) == 5
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "guide"}
    with torch.random.fork_rng():
        for code in BLOCKS:
            exec(compile(code, "docs/compress.md", "exec"), names)
    report, best, smaller = names["report"], names["best"], names["smaller"]
    assert sum(layer.nonzeros for layer in report.layers) == 600
    assert sum(layer.weights for layer in report.layers) == 11_900
    assert best.revived == 0 and best.score > 0.9
    assert smaller.difference < 1e-6 and smaller.parameters[1] < smaller.parameters[0]
    assert abs((tmp_path / "network.lgpk").stat().st_size - report.file_bytes) < 1000
    assert names["again"].facts == {"accuracy": best.score}
    with torch.no_grad():
        assert names["accuracy"](names["plain_net"]) == pytest.approx(best.score)
        images = names["images"]
        told = names["program"].module()(images)
        assert torch.allclose(told, names["plain_net"](images), rtol=1e-4, atol=1e-4)
    assert "accuracy" in capsys.readouterr().out
