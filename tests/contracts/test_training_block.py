"""A network trains to answer, and leaves no trace: not in the module, not in the random numbers, not
in its later answers.
"""

import copy
from dataclasses import replace
from typing import Any

import pytest
import torch

from lagrange.queries import Quadratic
from lagrange.testing.compare import difference, snapshot
from tests.contracts.networks import network, network_questions, network_rows


@pytest.fixture(params=["adam", "sgd"])
def block(request: pytest.FixtureRequest) -> Any:
    return network(optimizer=request.param, epochs=2)


def parts_of(module: torch.nn.Module) -> Any:
    """Everything of a module that training touches."""
    return (
        snapshot(dict(module.state_dict())),
        [(p.requires_grad, copy.deepcopy(p.grad)) for p in module.parameters()],
        [m.training for m in module.modules()],
    )


def test_the_module_is_untouched(block: Any) -> None:
    for training in (True, False):
        block.module.train(training)
        before = parts_of(block.module)
        for q in network_questions(block):
            block.respond(q.price, q.query, q.start)
        block.initial()
        assert difference(before, parts_of(block.module)) is None
        assert all(p.grad is None for p in block.module.parameters())


def test_the_global_random_numbers_are_untouched_and_unused(block: Any) -> None:
    question = network_questions(block)[2]
    answers = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        state = torch.random.get_rng_state()
        answers.append(block.respond(*question))
        assert torch.equal(state, torch.random.get_rng_state())
    assert difference(*answers) is None


def test_a_rejected_answer_leaves_no_trace(block: Any) -> None:
    """The same question after another one, whose answer is thrown away, gets the same answer."""
    rejected, wanted = network_questions(block)[1], network_questions(block)[3]
    first = block.respond(*wanted)
    given = snapshot(wanted.start)
    block.respond(*rejected)
    block.respond(rejected.price, rejected.query, wanted.start)  # tried from here, and rejected
    block.respond(rejected.price, rejected.query, first)
    assert difference(given, wanted.start) is None
    assert difference(first, block.respond(*wanted)) is None
    # nor does an answer by another block of the same module
    network(optimizer="adam", seed=7).respond(*rejected)
    assert difference(first, block.respond(*wanted)) is None


def test_the_point_is_enough_to_go_on_from(block: Any) -> None:
    """Two answers of two epochs each are one answer of four: nothing of the run got lost."""
    rows, pull = network_rows(), network_questions(block)[1].query
    twice = block.respond(rows, pull, block.respond(rows, pull, None))
    longer = replace(block, epochs=4)
    assert difference(twice, longer.respond(rows, pull, None)) is None


def test_a_copy_of_the_point_is_as_good(block: Any) -> None:
    """Through a file and back, as a checkpoint goes."""
    rows = network_rows()
    start = block.respond(rows, None, None)
    again = block.respond(rows, None, copy.deepcopy(start))
    assert difference(again, block.respond(rows, None, start)) is None


def test_seed_and_epoch_drive_the_random_numbers(block: Any) -> None:
    """Dropout is at work, another seed draws other masks, and so does another epoch."""
    rows = network_rows()
    other = replace(block, seed=1)
    assert difference(block.respond(rows, None, None), other.respond(rows, None, None)) is not None
    same_batches = replace(block, batches=lambda epoch: block.batches(0))
    first = same_batches.respond(rows, None, None).point
    later = same_batches.respond(rows, None, fresh_at_epoch(same_batches, 5)).point
    assert difference(first.weights, later.weights) is not None


def fresh_at_epoch(block: Any, epoch: int) -> Any:
    start = block.initial()
    return replace(start, point=replace(start.point, epoch=epoch))


def test_the_cost_is_the_loss_of_the_answer_alone(block: Any) -> None:
    """In eval mode on the fixed sample, without prices and without the pull."""
    question = network_questions(block)[1]
    answer = block.respond(*question)
    net = copy.deepcopy(block.module)
    net.load_state_dict(dict(answer.point.weights))
    net.eval()
    with torch.no_grad():
        assert answer.cost == float(block.loss(net, block.sample))
    assert all(torch.equal(answer.image[n], answer.point.weights[n]) for n in block.targets)


def test_prices_push_and_the_pull_pulls(block: Any) -> None:
    """A dear weight falls, with a pull and without, and a strong pull brings the weights nearer to
    −offset.
    """
    rows = network_rows()
    dear = {n: torch.full_like(z, 5.0) for n, z in rows.items()}
    cheap = {n: -z for n, z in dear.items()}
    for query in (None, Quadratic(1e-3, rows)):
        falls, rises = (block.respond(price, query, None).image for price in (dear, cheap))
        assert all(bool((falls[n] < rises[n]).all()) for n in rows)
    offset = {n: torch.full_like(z, -1.0) for n, z in rows.items()}
    pulled, free = (block.respond(rows, Quadratic(rho, offset), None).image for rho in (5.0, 1e-6))
    assert all(float((pulled[n] - 1).norm()) < float((free[n] - 1).norm()) for n in rows)
