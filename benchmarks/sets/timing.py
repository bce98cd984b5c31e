"""Processor time of a projection, beside that of one pass over the same data."""

from collections.abc import Callable
from statistics import median
from time import process_time
from typing import Any

import numpy as np
import torch


def seconds(run: Callable[[], Any]) -> float:
    began = process_time()
    run()
    return process_time() - began


def timed(run: Callable[[], Any], x: torch.Tensor, repeats: int) -> tuple[float, float, float]:
    """Seconds, and passes of torch and of numpy, medians of runs side by side."""
    array = x.numpy()
    times: list[tuple[float, float, float]] = []
    run()
    for _ in range(repeats):
        torch_pass = seconds(lambda: x.abs().max())
        numpy_pass = seconds(lambda: np.abs(array).max())
        took = seconds(run)
        times.append((took, took / torch_pass, took / numpy_pass))
    took, passes, numpy_passes = (median(column) for column in zip(*times, strict=True))
    return took, passes, numpy_passes
