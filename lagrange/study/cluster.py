"""Slots on a Dask cluster. Needs ``lagrange[dask]``, and a file system that all machines share.

A worker that dies fails the cell it had; Dask sees to the others.
"""

import importlib
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from lagrange.study.runner import Slots


@contextmanager
def cluster(address: str) -> Generator[tuple[Slots, int]]:
    """Slots of the scheduler at ``address``, and how many there are."""
    try:
        distributed: Any = importlib.import_module("distributed")
    except ModuleNotFoundError as error:
        raise ValueError(
            f"a Dask cluster needs {error.name}: pip install 'lagrange[dask]'"
        ) from None
    with distributed.Client(address) as client:
        threads: int = sum(client.nthreads().values())
        yield (lambda: client.get_executor(pure=False)), threads
