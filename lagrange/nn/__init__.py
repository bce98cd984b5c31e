"""The PyTorch binding: a network as a block. Needs the extra ``lagrange[nn]``."""

from lagrange.nn.targets import weights
from lagrange.nn.training import NetworkPoint, TrainingBlock

__all__ = ["NetworkPoint", "TrainingBlock", "weights"]
