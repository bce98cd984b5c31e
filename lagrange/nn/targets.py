"""Which parameters of a module are to be compressed."""

from collections.abc import Mapping
from fnmatch import fnmatchcase

from torch import Tensor, nn


def weights(module: nn.Module, pattern: str = "*.weight") -> Mapping[str, Tensor]:
    """The matching parameters with at least two dimensions, by name; no biases, no norms.

    ``pattern`` is a shell pattern over parameter names, as ``conv*.weight``. Matching nothing is an
    error: a run that compresses nothing would look like a success.
    """
    candidates = {name: p for name, p in module.named_parameters() if p.ndim >= 2}
    found = {name: p for name, p in candidates.items() if fnmatchcase(name, pattern)}
    if not found:
        raise ValueError(
            f"no layer matches {pattern!r}; the weights of this network are {sorted(candidates)}"
        )
    return found
