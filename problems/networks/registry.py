"""Networks and image data by name, with seeded initial values.

Networks are checked for their published number of parameters (``tests/worlds/test_networks.py``). The
data sets: ``digits`` comes with scikit-learn, ``mnist`` and ``cifar10`` are files (``problems.data``,
``problems.networks.download``). There is no data for the ImageNet networks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from problems.networks.alexnet import alexnet
from problems.networks.cifar import load_cifar10
from problems.networks.dataset import Dataset
from problems.networks.digits import convolutional, load_digits
from problems.networks.layers import seeded
from problems.networks.lenet import lenet5, lenet300
from problems.networks.mnist import load_mnist
from problems.networks.mobilenet import mobilenet_v2, mobilenet_v2_cifar
from problems.networks.resnet import resnet18_cifar, resnet_cifar, resnet_imagenet
from problems.networks.vgg import vgg16, vgg16_cifar

IMAGENET = (3, 224, 224), 1000
CIFAR10 = (3, 32, 32), 10
MNIST = (1, 28, 28), 10


@dataclass(frozen=True)
class Architecture:
    """A network without its values.

    make       : builds it, drawing initial values from torch's global generator
    shape      : of one image, (channels, height, width)
    classes    : how many logits it answers
    parameters : how many it has, biases and norms included; weights: in tensors of two or more axes
    """

    make: Callable[[], nn.Module]
    shape: tuple[int, int, int]
    classes: int
    parameters: int
    weights: int


NETWORKS: Mapping[str, Architecture] = {
    "digits": Architecture(convolutional, (1, 8, 8), 10, 13_706, 13_584),
    "lenet300": Architecture(lenet300, *MNIST, 266_610, 266_200),
    "lenet5": Architecture(lenet5, *MNIST, 431_080, 430_500),
    "resnet20": Architecture(lambda: resnet_cifar(3), *CIFAR10, 269_722, 268_336),
    "resnet56": Architecture(lambda: resnet_cifar(9), *CIFAR10, 853_018, 848_944),
    "resnet18_cifar": Architecture(resnet18_cifar, *CIFAR10, 11_173_962, 11_164_352),
    "vgg16_cifar": Architecture(vgg16_cifar, *CIFAR10, 14_728_266, 14_715_584),
    "mobilenet_v2_cifar": Architecture(mobilenet_v2_cifar, *CIFAR10, 2_296_922, 2_261_824),
    "resnet18": Architecture(
        lambda: resnet_imagenet((2, 2, 2, 2), deep=False), *IMAGENET, 11_689_512, 11_678_912
    ),
    "resnet50": Architecture(
        lambda: resnet_imagenet((3, 4, 6, 3), deep=True), *IMAGENET, 25_557_032, 25_502_912
    ),
    "vgg16": Architecture(vgg16, *IMAGENET, 138_357_544, 138_344_128),
    "alexnet": Architecture(alexnet, (3, 227, 227), 1000, 60_965_224, 60_954_656),
    "mobilenet_v2": Architecture(mobilenet_v2, *IMAGENET, 3_504_872, 3_469_760),
}
DATA: Mapping[str, Callable[[], Dataset]] = {
    "digits": load_digits,
    "mnist": load_mnist,
    "cifar10": load_cifar10,
}
SOURCES: Mapping[str, str] = {
    "digits": "scikit-learn, digits",
    "mnist": "MNIST, IDX files",
    "cifar10": "CIFAR-10, official files or JPEG",
}
SHAPES = {"digits": ((1, 8, 8), 10), "mnist": MNIST, "cifar10": CIFAR10}  # of images, and classes


def architecture(name: str) -> Architecture:
    """The network of that name; ValueError lists the names there are."""
    if name not in NETWORKS:
        raise ValueError(f"network must be one of {', '.join(NETWORKS)}, got {name!r}")
    return NETWORKS[name]


def network(name: str, seed: int = 0) -> nn.Module:
    """The network with initial values by the seed alone, in training mode, on the CPU."""
    return seeded(architecture(name).make, seed)


def blank(name: str) -> Tensor:
    """An input of that network that says nothing: one image of zeros."""
    return torch.zeros(1, *architecture(name).shape)


def load(name: str) -> Dataset:
    """The data set of that name; ValueError lists the names there are, or says what file is missing."""
    if name not in DATA:
        raise ValueError(f"data must be one of {', '.join(DATA)}, got {name!r}")
    return DATA[name]()


def require_fit(name: str, data: Dataset) -> None:
    """Refuses a network that does not take the images of the data, or answers other classes."""
    _require(name, data.name, data.shape, data.classes)


def require_shapes(name: str, data: str) -> None:
    """The same by the name of the data, without reading it."""
    if data not in SHAPES:
        raise ValueError(f"data must be one of {', '.join(DATA)}, got {data!r}")
    _require(name, data, *SHAPES[data])


def data_for(name: str) -> str:
    """The data set that a network fits; ValueError where there is none."""
    wanted = architecture(name)
    for data, shape in SHAPES.items():
        if shape == (wanted.shape, wanted.classes):
            return data
    raise ValueError(
        f"there is no data for {name}, which takes images {wanted.shape} of {wanted.classes} "
        f"classes: {', '.join(f'{d} has {s} of {c}' for d, (s, c) in SHAPES.items())}"
    )


def _require(name: str, data: str, shape: tuple[int, int, int], classes: int) -> None:
    wanted = architecture(name)
    if (wanted.shape, wanted.classes) != (shape, classes):
        fitting = [n for n, a in NETWORKS.items() if (a.shape, a.classes) == (shape, classes)]
        raise ValueError(
            f"{name} takes images {wanted.shape} of {wanted.classes} classes, {data} has "
            f"{shape} of {classes}; networks for it: {', '.join(fitting) or 'none'}"
        )
