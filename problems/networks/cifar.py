"""CIFAR-10: 60,000 color images, 32×32, ten classes of equal size, in any of three forms.

    cifar-10-batches-bin/ or cifar-10-binary.tar.gz     the official bytes: label, then 3×32×32 pixels
    cifar-10-batches-py/  or cifar-10-python.tar.gz     the same, pickled
    cifar10_jpeg_{train,test}.npz                       JPEG re-encodings: lossy, said in the name

The first one found in the folder ``cifar10`` of the data folder is taken. 45,000 images for training,
5,000 for validation, 10,000 for testing. JPEG files are decoded at every call, some 5 s in all.

Reference    Krizhevsky, Learning multiple layers of features from tiny images, Toronto 2009, ch. 3
"""

import io
import pickle
import tarfile
import zipfile
import zlib
from hashlib import md5, sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from problems.data import data_path
from problems.networks.dataset import Bytes, Dataset, Raw, prepared

IMAGE = (3, 32, 32)
BATCH = 10_000  # images in each of the six official files
PICKLED = {  # MD5; nothing else is ever unpickled, since a pickle may run any code
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
    "test_batch": "40351d587109b95175f43aff81a1287e",
}
JPEG = {  # SHA-256 of the arrays jpeg, offsets and labels, one after the other
    "train": "6ff84da82373994c6f69e3cb07870c2caabb04404f535d7e6a4374abec87d95d",
    "test": "b8bb5a8da34edbc7965d3c32473734b2214a272fcfa257d4216fa601c41420dd",
}
DAMAGE = (OSError, EOFError, KeyError, ValueError, zlib.error, zipfile.BadZipFile, tarfile.TarError)


def load_cifar10() -> Dataset:
    """From the data folder; ValueError if no form of it is there, or a file is damaged."""
    folder = data_path("cifar10")
    for form, archive, suffix, parse in (
        ("cifar-10-batches-bin", "cifar-10-binary.tar.gz", ".bin", _from_bytes),
        ("cifar-10-batches-py", "cifar-10-python.tar.gz", "", _from_pickle),
    ):
        if (folder / form).exists() or (folder / archive).exists():
            files = _official(folder, form, archive, suffix)
            *train, test = (parse(path, files[path]) for path in files)
            return prepared("CIFAR-10", _joined(train), _joined([test]))
    return prepared("CIFAR-10 (JPEG)", _from_jpeg(folder, "train"), _from_jpeg(folder, "test"))


def _official(folder: Path, form: str, archive: str, suffix: str) -> dict[Path, bytes]:
    """The contents of the six files by where they are, test last: unpacked, or from the archive."""
    names = [name + suffix for name in PICKLED]
    if (folder / form).exists():
        return {
            path: path.read_bytes() for path in (data_path(f"cifar10/{form}/{n}") for n in names)
        }
    path, found = folder / archive, dict[str, bytes]()
    try:
        with tarfile.open(path, "r:gz") as tar:
            for member in tar:  # one pass: going back in a gzip file means reading it again
                content = tar.extractfile(member) if member.name.startswith(form) else None
                if content is not None:
                    found[member.name] = content.read()
        return {path / name: found[f"{form}/{name}"] for name in names}
    except DAMAGE as error:
        raise ValueError(f"{path} is damaged or incomplete: {error}; fetch it again") from None


def _from_bytes(path: Path, content: bytes) -> tuple[Bytes, Bytes]:
    """Images and labels of one binary file."""
    record = 1 + int(np.prod(IMAGE))
    if len(content) != BATCH * record:
        raise ValueError(
            f"{path} has {len(content):,} bytes, {BATCH:,} images need {BATCH * record:,}: "
            "fetch it again"
        )
    rows = np.frombuffer(content, dtype=np.uint8).reshape(BATCH, record)
    return rows[:, 1:].reshape(BATCH, *IMAGE), rows[:, 0]


def _from_pickle(path: Path, content: bytes) -> tuple[Bytes, Bytes]:
    """Images and labels of one pickled file."""
    if md5(content, usedforsecurity=False).hexdigest() != PICKLED[path.name]:
        raise ValueError(
            f"{path} ({len(content):,} bytes) is not the file of CIFAR-10: its MD5 sum differs; "
            "fetch it again"
        )
    table: Any = pickle.loads(content, encoding="bytes")
    return table[b"data"].reshape(-1, *IMAGE), np.array(table[b"labels"], dtype=np.uint8)


def _joined(parts: list[tuple[Bytes, Bytes]]) -> Raw:
    """One part of the data, its classes of equal size: damaged labels would hardly be."""
    images, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    raw = Raw(images, labels)
    counts = np.bincount(labels, minlength=raw.classes).tolist()
    if len(set(counts)) > 1:
        raise ValueError(
            f"the classes of CIFAR-10 have equal sizes, these {counts}: fetch it again"
        )
    return raw


def _from_jpeg(folder: Path, part: str) -> Raw:
    """One file of JPEG images, its sum checked."""
    name = f"cifar10_jpeg_{part}.npz"
    path = folder / name
    if not path.exists():
        data_path("cifar10/cifar-10-binary.tar.gz")
    try:
        with path.open("rb") as file, np.load(file) as arrays:
            jpeg, offsets, labels = (arrays[key] for key in ("jpeg", "offsets", "labels"))
    except DAMAGE as error:
        raise ValueError(f"{path} ({path.stat().st_size:,} bytes) is damaged: {error}") from None
    digest = sha256(jpeg.tobytes() + offsets.tobytes() + labels.tobytes()).hexdigest()
    if digest != JPEG[part]:
        raise ValueError(f"{path} does not hold the known images: its SHA-256 sum differs")
    return Raw(_decoded(jpeg.tobytes(), offsets.tolist()), labels)


def _decoded(jpeg: bytes, offsets: list[int]) -> Bytes:
    """(n, 3, 32, 32) from files that stand one after the other."""
    try:
        from PIL import Image
    except ImportError:
        raise ValueError("JPEG images are decoded by Pillow: pip install 'lagrange[nn]'") from None
    images = np.empty((len(offsets) - 1, *IMAGE), dtype=np.uint8)
    for image, (begin, end) in zip(images, pairwise(offsets), strict=True):
        image[:] = np.asarray(Image.open(io.BytesIO(jpeg[begin:end]))).transpose(2, 0, 1)
    return images
