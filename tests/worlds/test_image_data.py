"""Image data: files of any form give the same numbers; batches can be repeated; downloads are whole."""

import os
from collections import Counter

import numpy as np
import pytest
import torch

from problems.data import VARIABLE
from problems.networks import download as downloads
from problems.networks.batches import Batches, Shift
from problems.networks.cifar import load_cifar10
from problems.networks.dataset import Part, Raw, prepared
from problems.networks.digits import load_digits
from problems.networks.download import Source, download
from problems.networks.mnist import load_mnist, read_idx
from problems.networks.registry import load, require_fit
from tests.errors.case import Place
from tests.tolerances import EXACT
from tests.worlds.image_files import idx, md5_of, served, small_cifar, small_jpeg, small_mnist

needs_data = pytest.mark.skipif(VARIABLE not in os.environ, reason=f"{VARIABLE} is not set")
F32 = torch.float32
LOSS = 3  # of 255, what a JPEG file may change in two flat areas


@pytest.fixture
def place(tmp_path, monkeypatch):
    return Place(tmp_path, monkeypatch)


def pixels(data, part):
    """The bytes that the images of a part were made from."""
    mean, std = (torch.tensor(v)[:, None, None] for v in (data.mean, data.std))
    back = (part.images.double() * std + mean) * 255
    assert (back - back.round()).abs().max() <= EXACT(F32, scale=255)
    return back.round().to(torch.uint8).numpy()


def as_set(images, labels):
    return Counter((i.tobytes(), int(y)) for i, y in zip(images, labels, strict=True))


def of_data(data, *parts):
    return sum((as_set(pixels(data, p), p.labels) for p in parts), Counter())


@pytest.mark.parametrize("zipped", (True, False))
def test_mnist_files(place, zipped):
    arrays = small_mnist(place, zipped=zipped)
    data = load_mnist()
    train, labels, test, test_labels = arrays.values()
    assert (len(data.train), len(data.validation), len(data.test)) == (1_000, 5_000, 50)
    assert of_data(data, data.train, data.validation) == as_set(train, labels)
    assert np.array_equal(pixels(data, data.test)[:, 0], test), "the test part keeps its order"
    assert data.test.labels.tolist() == test_labels.tolist()
    assert data.shape == (1, 3, 2) and data.name == "MNIST"


@pytest.mark.parametrize("packed", (True, False))
@pytest.mark.parametrize("form", ("bin", "py"))
def test_official_cifar_files(place, form, packed):
    made = small_cifar(place, form, packed=packed)
    data = load_cifar10()
    *train, test = made.values()
    expected = sum((as_set(images, labels) for images, labels, _ in train), Counter())
    assert of_data(data, data.train, data.validation) == expected
    assert of_data(data, data.test) == as_set(test[0], test[1])
    assert np.array_equal(pixels(data, data.test), test[0])
    assert data.name == "CIFAR-10" and data.shape == (3, 4, 2)


def test_the_lossless_form_is_preferred(place):
    small_cifar(place, "bin", packed=True)
    (place.folder / "cifar10" / "cifar10_jpeg_train.npz").write_bytes(b"")
    assert load_cifar10().name == "CIFAR-10"


def test_jpeg_files(place):
    made = small_jpeg(place)
    data = load_cifar10()
    assert (data.name, data.slug) == ("CIFAR-10 (JPEG)", "cifar-10-jpeg")
    colors, labels = made["test"]
    assert data.test.labels.tolist() == labels.tolist()
    seen = pixels(data, data.test).astype(int)  # (20, 3, 32, 32)
    above, below = seen[:, :, :16], seen[:, :, 16:]
    assert np.abs(above - colors[labels][:, :, None, None]).max() <= LOSS and below.max() <= LOSS
    assert sorted(Counter(data.train.labels.tolist())) == list(range(10)), (
        "sorted files, mixed parts"
    )
    train = pixels(data, data.train).astype(int)
    for label in range(10):
        above = train[data.train.labels == label][:, :, :16]
        assert np.abs(above - made["train"][0][label][:, None, None]).max() <= LOSS


def test_the_training_part_alone_sets_the_scale():
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (400, 2, 5, 4), dtype=np.uint8)
    images[:, 1] //= 3
    train = Raw(images, np.arange(400, dtype=np.uint8) % 10)
    test = Raw(255 - images[:70], train.labels[:70])
    data = prepared("noise", train, test, validation=100)
    inner = pixels(data, data.train) / 255
    assert np.allclose(data.mean, inner.mean(axis=(0, 2, 3)), rtol=0, atol=EXACT(size=10))
    assert np.allclose(data.std, inner.std(axis=(0, 2, 3)), rtol=0, atol=EXACT(size=10))
    channels = data.train.images.transpose(0, 1).flatten(1)
    assert channels.mean(dim=1).abs().max() <= EXACT(F32)
    assert (channels.std(dim=1, correction=0) - 1).abs().max() <= EXACT(F32)
    zeros = (torch.zeros(2) - torch.tensor(data.mean)) / torch.tensor(data.std)
    assert torch.allclose(torch.tensor(data.black), zeros)
    assert of_data(data, data.train, data.validation) == as_set(images, train.labels)
    assert len(data.validation) == 100
    whole = data.whole
    assert of_data(whole, whole.train) == as_set(images, train.labels)
    assert (len(whole.train), len(whole.validation)) == (400, 0)
    assert (whole.mean, whole.std, whole.test) == (data.mean, data.std, data.test)
    other = prepared("noise", train, Raw(images[:9], train.labels[:9]), validation=100)
    assert torch.equal(other.train.images, data.train.images), (
        "the test part moved the training part"
    )


def test_the_split_is_fixed():
    """The first images of the permutations of 60,000 and 50,000; they must never change."""
    for n, first in ((60_000, [4013, 23840, 29603, 43011]), (50_000, [25461, 5892, 10377, 28814])):
        labels = np.zeros(n, dtype=np.uint8)
        images = np.stack([np.arange(n) // 256, np.arange(n) % 256], axis=1).astype(np.uint8)
        raw = Raw(images.reshape(n, 1, 1, 2), labels)
        data = prepared("numbers", raw, Raw(raw.images[:1], labels[:1]))
        high, low = pixels(data, data.validation)[:4, 0, 0].T.astype(int)
        assert (256 * high + low).tolist() == first


def test_digits_are_what_they_were():
    data = load_digits()
    assert (data.name, data.shape, data.black) == ("digits", (1, 8, 8), (0.0,))
    assert [len(p) for p in (data.train, data.validation, data.test)] == [1077, 360, 360]
    assert float(data.train.images.max()) == 1.0
    require_fit("digits", data)


@needs_data
def test_mnist():
    data = load("mnist")
    require_fit("lenet5", data)
    assert [len(p) for p in (data.train, data.validation, data.test)] == [55_000, 5_000, 10_000]
    assert np.round([*data.mean, *data.std], 4).tolist() == [0.1307, 0.3081]
    assert data.test.labels[:5].tolist() == [7, 2, 1, 0, 4]
    counts = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    both = torch.cat([data.train.labels, data.validation.labels])
    assert both.bincount().tolist() == counts


@needs_data
@pytest.mark.slow
def test_cifar10_as_jpeg():
    data = load("cifar10")
    require_fit("resnet20", data)
    assert [len(p) for p in (data.train, data.validation, data.test)] == [45_000, 5_000, 10_000]
    assert np.round([*data.mean, *data.std], 3).tolist() == [
        0.491,
        0.482,
        0.447,
        0.245,
        0.243,
        0.26,
    ]
    assert data.test.labels.bincount().tolist() == [1_000] * 10


# batches


def numbered(n, shape=(1, 1, 1)):
    images = torch.arange(float(n))[:, None, None, None].expand(n, *shape).clone()
    return Part(images, torch.arange(n))


def test_an_epoch_holds_every_image_once_with_its_label():
    of = Batches(numbered(25), 8)
    drawn = list(of(3))
    assert [len(labels) for _, labels in drawn] == [8, 8, 8, 1] and len(of) == 4
    labels = torch.cat([labels for _, labels in drawn])
    assert sorted(labels.tolist()) == list(range(25)) and labels.tolist() != list(range(25))
    assert all(torch.equal(images.flatten(), labels.float()) for images, labels in drawn)


PAIRS = ((1, 2), (2, 1), (1, 3), (3, 0), (0, 3))


def test_batches_depend_on_seed_and_epoch_alone():
    part = numbered(50, (1, 6, 6))
    shift = Shift(2, (0.0,), flip=True)

    def drawn(seed, epoch):
        return [images for images, _ in Batches(part, 8, seed, shift)(epoch)]

    def same(a, b):
        return len(a) == len(b) and all(map(torch.equal, a, b))

    before = torch.get_rng_state()
    straight = drawn(1, 2)
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(5)
    assert same(drawn(1, 2), straight)
    batches = Batches(part, 8, 1, shift)
    for i in reversed(range(len(batches))):
        assert torch.equal(batches.of(2, i, batches.rows(2)[i])[0], straight[i])
    orders = {tuple(torch.cat([y for _, y in Batches(part, 8, s)(e)]).tolist()) for s, e in PAIRS}
    assert len(orders) == len(PAIRS)


def test_batches_leave_the_data_alone():
    part = numbered(9, (1, 3, 3))
    images = part.images.clone()
    for augment in (None, Shift(1, (0.0,))):
        for drawn, _ in Batches(part, 4, 0, augment)(0):
            drawn.zero_()
    assert torch.equal(part.images, images)


def test_two_batches_of_an_epoch_are_shifted_differently():
    image = torch.arange(36.0).reshape(1, 1, 6, 6).expand(600, 1, 6, 6)
    of = Batches(Part(image, torch.zeros(600).long()), 200, 0, Shift(3, (-1.0,)))
    one, two, three = (images for images, _ in of(0))
    assert not torch.equal(one, two) and not torch.equal(two, three)
    assert not torch.equal(one, next(of(1))[0])


@pytest.mark.parametrize("flip", (False, True))
def test_shifts_are_all_there_and_equally_likely(flip):
    m, n = 1, 9_000
    image = 1 + torch.rand(2, 4, 3, generator=torch.Generator().manual_seed(0))
    fill = (-7.0, 9.0)
    moved = Shift(m, fill, flip)(image.expand(n, 2, 4, 3), torch.Generator().manual_seed(1))
    wide = torch.tensor(fill)[:, None, None].repeat(1, 6, 5)
    wide[:, 1:5, 1:4] = image
    wanted = [wide[:, y : y + 4, x : x + 3] for y in range(3) for x in range(3)]
    wanted += [w.flip(2) for w in wanted] if flip else []
    counts = Counter(image.numpy().tobytes() for image in moved)
    assert set(counts) == {w.contiguous().numpy().tobytes() for w in wanted}
    p = 1 / len(wanted)
    spread = 4.5 * np.sqrt(n * p * (1 - p))  # of a binomial count
    assert all(abs(count - n * p) < spread for count in counts.values())


def test_a_shift_of_nothing_changes_nothing():
    images = torch.rand(5, 1, 4, 4, generator=torch.Generator().manual_seed(2))
    assert torch.equal(Shift(0, (0.0,))(images, torch.Generator()), images)


# downloads


@pytest.fixture
def tiny(monkeypatch):
    """A source of two files."""
    files = {"/a/one.gz": b"1" * 3_000_000, "/a/two.gz": b"two"}
    sums = {path.removeprefix("/a/"): md5_of(content) for path, content in files.items()}
    monkeypatch.setitem(downloads.SOURCES, "mnist", Source("http://127.0.0.1:9", sums))
    return files


def test_download(tiny, tmp_path):
    with served(tiny) as (address, asked):
        paths = download("mnist", tmp_path / "new", url=f"{address}/a")
        assert [path.read_bytes() for path in paths] == list(tiny.values())
        assert paths == tuple(tmp_path / "new" / "mnist" / n for n in ("one.gz", "two.gz"))
        paths[1].write_bytes(b"too")
        with paths[1].open("rb") as reader:
            assert download("mnist", str(tmp_path / "new"), url=f"{address}/a") == paths
            assert reader.read() == b"too", "replaced at once: who reads the old file goes on"
    assert asked == ["/a/one.gz", "/a/two.gz", "/a/two.gz"], "intact files are not fetched again"
    assert paths[1].read_bytes() == b"two"
    assert sorted(p.name for p in paths[0].parent.iterdir()) == ["one.gz", "two.gz"]


@pytest.mark.parametrize(("short", "spoil"), ((5, False), (0, True)))
def test_a_failed_download_leaves_nothing_behind(tiny, tmp_path, short, spoil):
    old = tmp_path / "mnist" / "one.gz"
    old.parent.mkdir()
    old.write_bytes(b"old")
    files = {path: content + b"!" * spoil for path, content in tiny.items()}
    with served(files, short=short) as (address, _), pytest.raises(OSError):
        download("mnist", tmp_path, url=f"{address}/a")
    assert [p.name for p in old.parent.iterdir()] == ["one.gz"] and old.read_bytes() == b"old"


def test_an_idx_file_of_any_shape(tmp_path):
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    (tmp_path / "a.idx").write_bytes(idx(array))
    assert np.array_equal(read_idx(tmp_path / "a.idx"), array)
