"""The saved network: its packed file, what is said of it there, and Python that loads it."""

from collections.abc import Mapping
from typing import Any

import torch

from lagrange.nn import packed
from lagrange.nn.members import Members
from problems.networks.compress import Task

FILE = "network.lgpk"


def facts(task: Task) -> dict[str, Any]:
    """What is said of every network."""
    return {name: getattr(task, name) for name in ("network", "data", "pattern", "seed")}


def use(task: Task) -> str:
    """Python that loads it, with {run} for the folder."""
    made = f'net = registry.network("{task.network}")'
    loaded = f'net.load_state_dict(packed.load("{{run}}/{FILE}").tensors)'
    return (
        f"from lagrange.nn import packed; from problems.networks import registry; {made}; {loaded}"
    )


def files(
    final: Mapping[str, Any], members: Members, facts: Mapping[str, Any]
) -> Mapping[str, bytes]:
    """The arrays of a network as a packed file, by its name; ValueError unless it is a member."""
    tensors = {name: torch.from_numpy(array) for name, array in final.items()}
    return {FILE: packed.encoded(tensors, members, facts=facts)[0]}
