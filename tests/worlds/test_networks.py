"""The networks: their published sizes, their layers, their seeded values."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from problems.networks.alexnet import alexnet
from problems.networks.dataset import Part
from problems.networks.layers import seeded
from problems.networks.lenet import lenet5
from problems.networks.mobilenet import mobilenet_v2_cifar
from problems.networks.registry import NETWORKS, network
from problems.networks.resnet import Padded, resnet_cifar
from problems.networks.training import accuracy
from tests.tolerances import EXACT

SMALL = [name for name, a in NETWORKS.items() if a.parameters < 1e6]


def on_paper(make):
    """The network without memory for its values."""
    with torch.device("meta"):
        return make()


def parameters(net):
    return sum(p.numel() for p in net.parameters())


# Each number stands in a paper or follows from its tables; those of ImageNet are known from many
# libraries. Biases and batch norms count, running statistics do not.
PUBLISHED = {
    "digits": 13_706,
    "lenet300": 784 * 300 + 300 * 100 + 100 * 10 + 410,
    "lenet5": 430_500 + 580,
    "resnet20": 269_722,
    "resnet56": 853_018,
    "resnet18_cifar": 11_173_962,
    "vgg16_cifar": 14_728_266,
    "mobilenet_v2_cifar": 2_296_922,
    "resnet18": 11_689_512,
    "resnet50": 25_557_032,
    "vgg16": 138_357_544,
    "alexnet": 60_965_224,
    "mobilenet_v2": 3_504_872,
}


def test_every_network_has_a_published_number():
    assert sorted(PUBLISHED) == sorted(NETWORKS)


@pytest.mark.parametrize("name", PUBLISHED)
def test_numbers_of_parameters(name):
    architecture = NETWORKS[name]
    net = on_paper(architecture.make)
    assert parameters(net) == architecture.parameters == PUBLISHED[name]
    weights = sum(p.numel() for p in net.parameters() if p.ndim >= 2)
    assert weights == architecture.weights


@pytest.mark.parametrize("name", NETWORKS)
def test_shapes(name):
    architecture = NETWORKS[name]
    net = on_paper(architecture.make)
    answer = net(torch.empty(2, *architecture.shape, device="meta"))
    assert answer.shape == (2, architecture.classes)


@pytest.mark.parametrize(("n", "parameters_"), [(3, 272_474), (9, 855_770)])
def test_residual_networks_with_projections(n, parameters_):
    assert parameters(on_paper(lambda: resnet_cifar(n, project=True))) == parameters_


def test_mobilenet_with_the_paper_s_blocks():  # the ImageNet network with ten classes
    net = on_paper(lambda: mobilenet_v2_cifar(projected=False))
    assert parameters(net) == 2_236_682 == 3_504_872 - 1281 * 990


@pytest.mark.parametrize(
    ("name", "macs", "source"),
    [
        ("lenet5", 20 * 24**2 * 25 + 50 * 8**2 * 500 + 400_000 + 5_000, "layer by layer"),
        ("alexnet", 724_406_816, "Caffe's network, two groups"),
        ("vgg16", 15_470_264_320, "layer by layer"),
        ("resnet18", 1_814_073_344, "layer by layer"),
        ("resnet50", 4_089_184_256, "layer by layer"),
        ("mobilenet_v2", 300_774_272, "the paper: 300 million"),
        ("resnet20", 40_551_040, "the paper's family: 41 million"),
        ("resnet56", 125_485_696, "the paper's family: 126 million"),
    ],
)
def test_multiplications_of_one_image(name, macs, source):
    """Strides and poolings show in no parameter: the products of all layers count them."""
    architecture = NETWORKS[name]
    net = on_paper(architecture.make)
    counted = []

    def count(layer, inputs, output):
        per_output = layer.weight.numel() // layer.weight.shape[0]
        counted.append(output.numel() * per_output)

    for layer in net.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(count)
    net(torch.empty(1, *architecture.shape, device="meta"))
    assert sum(counted) == macs, source


def test_option_a_subsamples_and_pads():
    x = torch.arange(2 * 4 * 4.0).reshape(1, 2, 4, 4)
    y = Padded(2, 4, 2)(x)
    assert torch.equal(y[:, 1:3], x[:, :, [0, 2]][:, :, :, [0, 2]])
    assert y.shape == (1, 4, 2, 2) and not y[:, [0, 3]].any()


def test_a_residual_block_adds_its_input():
    block = network("resnet20").stage2[1].eval()
    x = torch.randn(2, 32, 8, 8, generator=torch.Generator().manual_seed(1))
    first, norm, _, second, last = block.body
    inner = functional.conv2d(x, first.weight, padding=1) / np.sqrt(1 + norm.eps)
    inner = functional.conv2d(inner.clamp(min=0), second.weight, padding=1)
    expected = (inner / np.sqrt(1 + last.eps) + x).clamp(min=0)
    assert torch.allclose(block(x), expected, atol=EXACT(torch.float32, scale=10))


def test_mobilenet_has_linear_ends_and_shortcuts():
    net = network("mobilenet_v2_cifar").eval()
    x = torch.randn(1, 24, 8, 8, generator=torch.Generator().manual_seed(1))
    kept, wider = net.block3, net.block4  # 24 → 24 and 24 → 32
    assert torch.equal(kept(x), kept.body(x) + x)
    assert wider.shortcut is None and (wider(x) < 0).any()
    projected = net.block2  # 16 → 24
    assert projected.shortcut is not None
    assert on_paper(lambda: mobilenet_v2_cifar(projected=False)).block2.shortcut is None


def test_response_normalization_is_that_of_the_paper():
    a = torch.randn(1, 7, 1, 1, generator=torch.Generator().manual_seed(2)) * 30
    b = on_paper(alexnet).response1(a).flatten().tolist()
    a = a.flatten().tolist()
    for i, value in enumerate(b):
        near = a[max(0, i - 2) : i + 3]
        expected = a[i] / (2 + 1e-4 * sum(v * v for v in near)) ** 0.75
        assert abs(value - expected) <= EXACT(torch.float32, scale=abs(expected))


def test_lenet5_without_the_added_relus():
    def of(flag):
        return seeded(lambda: lenet5(relu_after_convolutions=flag), 0)

    x = torch.randn(1, 1, 28, 28, generator=torch.Generator().manual_seed(3))
    caffe, ours = of(False), of(True)
    assert all(
        torch.equal(p, q) for p, q in zip(caffe.parameters(), ours.parameters(), strict=True)
    )
    pooled = functional.max_pool2d(functional.conv2d(x, caffe.conv1.weight, caffe.conv1.bias), 2)
    assert torch.equal(caffe[:3](x), pooled)
    assert torch.equal(ours[:3](x), pooled.clamp(min=0)) and (pooled < 0).any()
    assert (caffe[:6](x) < 0).any() and not (ours[:6](x) < 0).any()


@pytest.mark.parametrize("name", SMALL)
def test_values_depend_on_the_seed_alone(name):
    before = torch.get_rng_state()
    first = network(name, 5)
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(3)
    with torch.device("meta"):
        again, other = network(name, 5), network(name, 6)
    pairs = list(zip(first.state_dict().values(), again.state_dict().values(), strict=True))
    assert all(torch.equal(a, b) for a, b in pairs)
    assert not torch.equal(next(first.parameters()), next(other.parameters()))
    assert first.training


def test_convolutions_start_with_he_s_variance():
    weight = network("resnet20").stage3[0].body[0].weight  # fan out 64 · 9, fan in half
    assert (
        abs(float(weight.detach().var()) * 64 * 9 / 2 - 1) < 0.05
    )  # 18,432 draws: 1 % standard error


def test_accuracy_counts_all_images_and_the_uneven_rest():
    net = network("digits", 1)
    images = torch.rand(2_300, 1, 8, 8, generator=torch.Generator().manual_seed(4))
    with torch.no_grad():
        guess = net.eval()(images).argmax(dim=1)
    labels = torch.where(torch.arange(2_300) < 1_900, guess, (guess + 1) % 10)
    assert accuracy(net.train(), Part(images, labels)) == 1_900 / 2_300
