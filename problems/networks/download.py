"""Fetching MNIST and CIFAR-10 where there is a network. Nothing else here ever uses one.

    python -c "from problems.networks.download import download; download('mnist', 'data')"

puts the files where ``LAGRANGE_DATA=data`` finds them.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

PATIENCE = 30.0  # seconds without a byte
CHUNK = 1 << 20  # bytes


@dataclass(frozen=True)
class Source:
    """A folder on the web, and the MD5 sums of its files as published."""

    url: str
    files: Mapping[str, str]


SOURCES = {
    "mnist": Source(
        "https://ossci-datasets.s3.amazonaws.com/mnist",
        {
            "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
            "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
            "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
            "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
        },
    ),
    "cifar10": Source(
        "https://www.cs.toronto.edu/~kriz",
        {"cifar-10-binary.tar.gz": "c32a1d4ab5d03f1284b67883e8d87530"},
    ),
}


def download(name: str, folder: str | Path, *, url: str | None = None) -> tuple[Path, ...]:
    """The files of a data set, in ``folder/name``; those already there and intact are kept.

    A file appears under its name only when it is complete and its sum is right.

    name   : mnist or cifar10
    folder : the data folder, made if need be
    url    : another folder on the web that has the same files

    ValueError for an unknown name, OSError if a file cannot be fetched, verified or written.
    """
    if name not in SOURCES:
        raise ValueError(f"data to download must be one of {', '.join(SOURCES)}, got {name!r}")
    source, target = SOURCES[name], Path(folder) / name
    target.mkdir(parents=True, exist_ok=True)
    paths = tuple(target / file for file in source.files)
    for path, wanted in zip(paths, source.files.values(), strict=True):
        if not path.exists() or _md5(path) != wanted:
            _fetch(f"{url or source.url}/{path.name}", path, wanted)
    return paths


def _fetch(address: str, path: Path, wanted: str) -> None:
    """Into a folder beside the path, from where it is moved once it is complete and right."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        part = Path(folder) / path.name
        try:
            with urlopen(address, timeout=PATIENCE) as response, part.open("wb") as file:
                shutil.copyfileobj(response, file, CHUNK)
                promised = response.headers.get("Content-Length")
        except (OSError, HTTPException, ValueError) as error:  # the network, the address, the disk
            raise OSError(f"cannot fetch {address} into {path.parent}: {error}") from None
        size = part.stat().st_size
        if promised is not None and size != int(promised):
            raise OSError(
                f"{address} broke off after {size:,} of {int(promised):,} bytes: try again"
            )
        if _md5(part) != wanted:
            raise OSError(
                f"{address} is not the published file: its {size:,} bytes have the MD5 sum "
                f"{_md5(part)}, not {wanted}; pass another url"
            )
        part.replace(path)


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()
