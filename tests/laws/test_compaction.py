"""A compacted network answers as the one it was made of, in eval mode, whatever was pruned."""

import copy

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from lagrange.nn.compaction import compact


class Residual(nn.Module):
    """Additions, batch statistics, a depthwise layer, zero padding, a view."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(2, 6, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(6)
        self.inner = nn.Conv2d(6, 5, 3, padding=1)
        self.inner_norm = nn.BatchNorm2d(5)
        self.outer = nn.Conv2d(5, 6, 1, bias=False)
        self.depthwise = nn.Conv2d(6, 12, 3, groups=6)
        self.point = nn.Conv2d(12, 4, 1)
        self.out = nn.Linear(16, 3)

    def forward(self, x):
        x = torch.relu(self.norm(self.first(x)))
        y = self.outer(torch.relu(self.inner_norm(self.inner(x))))
        x = F.max_pool2d(torch.relu(x + y), 2)
        x = F.adaptive_avg_pool2d(self.point(torch.relu(self.depthwise(x))), 2)
        return self.out(x.view(x.size(0), -1))


class Joined(nn.Module):
    """A concatenation, a mean over places, sigmoids, average pooling with padding."""

    def __init__(self):
        super().__init__()
        self.left = nn.Conv2d(2, 5, 3)
        self.right = nn.Conv2d(2, 4, 3)
        self.both = nn.Conv2d(9, 6, 3, padding="same")
        self.pool = nn.AvgPool2d(2, padding=1)
        self.last = nn.Conv2d(6, 5, 1)
        self.norm = nn.BatchNorm1d(5)
        self.out = nn.Linear(5, 3)

    def forward(self, x):
        x = torch.cat([torch.sigmoid(self.left(x)), F.relu(self.right(x))], dim=1)
        x = self.pool(torch.tanh(self.both(x)))
        return self.out(self.norm(F.gelu(self.last(x)).mean((2, 3))))


def lenet():
    return nn.Sequential(
        *(nn.Conv2d(2, 6, 3), nn.ReLU(inplace=True), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 8, 2), nn.BatchNorm2d(8), nn.LeakyReLU(), nn.Dropout(0.3), nn.Flatten()),
        *(nn.Linear(8 * 4, 12), nn.ReLU(), nn.Linear(12, 3)),
    )


NETS = {"lenet": lenet, "residual": Residual, "joined": Joined}


def inputs(count=3, seed=0, size=8):
    return torch.randn(count, 2, size, size, generator=torch.Generator().manual_seed(seed))


def pruned(make, seed, keep, rows):
    """A network with random statistics and masks; ``rows``: how many filters are zero altogether."""
    torch.manual_seed(seed)
    net = make()
    with torch.no_grad():
        for module in net.modules():
            if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                module.running_mean.normal_()
                module.running_var.uniform_(0.5, 2)
                module.weight.normal_()
                module.bias.normal_()
                module.weight[torch.rand(module.weight.shape) < rows / 2] = 0
        for p in net.parameters():
            if p.ndim > 1:
                p *= torch.rand(p.shape) < keep
                p[torch.rand(p.shape[0]) < rows] = 0
    return net.eval()


def same(a, b, tolerance=1e-5):
    return float((a - b).detach().abs().max()) <= tolerance * float(a.detach().abs().max())


def networks(*kinds):
    """Kind, seed, share of the weights that are kept, share of the rows that go altogether."""
    rows = st.sampled_from((0.0, 0.3, 0.7))
    return given(st.sampled_from(kinds), st.integers(0, 10**6), st.floats(0.02, 1), rows)


@settings(max_examples=60, deadline=None)
@networks(*sorted(NETS))
def test_answers_are_the_same(kind, seed, keep, rows):
    net = pruned(NETS[kind], seed, keep, rows)
    done = compact(net, inputs())
    x = inputs(4, seed + 1)
    with torch.no_grad():
        assert same(net(x), done.module(x)), done
    assert done.parameters[1] <= done.parameters[0]
    assert done.difference <= 1e-5
    assert not done.left_alone


@settings(max_examples=60, deadline=None)
@networks("lenet", "joined")
@example("lenet", 227, 1.0, 0.7)  # a layer without a live unit: its last one stays, and changes
def test_what_was_changed_in_the_smaller_network_goes_back_to_its_place(kind, seed, keep, rows):
    net = pruned(NETS[kind], seed, keep, rows)
    done = compact(net, inputs())
    torch.manual_seed(seed)
    with torch.no_grad():
        for p in done.module.parameters():
            p *= 1 + 0.1 * torch.randn(p.shape)  # zeros stay
    back = NETS[kind]().eval()
    back.load_state_dict(done.expanded())
    x = inputs(4, seed + 1)
    with torch.no_grad():
        assert same(done.module(x), back(x))
    for now, before in zip(back.parameters(), net.parameters(), strict=True):
        if now.ndim > 1:
            assert torch.equal(now == 0, before == 0)


def test_a_bias_that_was_not_there_has_no_place():
    net = pruned(NETS["residual"], 5, 0.3, 0.3)
    done = compact(net, inputs())
    with pytest.raises(ValueError, match=r"outer\.bias: a constant went into a layer without bias"):
        done.expanded()


@pytest.mark.parametrize("kind", NETS)
def test_most_of_a_network_goes_and_its_masks_do_not_matter(kind):
    """What is dead is taken out: nothing is left for a second time."""
    net = pruned(NETS[kind], 5, 0.3, 0.3)
    done = compact(net, inputs())
    assert done.parameters[1] < 0.9 * done.parameters[0]
    assert compact(done.module, inputs()).parameters[1] == done.parameters[1]


def test_the_network_is_not_changed_and_modes_stay():
    net = pruned(lenet, 1, 0.2, 0.5).train()
    before = copy.deepcopy(net.state_dict())
    x = inputs()
    done = compact(net, x)
    assert all(module.training for module in (*net.modules(), *done.module.modules()))
    assert all(
        torch.equal(a, b) for a, b in zip(before.values(), net.state_dict().values(), strict=True)
    )
    assert torch.equal(x, inputs())
    assert [n for n, _ in done.module.named_parameters()] == [n for n, _ in net.named_parameters()]


def linear(weight, bias=None):
    layer = nn.Linear(len(weight[0]), len(weight), bias=bias is not None)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(weight, dtype=torch.float32))
        if bias is not None:
            layer.bias.copy_(torch.tensor(bias, dtype=torch.float32))
    return layer


def test_constants_go_to_the_next_bias_by_hand():
    """Unit 1 has no input: relu(3) = 3. Unit 2 has no output. Unit 3: relu(−1) = 0."""
    first = linear([[1, 2], [0, 0], [4, 5], [0, 0]], [0.5, 3, 1, -1])
    net = nn.Sequential(first, nn.ReLU(), linear([[1, 10, 0, 7]], [100]))
    done = compact(net, torch.ones(2, 2))
    assert done.layers[0].outputs == (4, 1) and done.layers[1].inputs == (4, 1)
    assert done.module[0].weight.tolist() == [[1, 2]] and done.module[0].out_features == 1
    assert done.module[2].weight.tolist() == [[1]] and done.module[2].bias.tolist() == [130]


def test_a_layer_without_bias_gets_one():
    first = linear([[1, 2], [0, 0]], [0, 3])
    done = compact(nn.Sequential(first, nn.ReLU(), linear([[1, 2]])), torch.ones(2, 2))
    assert done.module[2].bias.tolist() == [6]


@pytest.mark.parametrize(
    ("bias", "padding", "mode", "kept"),
    (
        (2.0, 1, "zeros", 2),
        (2.0, "same", "zeros", 2),
        (-2.0, 1, "zeros", 1),
        (2.0, 0, "zeros", 1),
        (2.0, "valid", "zeros", 1),
        (2.0, 1, "reflect", 1),
    ),
)
def test_a_constant_that_meets_zero_padding_stays(bias, padding, mode, kept):
    torch.manual_seed(0)
    first = nn.Conv2d(1, 2, 1)
    with torch.no_grad():
        first.weight[1], first.bias[1] = 0, bias
    net = nn.Sequential(first, nn.ReLU(), nn.Conv2d(2, 2, 3, padding=padding, padding_mode=mode))
    x = torch.randn(2, 1, 6, 6)
    done = compact(net, x)
    assert done.layers[0].outputs == (2, kept)
    with torch.no_grad():
        assert same(net(x), done.module(x))


def test_channels_of_an_addition_go_together():
    """Dead on one branch only: both stay. Dead on both: both go."""

    class Sum(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.out = nn.Linear(2, 3), nn.Linear(2, 3), nn.Linear(3, 1)

        def forward(self, x):
            return self.out(self.a(x) + self.b(x))

    net = Sum()
    with torch.no_grad():
        net.a.weight[:2] = 0
        net.b.weight[1] = 0
    done = compact(net, torch.ones(2, 2))
    assert [layer.outputs for layer in done.layers] == [(3, 2), (3, 2), (1, 1)]
    x = torch.randn(5, 2)
    assert same(net(x), done.module(x))


def test_what_is_overwritten_in_place_is_not_folded():
    """The second branch sees relu(−3) = 0, not −3, as the first wrote over it."""

    class Overwriting(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.out = linear([[1, 1], [0, 0]], [0, -3]), linear([[1, 10, 1, 10]], [0])

        def forward(self, x):
            x = self.first(x)
            y = F.relu(x, inplace=True)
            return self.out(torch.cat([x, y], 1))

    net = Overwriting()
    x = torch.randn(4, 2)
    assert same(net(x), compact(net, x).module(x))


def test_what_is_not_understood_is_left_alone_and_listed():
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.shared, self.group = (
                nn.Conv2d(1, 4, 1),
                nn.Conv2d(4, 4, 1),
                nn.Conv2d(4, 4, 1, groups=2),
            )

        def forward(self, x):
            x = self.shared(self.shared(self.a(x)))
            return self.group(x).softmax(1).view(2, 36)

    net = Odd()
    with torch.no_grad():
        net.a.weight[:2] = 0
    done = compact(net, torch.randn(2, 1, 3, 3))
    assert done.parameters[0] == done.parameters[1]
    assert {"shared", "group", "softmax"} <= set(done.left_alone)


def test_a_view_that_states_its_size_keeps_its_channels():
    class Stated(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.out = nn.Conv2d(1, 3, 2), nn.Linear(12, 2)

        def forward(self, x):
            return self.out(self.conv(x).view(-1, 12))

    net = Stated()
    with torch.no_grad():
        net.conv.weight[1] = 0
    x = torch.randn(2, 1, 3, 3)
    done = compact(net, x)
    assert done.layers[0].outputs == (3, 3) and done.left_alone
    assert same(net(x), done.module(x))


def test_a_network_that_ignores_its_input_keeps_one_unit_and_what_comes_of_it():
    net = lenet().eval()
    with torch.no_grad():
        net[0].weight.zero_()
    done = compact(net, inputs())
    assert [layer.outputs[1] for layer in done.layers] == [1, 8, 12, 3]
    assert same(net(inputs()), done.module(inputs()))


def test_half_precision_and_frozen_parameters_stay_as_they_are():
    net = pruned(lenet, 2, 0.3, 0.5).to(torch.bfloat16).requires_grad_(False)
    done = compact(net, inputs().to(torch.bfloat16))
    assert {p.dtype for p in done.module.parameters()} == {torch.bfloat16}
    assert not any(p.requires_grad for p in done.module.parameters())
    assert same(net(inputs().bfloat16()), done.module(inputs().bfloat16()), 0.05)


def test_a_constant_through_batch_statistics_by_hand():
    """(3 − 1) / √(0.96 + 0.04) · 2 + 5 = 9; a gain of 0 makes the shift of anything."""
    norm = nn.BatchNorm1d(3, eps=0.04)
    with torch.no_grad():
        norm.running_mean.copy_(torch.tensor([1.0, 1, 1]))
        norm.running_var.fill_(0.96)
        norm.weight.copy_(torch.tensor([2.0, 0, 1]))
        norm.bias.copy_(torch.tensor([5.0, 7, 0]))
    net = nn.Sequential(
        linear([[0, 0], [1, 2], [1, 0]], [3, 0, 0]), norm, linear([[1, 10, 100]], [0])
    )
    done = compact(net.eval(), torch.ones(2, 2))
    assert done.layers[0].outputs == (3, 1) and done.module[1].num_features == 1
    assert done.module[2].bias.tolist() == pytest.approx([9 + 70])
