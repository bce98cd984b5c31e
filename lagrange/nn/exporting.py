"""A compressed network on disk and in other programs: plain weights, safetensors and torch.export.

All of them write the baked network: plain tensors under the first names.
"""

import hashlib
import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lagrange.nn.bake import bake
from lagrange.nn.example import answer
from lagrange.nn.packed import json_of
from lagrange.whole_files import put


def save_weights(model: nn.Module, path: Path | str) -> None:
    """The plain state dict, which ``torch.load(path, weights_only=True)`` reads."""
    torch.save(bake(model).state_dict(), path)


def load_weights(model: nn.Module, path: Path | str) -> None:
    """Reads what ``save_weights`` wrote into a network of the same shapes, in place."""
    model.load_state_dict(torch.load(path, weights_only=True))


def export(model: nn.Module, example: Tensor) -> torch.export.ExportedProgram:
    """The network in eval mode as a program of torch.export; batches of any size where it allows.

    example : an input (batch, …), batch ≥ 2
    """
    if example.ndim < 1 or example.shape[0] < 2:
        raise ValueError(
            f"the example needs a batch of at least 2, got the shape {tuple(example.shape)}: with "
            "one, torch takes the size of the batch for a constant"
        )
    plain = bake(model).eval()
    answer(plain, example)
    shapes = ({0: torch.export.Dim.AUTO},)
    return torch.export.export(plain, (example,), dynamic_shapes=shapes)


def save_safetensors(
    model: nn.Module, path: Path | str, facts: Mapping[str, Any] | None = None
) -> None:
    """Tensors to ``path``, and beside it, ending in .json: names, ties, checksum and the facts.

    facts : whatever JSON can hold: settings, budgets, accuracy
    """
    library = _safetensors()
    path = Path(path)
    state = bake(model).state_dict()
    first = dict[tuple[int, ...], str]()
    ties = dict[str, str]()
    for name, tensor in state.items():
        place = (tensor.data_ptr(), *tensor.shape, *tensor.stride())
        if tensor.numel() and place in first:
            ties[name] = first[place]  # the format refuses shared memory
        first.setdefault(place, name)
    own = {name: tensor.contiguous() for name, tensor in state.items() if name not in ties}
    data: bytes = library.save(own)
    said = {
        "version": 1,
        "order": list(state),
        "ties": ties,
        "sha256": hashlib.sha256(data).hexdigest(),
        "facts": dict(facts or {}),
    }
    text = json_of(said, indent=1)  # before anything is written
    put(path, data)
    put(path.with_suffix(".json"), text + "\n")


def load_safetensors(path: Path | str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The state dict and the facts that ``save_safetensors`` wrote; refuses what does not match."""
    library = _safetensors()
    path = Path(path)
    beside = path.with_suffix(".json")
    if not beside.exists():
        raise ValueError(
            f"{path} was not written by save_safetensors: there is no {beside.name} beside it. "
            "safetensors.torch.load_file reads plain safetensors"
        )
    said = json.loads(beside.read_text())
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != said.get("sha256"):
        raise ValueError(
            f"{path} does not have the checksum in {beside.name}: one of them was changed or belongs "
            "to another network"
        )
    own: dict[str, Tensor] = library.load(data)
    return {name: own[said["ties"].get(name, name)] for name in said["order"]}, said["facts"]


def _safetensors() -> Any:
    try:
        return importlib.import_module("safetensors.torch")
    except ImportError as error:
        raise ImportError(
            "this needs the package safetensors: pip install 'lagrange[safetensors]', or use "
            "save_weights, or packed.save"
        ) from error
