"""A whole recipe by name, on a small network and the 8×8 digits."""

import copy
import itertools
import math
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn import functional

from lagrange.nn import RECIPES, Recipe, dead_weights, measure, packed, prune
from problems.networks.digits import load_digits, network
from problems.networks.training import accuracy

KEEP = 400  # of 13,584 weights
SHORT = Recipe(epochs=25, retrain=12, interval=5, rho=1.0, regrow=0.0)
DATA = load_digits()
EXAMPLE = DATA.train.images[:1]


def batches(epoch, size=64):
    order = torch.randperm(len(DATA.train), generator=torch.Generator().manual_seed(epoch))
    return [(DATA.train.images[rows], DATA.train.labels[rows]) for rows in order.split(size)]


def loss(model, batch):
    return functional.cross_entropy(model(batch[0]), batch[1])


def validate(model):
    return accuracy(model, DATA.validation)


@pytest.fixture(scope="module")
def dense():
    net = network(0)
    steps = torch.optim.Adam(net.parameters(), lr=2e-3)
    for epoch in range(8):
        for batch in batches(100 + epoch):
            steps.zero_grad()
            loss(net, batch).backward()
            steps.step()
    return net


def run(net, **changes):
    given = {"keep": KEEP, "validate": validate, "example": EXAMPLE, "recipe": SHORT}
    return prune(net, loss, batches, **{**given, **changes})


def kept(net):
    return sum(int((p != 0).sum()) for p in net.parameters() if p.ndim > 1)


def test_an_example_that_cannot_be_followed_is_refused_before_the_training(dense):
    net = copy.deepcopy(dense)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    with pytest.raises((ValueError, RuntimeError)):
        run(net, example=torch.zeros(1, 3, 5, 5))
    assert all(torch.equal(before[name], tensor) for name, tensor in net.state_dict().items())


def test_a_network_becomes_sparse_and_stays_good(dense, tmp_path):
    net = copy.deepcopy(dense)
    names = list(net.state_dict())
    done = run(net)
    assert kept(net) == KEEP and list(net.state_dict()) == names
    assert validate(net) == done.retrained.score > validate(dense) - 0.06
    assert done.retrained.revived == 0
    assert done.distance < 0.1
    dead = dead_weights(net, done.members.names, EXAMPLE)
    assert not any(mask.any() for mask in dead.values())
    assert measure(net, done.members.names, EXAMPLE, done.members).compression == 13_584 / KEEP
    packed.save(tmp_path / "net.lgpk", net.state_dict(), done.members)
    back = packed.load(tmp_path / "net.lgpk")
    assert all(torch.equal(t, net.state_dict()[n]) for n, t in back.tensors.items())


def test_nonzeros_that_change_places_stay_on_the_budget_and_pay(dense):
    held, moved = copy.deepcopy(dense), copy.deepcopy(dense)
    rough = replace(SHORT, epochs=2, retrain=30)
    before = run(held, recipe=rough).retrained
    after = run(moved, recipe=replace(rough, regrow=0.3)).retrained
    assert before.revived == 0 < after.revived
    assert kept(moved) <= KEEP == kept(held)
    assert after.score > before.score + 0.01


def test_the_same_again_is_the_same_bit_for_bit(dense):
    one, other = copy.deepcopy(dense), copy.deepcopy(dense)
    run(one, recipe=Recipe(epochs=2, retrain=1, interval=6))
    run(other, recipe=Recipe(epochs=2, retrain=1, interval=6))
    assert all(map(torch.equal, one.parameters(), other.parameters()))


def test_without_retraining_it_ends_at_the_projection(dense):
    net = copy.deepcopy(dense)
    done = run(net, recipe=Recipe(epochs=8, retrain=0, interval=6, rho=2.0))
    assert done.retrained is None and kept(net) == KEEP


def test_what_is_dead_gives_its_place_to_others(dense):
    """Without the clean cut some of what was kept does nothing."""
    net = copy.deepcopy(dense)
    done = run(net, keep=100, recipe=Recipe(epochs=3, retrain=0, interval=6, clean=False))
    dead = dead_weights(net, done.members.names, EXAMPLE)
    assert kept(net) == 100 and any(mask.any() for mask in dead.values())
    net = copy.deepcopy(dense)
    run(net, keep=100, recipe=Recipe(epochs=3, retrain=0, interval=6))
    assert not any(m.any() for m in dead_weights(net, done.members.names, EXAMPLE).values())


def test_the_name_stands_for_its_numbers(dense, monkeypatch):
    monkeypatch.setitem(RECIPES, "sparse", Recipe(epochs=1, retrain=0, interval=6))
    one, other = copy.deepcopy(dense), copy.deepcopy(dense)
    run(one, recipe="sparse")
    run(other, recipe=Recipe(epochs=1, retrain=0, interval=6))
    assert all(map(torch.equal, one.parameters(), other.parameters()))


def test_the_session_and_the_family_have_the_same_numbers():
    """The recipe is that of the studies, whose other numbers are those of MNIST."""
    from problems.networks.settings import RECIPE

    mine = RECIPES["sparse"]
    for name in ("interval", "rate", "floor", "rho", "growth", "path", "falling", "score"):
        assert getattr(mine, name) == getattr(RECIPE, name), name


def test_the_budget_falls_and_the_pull_grows(dense, monkeypatch):
    """Updates at every ``interval`` minibatches; the last fifth at the final budget."""
    from lagrange.nn import recipes

    seen = []

    class Watched(recipes.Compression):
        def update(self, position=None):
            record = super().update(position)
            z = self.state.responses[1].image
            seen.append((sum(int((t != 0).sum()) for t in z.values()), record.rho))
            return record

    monkeypatch.setattr(recipes, "Compression", Watched)
    run(copy.deepcopy(dense), recipe=Recipe(epochs=4, retrain=0, interval=5))
    steps = 4 * len(batches(0))
    counts, rhos = zip(*seen, strict=True)
    assert len(seen) == -(-steps // 5)
    assert list(counts) == sorted(counts, reverse=True) and counts[0] < 13_584
    assert counts.count(KEEP) == pytest.approx(0.2 * len(seen), abs=1.5)
    ratios = [math.log(b / a) for a, b in itertools.pairwise(counts) if b > KEEP]
    assert max(ratios) - min(ratios) < 0.02
    assert rhos[0] == 0.5 and list(rhos) == sorted(rhos)


def test_a_wrapper_is_no_obstacle(dense):
    net = nn.Sequential(copy.deepcopy(dense))
    run(net, recipe=Recipe(epochs=1, retrain=1, interval=6))
    assert kept(net) == KEEP
