"""Files that are there whole or not at all: written beside their place, then moved there.

A disk that is full, an error or a kill leaves what was there before. The file beside has the process
in its name, so that two processes that write the same file do not write into each other's.
"""

import os
from collections.abc import Callable
from pathlib import Path


def replace_whole(path: Path, write: Callable[[Path], object]) -> None:
    """``write`` is given the path to write to."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        write(beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def put(path: Path, content: str | bytes) -> None:
    """Text as UTF-8."""
    data = content.encode() if isinstance(content, str) else content
    replace_whole(path, lambda beside: beside.write_bytes(data))
