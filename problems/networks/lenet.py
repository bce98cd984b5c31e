"""LeNet-300-100 and LeNet-5, for the 28×28 digits of MNIST.

LeNet-5 is the variant of the pruning papers, known from Caffe: 20 and 50 filters, 500 units, 430,500
weights; that of 1998 has 6 and 16 filters and partial connections.

Reference    LeCun, Bottou, Bengio, Haffner, Proc. IEEE 86 (1998) 2278–2324
"""

from torch import nn

from problems.networks.layers import named


def lenet300() -> nn.Module:
    """784-300-100-10, fully connected: 266,200 weights."""
    layers = {
        "flat": nn.Flatten(),
        "fc1": nn.Linear(784, 300),
        "relu1": nn.ReLU(),
        "fc2": nn.Linear(300, 100),
        "relu2": nn.ReLU(),
        "fc3": nn.Linear(100, 10),
    }
    return named(layers)


def lenet5(*, relu_after_convolutions: bool = True) -> nn.Module:
    """Two convolutions with pooling and two linear layers.

    relu_after_convolutions : False is Caffe's original, whose only ReLU follows fc1; sparse networks
                              are clearly better with all three.
    """
    relu = nn.ReLU if relu_after_convolutions else nn.Identity
    layers = {
        "conv1": nn.Conv2d(1, 20, 5),  # (n, 20, 24, 24)
        "relu1": relu(),
        "pool1": nn.MaxPool2d(2),  # (n, 20, 12, 12)
        "conv2": nn.Conv2d(20, 50, 5),  # (n, 50, 8, 8)
        "relu2": relu(),
        "pool2": nn.MaxPool2d(2),  # (n, 50, 4, 4)
        "flat": nn.Flatten(),
        "fc1": nn.Linear(800, 500),
        "relu3": nn.ReLU(),
        "fc2": nn.Linear(500, 10),
    }
    return named(layers)
