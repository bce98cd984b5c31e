"""A training block that counts optimizer steps or trains to a tolerance is as lawful as one that counts
epochs, and goes on in the middle of an epoch as if it had not stopped.
"""

from dataclasses import replace

import pytest
import torch

from lagrange.testing import block_checks
from lagrange.testing.compare import difference
from tests.contracts.networks import network, network_questions, network_rows

BLOCK = replace(network(), steps=2)


@pytest.mark.parametrize(
    "check",
    [
        pytest.param(check, id=f"{name}-{check.name}")
        for name, block in {
            "steps": BLOCK,
            "decoupled": replace(BLOCK, decoupled=0.01),
            "tolerance": replace(BLOCK, steps=6, tolerance=0.5),
        }.items()
        for check in block_checks(block, network_questions(block), rows=network_rows())
    ],
)
def test_contract(check):
    check.run()


def test_steps_go_on_within_an_epoch_and_across():
    """Epochs have three batches: 2 + 2 + 2 steps are 4 + 2, and are two epochs."""
    rows, pull = network_rows(), network_questions(BLOCK)[1].query

    def answers(*steps):
        answer = None
        for count in steps:
            answer = replace(BLOCK, steps=count).respond(rows, pull, answer)
        return answer

    once = answers(6)
    assert (once.point.epoch, once.point.step) == (1, 3)
    assert (answers(2).point.epoch, answers(2).point.step) == (0, 2)
    assert difference(answers(2, 2, 2), once) is None
    assert difference(answers(4, 2), once) is None
    epochs = replace(BLOCK, steps=None, epochs=2).respond(rows, pull, None)
    assert difference(epochs.image, once.image) is None
    assert difference(answers(6, 1), answers(7)) is None


def test_batches_that_draw_random_numbers_are_the_same_when_passed_over():
    """Noise added while loading: the third batch of an epoch is the third, trained on or skipped."""

    def noisy(epoch):
        for inputs, labels in network().batches(epoch):
            yield inputs + 0.1 * torch.randn(inputs.shape), labels

    block, rows = replace(BLOCK, batches=noisy), network_rows()
    first = block.respond(rows, None, None)
    twice = replace(block, steps=1).respond(rows, None, first)
    assert difference(replace(block, steps=3).respond(rows, None, None), twice) is None


def test_the_tolerance_ends_an_answer_on_the_first_flat_batch():
    rows = network_rows()
    norms = []

    class Watched(torch.optim.SGD):
        def step(self, closure=None):
            parts = [p.grad.norm() for g in self.param_groups for p in g["params"]]
            norms.append(float(torch.stack(parts).norm()))

    block = replace(BLOCK, steps=6, optimizer=lambda p: Watched(p, lr=0.1))
    block.respond(rows, None, None)
    assert len(norms) == 6
    aim = sorted(norms)[2] * (1 + 1e-6)  # dropout makes them differ: the third smallest
    wanted = next(i for i, length in enumerate(norms) if length <= aim) + 1
    norms.clear()
    answer = replace(block, tolerance=aim).respond(rows, None, None)
    assert len(norms) == wanted
    assert 3 * answer.point.epoch + answer.point.step == wanted


def test_the_decoupled_pull_follows_each_optimizer_step():
    """Without an optimizer that moves anything: W ← (W + a C)/(1 + a), six times over."""
    block = replace(
        BLOCK, steps=6, decoupled=0.2, optimizer=lambda p: torch.optim.SGD(list(p), lr=0.0)
    )
    _, question, *_ = network_questions(block)
    price, query, _ = question
    answer = block.respond(price, query, None)
    a = 0.2 * query.rho
    for name, start in block.initial().image.items():
        center = -query.offset[name] - price[name] / query.rho
        by_hand = center + (start - center) / (1 + a) ** 6
        assert torch.allclose(answer.image[name], by_hand, atol=1e-6)
    linear = replace(block, steps=1).respond(price, None, None)
    for name, start in block.initial().image.items():
        assert torch.allclose(linear.image[name], start - 0.2 * price[name], atol=1e-6)
