"""Batches that are looked up when they are trained on: shifts, samples, halves."""

from dataclasses import replace

import torch
from torch.nn import functional

from lagrange.nn.distillation import distillation
from lagrange.nn.retrain import Teacher
from problems.networks.batches import Batches, Shift
from problems.networks.dataset import Part
from problems.networks.feed import Feed


def part(n: int = 10) -> Part:
    generator = torch.Generator().manual_seed(0)
    return Part(torch.rand(n, 1, 4, 4, generator=generator), torch.arange(n) % 3)


class Keeping(torch.nn.Module):
    """Remembers what it was shown."""

    def __init__(self):
        super().__init__()
        self.layer, self.seen = torch.nn.Linear(16, 3), []

    def forward(self, x):
        self.seen.append(x)
        return self.layer(x.flatten(1))


def test_a_feed_shows_the_images_of_the_batches():
    batches = Batches(part(), 4, seed=5, augment=Shift(1, (0.0,)))
    feed, net = Feed(batches, first=2), Keeping()
    for (rows, place), (images, labels) in zip(feed(1), batches(3), strict=True):
        value = feed.loss(net, (rows, place))
        assert torch.equal(net.seen[-1], images)
        assert torch.equal(value, functional.cross_entropy(net(images), labels))
    assert [b[1].tolist() for b in feed.after(4)(0)] == [[6, 0], [6, 1], [6, 2]]


def test_the_sample_is_not_shifted_and_in_full_precision():
    feed, net = Feed(Batches(part(), 4, augment=Shift(2, (0.0,))), half=True), Keeping()
    value = feed.loss(net, feed.sample(7))
    assert torch.equal(net.seen[-1], part().images[:7])
    assert value == functional.cross_entropy(
        net.layer(part().images[:7].flatten(1)), part().labels[:7]
    )
    assert len(feed.sample(99)[0]) == 10
    halved = feed.loss(net, next(iter(feed(0))))
    assert abs(halved - Feed(feed.batches).loss(net, next(iter(feed(0))))) < 0.05


def test_a_teacher_counts_in_training_and_not_on_the_sample():
    teacher = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Dropout(0.9), torch.nn.Linear(16, 3))
    feed, net = Feed(Batches(part(), 4)), Keeping()
    taught = replace(feed, teacher=Teacher(teacher, share=0.3, temperature=2.0))
    batch = next(iter(feed(0)))
    images, labels = next(iter(feed.batches(0)))
    p = torch.softmax(teacher[2](images.flatten(1)).detach() / 2, 1)  # without the dropout
    q = torch.softmax(net(images) / 2, 1)
    divergence = (p * (p / q).log()).sum(1).mean()
    wanted = 0.7 * functional.cross_entropy(net(images), labels) + 0.3 * 4 * divergence
    value = taught.loss(net, batch)
    assert abs(value - wanted) < 1e-6 and abs(value - feed.loss(net, batch)) > 1e-3
    value.backward()
    assert all(p.grad is None for p in teacher.parameters())
    with torch.autocast("cpu", torch.bfloat16):  # logits are halves, what is made of them is not
        student, aim = net(images), teacher(images)
        halved = 0.7 * functional.cross_entropy(student, labels)
    halved += 0.3 * distillation(student.float(), aim.float(), 2.0)
    assert abs(replace(taught, half=True).loss(net, batch) - halved) < 1e-6 < abs(halved - wanted)
    assert torch.equal(taught.loss(net, feed.sample(5)), feed.loss(net, feed.sample(5)))


def test_halves_are_halves():
    class Half(Keeping):
        def forward(self, x):
            out = super().forward(x)
            self.kind = out.dtype
            return out

    for half, kind in ((True, torch.bfloat16), (False, torch.float32)):
        net = Half()
        feed = Feed(Batches(part(), 4), half=half)
        feed.loss(net, next(iter(feed(0))))
        assert net.kind == kind
