"""Networks and image data: unknown names, damaged files, batches and downloads that cannot be."""

import gzip
import resource
import sys
from contextlib import contextmanager

import numpy as np
import torch

from problems import data
from problems.networks import cifar
from problems.networks import download as downloads
from problems.networks.batches import Batches, Shift
from problems.networks.cifar import load_cifar10
from problems.networks.dataset import Dataset, Part, Raw, prepared
from problems.networks.download import Source, download
from problems.networks.mnist import load_mnist, read_idx
from problems.networks.registry import load, network, require_fit
from problems.networks.resnet import resnet_cifar
from tests.errors.case import Case, refused
from tests.worlds.image_files import idx, md5_of, served, small_cifar, small_jpeg, small_mnist

IDX = idx(np.zeros((2, 3), dtype=np.uint8))
PART = Part(torch.zeros(10, 1, 2, 2), torch.zeros(10, dtype=torch.int64))
SMALL = Dataset("small", PART, PART, PART, 3, (0.0,), (1.0,))
GRAY = Raw(np.ones((3, 1, 2, 2), dtype=np.uint8), np.zeros(3, dtype=np.uint8))
BODY = b"x" * 100_000


def value_error(name, call, *says):
    return Case(name, call, ValueError, says)


def raw(n, m=None, top=0):
    labels = np.full(n if m is None else m, top, dtype=np.uint8)
    return Raw(np.arange(4 * n, dtype=np.uint8).reshape(n, 1, 2, 2), labels)


def idx_file(content, *says, name):
    def call(place):
        path = place.folder / name
        path.write_bytes(content)
        read_idx(path)

    return value_error(f"idx {name}", call, name, *says)


def mnist_without(name):
    def call(place):
        small_mnist(place)
        (place.folder / "mnist" / name).unlink()
        load_mnist()

    return call


def other_mnist(place):
    """One of the files is another one of the same shape."""
    small_mnist(place)
    path = place.folder / "mnist" / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(gzip.compress(idx(np.ones(50, dtype=np.uint8))))
    load_mnist()


def no_cifar(place):
    (place.folder / "cifar10").mkdir()
    place.patch.setenv(data.VARIABLE, str(place.folder))
    load_cifar10()


def damaged_cifar(form, file, change, *, packed=False):
    """One of the files, or the archive, with other bytes; None takes it away."""

    def call(place):
        small_cifar(place, form, packed=packed)
        path = place.folder / "cifar10" / file
        content = change(path.read_bytes())
        path.unlink()
        if content is not None:
            path.write_bytes(content)
        load_cifar10()

    return call


def incomplete_archive(place):
    small_cifar(place, "bin", packed=True)
    place.patch.setitem(cifar.PICKLED, "data_batch_6", "")
    load_cifar10()


def damaged_jpeg(change, digest=None):
    def call(place):
        small_jpeg(place)
        path = place.folder / "cifar10" / "cifar10_jpeg_test.npz"
        path.write_bytes(change(path.read_bytes()))
        if digest is not None:
            place.patch.setitem(cifar.JPEG, "test", digest)
        load_cifar10()

    return call


def without_pillow(place):
    small_jpeg(place)
    place.patch.setitem(sys.modules, "PIL", None)
    load_cifar10()


@contextmanager
def no_file_above(size):
    """A disk that is full after so many bytes, as far as a process can have one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def fetched(place, files=None, url=None, *, expected=BODY, **serving):
    """The file /one.gz from a server of ``files``, or from another address."""
    source = Source("http://localhost", {"one.gz": md5_of(expected)})
    place.patch.setitem(downloads.SOURCES, "mnist", source)
    with served(files or {}, **serving) as (address, _):
        download("mnist", place.folder, url=url or address)


def full_disk(place):
    with no_file_above(10_000):
        fetched(place, {"/one.gz": BODY})


def os_error(name, call, *says):
    return Case(name, call, OSError, says)


BIN, PY = "cifar-10-batches-bin/data_batch_3.bin", "cifar-10-batches-py/data_batch_3"
CASES = [
    value_error("unknown network", lambda _: network("lenet6"), "'lenet6'", "lenet5, resnet20"),
    value_error("unknown data", lambda _: load("svhn"), "'svhn'", "digits, mnist, cifar10"),
    value_error(
        "network for other images",
        lambda _: require_fit("lenet5", load("digits")),
        "lenet5 takes images (1, 28, 28) of 10 classes",
        "digits has (1, 8, 8) of 10",
        "networks for it: digits",
    ),
    value_error(
        "network for other classes", lambda _: require_fit("digits", SMALL), "of 3", "none"
    ),
    *refused("network seed", lambda v: network("lenet5", v), (-1,), "seed must be", "≥ 0"),
    *refused("blocks a stage", resnet_cifar, (0,), "n must be at least 1"),
    # raw data
    value_error("labels missing", lambda _: raw(4, 3), "4 images and 3 labels"),
    value_error("no images", lambda _: raw(0), "0 images and 0 labels"),
    value_error("label 10", lambda _: raw(2, top=10), "0 … 9", "is 10"),
    *refused(
        "validation images",
        lambda v: prepared("x", raw(10), raw(1), validation=v),
        (0, 10, -1),
        "1 … 9 of 10 images",
    ),
    value_error(
        "images without contrast",
        lambda _: prepared(
            "gray", Raw(np.ones((3, 1, 2, 2), np.uint8), np.zeros(3, np.uint8)), raw(1), 1
        ),
        "gray: channel 0 is constant",
    ),
    # MNIST
    idx_file(b"", "no IDX file", "nothing", name="empty"),
    idx_file(b"\x00\x00\x0d\x01", "00 00 08", "00 00 0d", name="of-floats"),
    idx_file(IDX[:7], "truncated", "7", "fetch it again", name="in-the-header"),
    idx_file(IDX[:-1], "truncated", "[2, 3] entries need 18 bytes", "it has 17", name="short"),
    idx_file(IDX + b"1", "too long", "18 bytes", "it has 19", name="long"),
    idx_file(gzip.compress(IDX)[:-9], "no complete gzip file", "bytes", name="short.gz"),
    idx_file(b"<html>", "(6 bytes)", "no complete gzip file", name="page.gz"),
    idx_file(
        gzip.compress(IDX)[:12] + b"\xff" * 20, "no complete gzip file", "fetch", name="spoiled.gz"
    ),
    value_error("another MNIST", other_mnist, "t10k-labels", "not the file of MNIST", "MD5"),
    value_error(
        "MNIST without labels",
        mnist_without("train-labels-idx1-ubyte.gz"),
        "train-labels-idx1-ubyte.gz",
        "LAGRANGE_DATA",
    ),
    # CIFAR-10
    value_error("no CIFAR-10", no_cifar, "cifar-10-binary.tar.gz", "LAGRANGE_DATA"),
    value_error(
        "CIFAR-10 without a file", damaged_cifar("bin", BIN, lambda c: None), "data_batch_3.bin"
    ),
    value_error(
        "CIFAR-10 file cut",
        damaged_cifar("bin", BIN, lambda c: c[:-1]),
        "data_batch_3.bin has 29,999 bytes",
        "1,200 images need 30,000",
    ),
    value_error(
        "CIFAR-10 label changed",
        damaged_cifar("bin", BIN, lambda c: bytes([(c[0] + 1) % 10]) + c[1:]),
        "equal sizes",
        "599",
        "601",
    ),
    value_error(
        "CIFAR-10 pickle changed",
        damaged_cifar("py", PY, lambda c: c + b"."),
        "data_batch_3",
        "not the file of CIFAR-10",
        "MD5",
    ),
    value_error(
        "CIFAR-10 archive cut",
        damaged_cifar("bin", "cifar-10-binary.tar.gz", lambda c: c[: len(c) // 2], packed=True),
        "cifar-10-binary.tar.gz is damaged or incomplete",
    ),
    value_error(
        "CIFAR-10 archive of something else",
        damaged_cifar("py", "cifar-10-python.tar.gz", lambda c: b"<html>", packed=True),
        "cifar-10-python.tar.gz is damaged",
        "fetch it again",
    ),
    value_error("CIFAR-10 archive without a file", incomplete_archive, "data_batch_6.bin"),
    value_error("CIFAR-10 JPEG cut", damaged_jpeg(lambda c: c[:-99]), "test.npz", "is damaged"),
    value_error("CIFAR-10 JPEG empty", damaged_jpeg(lambda c: b""), "(0 bytes) is damaged"),
    value_error("CIFAR-10 other JPEG", damaged_jpeg(bytes, "0"), "test.npz", "SHA-256 sum differs"),
    value_error("JPEG without Pillow", without_pillow, "Pillow", "pip install"),
    # batches
    *refused("batch size", lambda v: Batches(PART, v), (0, -1), "size must be at least 1"),
    *refused("batch seed", lambda v: Batches(PART, 2, v), (-1,), "seed must be"),
    *refused("epoch", lambda v: Batches(PART, 2)(v), (-1,), "epoch must be at least 0"),
    *refused("shift", lambda v: Shift(v, (0.0,)), (-1,), "most must be at least 0"),
    value_error(
        "shift of other channels",
        lambda _: Shift(1, (0.0, 0.0))(PART.images, torch.Generator()),
        "fill has 2 channels",
        "images have 1",
    ),
    # downloads
    value_error(
        "download of something else",
        lambda p: download("svhn", p.folder),
        "'svhn'",
        "mnist, cifar10",
    ),
    os_error("download of what is not there", fetched, "/one.gz", "404"),
    os_error(
        "download cut",
        lambda p: fetched(p, {"/one.gz": BODY}, short=9),
        "broke off",
        "99,991",
        "100,000",
    ),
    os_error(
        "download of another file",
        lambda p: fetched(p, {"/one.gz": b"<html>"}),
        "not the published file",
        "6 bytes",
        md5_of(b"<html>"),
        md5_of(BODY),
    ),
    os_error(
        "download from nobody",
        lambda p: fetched(p, url="http://127.0.0.1:9"),
        "cannot fetch http://127.0.0.1:9/one.gz",
        "refused",
    ),
    os_error(
        "download from no address", lambda p: fetched(p, url="data"), "data/one.gz", "unknown url"
    ),
    os_error("download on a full disk", full_disk, "cannot fetch", "too large"),
]
