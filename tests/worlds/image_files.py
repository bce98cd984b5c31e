"""Small image data as files, and a server for them."""

import gzip
import io
import pickle
import struct
import tarfile
import threading
from contextlib import contextmanager
from hashlib import md5, sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

from problems import data
from problems.networks import cifar, mnist

SIZES = {"train": 6_000, "t10k": 50}


def md5_of(content):
    return md5(content).hexdigest()


def idx(array):
    """An IDX file of unsigned bytes."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


def small_mnist(place, *, zipped=True):
    """Files of 6,000 and 50 images of 3×2 pixels in a data folder, known as those of MNIST."""
    rng = np.random.default_rng(0)
    folder = place.folder / "mnist"
    folder.mkdir()
    arrays = {}
    for part, n in SIZES.items():
        arrays[f"{part}-images-idx3-ubyte"] = rng.integers(0, 256, (n, 3, 2), dtype=np.uint8)
        arrays[f"{part}-labels-idx1-ubyte"] = np.arange(n, dtype=np.uint8) % 10
    for name, array in arrays.items():
        content = idx(array)
        place.patch.setitem(mnist.UNCOMPRESSED, name, md5_of(content))
        path = folder / (f"{name}.gz" if zipped else name)
        path.write_bytes(gzip.compress(content, 1) if zipped else content)
    place.patch.setenv(data.VARIABLE, str(place.folder))
    return arrays


def small_cifar(place, form, *, packed=False):
    """Six official files of 1,200 images of 3×4×2, ``bin`` or ``py``: images, labels, content."""
    rng = np.random.default_rng(0)
    place.patch.setattr(cifar, "BATCH", 1_200)
    place.patch.setattr(cifar, "IMAGE", (3, 4, 2))
    place.patch.setenv(data.VARIABLE, str(place.folder))
    made = {}
    for name in cifar.PICKLED:
        images = rng.integers(0, 256, (1_200, 3, 4, 2), dtype=np.uint8)
        labels = rng.permutation(np.arange(1_200) % 10).astype(np.uint8)
        rows = images.reshape(1_200, -1)
        if form == "py":
            table = {b"data": rows, b"labels": labels.tolist()}
            content = pickle.dumps(table, protocol=2)
            place.patch.setitem(cifar.PICKLED, name, md5_of(content))
        else:
            content = np.column_stack([labels, rows]).tobytes()
        made[name] = images, labels, content
    top = f"cifar-10-batches-{form}"
    suffix = ".bin" if form == "bin" else ""
    folder = place.folder / "cifar10"
    (folder if packed else folder / top).mkdir(parents=True)
    if packed:
        archive = {"bin": "cifar-10-binary.tar.gz", "py": "cifar-10-python.tar.gz"}[form]
        with tarfile.open(folder / archive, "w:gz", compresslevel=0) as tar:
            for name in reversed(made):  # the order in the archive is no promise
                member = tarfile.TarInfo(f"{top}/{name}{suffix}")
                member.size = len(made[name][2])
                tar.addfile(member, io.BytesIO(made[name][2]))
    else:
        for name, (_, _, content) in made.items():
            (folder / top / f"{name}{suffix}").write_bytes(content)
    return made


def small_jpeg(place):
    """JPEG files of 5,500 and 20 images, one color above black for each class; colors and labels."""
    from PIL import Image

    folder = place.folder / "cifar10"
    folder.mkdir()
    place.patch.setenv(data.VARIABLE, str(place.folder))
    made = {}
    for part, n in (("train", 5_500), ("test", 20)):
        colors = np.random.default_rng(n).integers(0, 256, (10, 3), dtype=np.uint8)
        files = []
        for color in colors:
            out = io.BytesIO()
            image = np.zeros((32, 32, 3), dtype=np.uint8)
            image[:16] = color
            Image.fromarray(image).save(out, "JPEG", quality=95, subsampling=0)
            files.append(out.getvalue())
        labels = (np.arange(n) * 10 // n).astype(np.uint8)  # sorted by class
        each = [files[label] for label in labels]
        offsets = np.cumsum([0, *map(len, each)]).astype(np.uint32)
        jpeg = np.frombuffer(b"".join(each), dtype=np.uint8)
        np.savez(folder / f"cifar10_jpeg_{part}.npz", jpeg=jpeg, offsets=offsets, labels=labels)
        digest = sha256(jpeg.tobytes() + offsets.tobytes() + labels.tobytes()).hexdigest()
        place.patch.setitem(cifar.JPEG, part, digest)
        made[part] = colors, labels
    return made


@contextmanager
def served(files, *, short=0):
    """The address of a server of these files (path → bytes), its list of requests; ``short`` bytes
    of every answer are promised and not sent.
    """
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            content = files.get(self.path)
            if content is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) - short])

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()
