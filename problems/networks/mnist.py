"""MNIST: 70,000 handwritten digits, 28×28, from four IDX files, gzipped or not.

55,000 images for training, 5,000 for validation, 10,000 for testing. Every file is checked against the
MD5 sum of its uncompressed bytes.

Reference    LeCun, Bottou, Bengio, Haffner, Proc. IEEE 86 (1998) 2278–2324
"""

import gzip
import math
import zlib
from hashlib import md5
from pathlib import Path

import numpy as np

from problems.data import data_path
from problems.networks.dataset import Bytes, Dataset, Raw, prepared

UNCOMPRESSED = {  # MD5
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
UNSIGNED_BYTES = 8  # the type code of IDX


def load_mnist() -> Dataset:
    """From the folder ``mnist`` of the data folder; ValueError if a file is missing or damaged."""
    folder = data_path("mnist")
    images, labels, test_images, test_labels = (_read(folder, name) for name in UNCOMPRESSED)
    train, test = Raw(images[:, None], labels), Raw(test_images[:, None], test_labels)
    return prepared("MNIST", train, test)


def _read(folder: Path, name: str) -> Bytes:
    """One file, raw or with ``.gz``, whichever there is, and the sum checked."""
    found = [path for path in (folder / f"{name}.gz", folder / name) if path.exists()]
    if not found:
        data_path(f"mnist/{name}.gz")
    content = _bytes(found[0])
    array = parse_idx(content, found[0])
    if md5(content, usedforsecurity=False).hexdigest() != UNCOMPRESSED[name]:
        raise ValueError(
            f"{found[0]} is not the file of MNIST: its MD5 sum differs; fetch it again"
        )
    return array


def read_idx(path: Path) -> Bytes:
    """An IDX file of unsigned bytes, gzipped if the name ends in ``.gz``."""
    return parse_idx(_bytes(path), path)


def _bytes(path: Path) -> bytes:
    raw = path.read_bytes()
    if path.suffix != ".gz":
        return raw
    try:
        return gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(
            f"{path} ({len(raw):,} bytes) is no complete gzip file: {error}; fetch it again"
        ) from None


def parse_idx(content: bytes, path: Path) -> Bytes:
    """Two zero bytes, type, number of axes; then the sizes, 4 bytes each, most significant first."""
    if len(content) < 4 or content[:3] != bytes((0, 0, UNSIGNED_BYTES)):
        raise ValueError(
            f"{path} is no IDX file of bytes: it must begin with 00 00 08, it has "
            f"{content[:3].hex(' ') or 'nothing'}"
        )
    header = 4 + 4 * content[3]
    shape = [int.from_bytes(content[i : i + 4], "big") for i in range(4, header, 4)]
    wanted = header + math.prod(shape)
    if len(content) != wanted:
        short = "truncated" if len(content) < wanted else "too long"
        raise ValueError(
            f"{path} is {short}: {shape} entries need {wanted:,} bytes, it has {len(content):,}; "
            "fetch it again"
        )
    return np.frombuffer(content, dtype=np.uint8, offset=header).reshape(shape)
