"""AlexNet as published in 2012: two groups in convolutions 2, 4 and 5, response normalization.

60,965,224 parameters. The ungrouped network with 61,100,840 that many libraries call AlexNet is
another one, with other widths (Krizhevsky, arXiv:1404.5997).

Reference    Krizhevsky, Sutskever, Hinton, NIPS 2012, §3
"""

from torch import nn

from problems.networks.layers import he_values, named


def alexnet() -> nn.Module:
    """For 3×227×227 images and 1000 classes; 227 is what 55 positions of 11×11 at stride 4 need."""
    layers = {
        "conv1": nn.Conv2d(3, 96, 11, stride=4),  # (n, 96, 55, 55)
        "relu1": nn.ReLU(),
        "response1": _response_norm(),
        "pool1": nn.MaxPool2d(3, 2),  # (n, 96, 27, 27)
        "conv2": nn.Conv2d(96, 256, 5, padding=2, groups=2),
        "relu2": nn.ReLU(),
        "response2": _response_norm(),
        "pool2": nn.MaxPool2d(3, 2),  # (n, 256, 13, 13)
        "conv3": nn.Conv2d(256, 384, 3, padding=1),
        "relu3": nn.ReLU(),
        "conv4": nn.Conv2d(384, 384, 3, padding=1, groups=2),
        "relu4": nn.ReLU(),
        "conv5": nn.Conv2d(384, 256, 3, padding=1, groups=2),
        "relu5": nn.ReLU(),
        "pool5": nn.MaxPool2d(3, 2),  # (n, 256, 6, 6)
        "flat": nn.Flatten(),
        "fc6": nn.Linear(9216, 4096),
        "relu6": nn.ReLU(),
        "drop6": nn.Dropout(),
        "fc7": nn.Linear(4096, 4096),
        "relu7": nn.ReLU(),
        "drop7": nn.Dropout(),
        "fc8": nn.Linear(4096, 1000),
    }
    return he_values(named(layers))


def _response_norm() -> nn.Module:
    """§3.3 with n = 5; torch divides α by n, the paper does not."""
    return nn.LocalResponseNorm(5, alpha=5 * 1e-4, beta=0.75, k=2.0)
