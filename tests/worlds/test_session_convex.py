"""A convex check: logistic regression as a one-layer module, its weights in a convex set. The session's
limit is the optimum that cvxpy finds; a wrong penalty or a wrong dual step would miss it.
"""

import cvxpy as cp
import numpy as np
import pytest
import torch
from torch.nn import functional

from lagrange import ADMM, solve
from lagrange.nn import Compression, TrainingBlock, choose, split
from lagrange.nn.split import set_of
from lagrange.sets import Box, Simplex
from lagrange.solvers.alternating import Alternating
from lagrange.state import Start
from lagrange.stopping import StepLimit

ROWS, FEATURES, CLASSES = 60, 4, 3
RIDGE = 0.05  # one optimum only: a shift of all classes would change nothing
CLOSE = 1e-4  # of every weight
SETS = {"box": Box(-0.4, 0.6), "simplex": Simplex(2.0)}


def data():
    make = np.random.default_rng(3)
    inputs = make.standard_normal((ROWS, FEATURES))
    scores = inputs @ make.standard_normal((FEATURES, CLASSES)) + make.gumbel(size=(ROWS, CLASSES))
    return inputs, scores.argmax(axis=1)


def best(name):
    """The optimal weight by cvxpy."""
    inputs, labels = data()
    weight = cp.Variable((CLASSES, FEATURES))
    logits = inputs @ weight.T
    right = cp.sum(cp.multiply(np.eye(CLASSES)[labels], logits))
    cost = (cp.sum(cp.log_sum_exp(logits, axis=1)) - right) / ROWS + RIDGE * cp.sum_squares(weight)
    limits = {
        "box": [weight >= -0.4, weight <= 0.6],
        "simplex": [weight >= 0, cp.sum(weight) == 2.0],
    }
    options = {"tol_gap_abs": 1e-11, "tol_gap_rel": 1e-11, "tol_feas": 1e-11}
    cp.Problem(cp.Minimize(cost), limits[name]).solve(solver=cp.CLARABEL, **options)
    return weight.value


def tensors():
    inputs, labels = data()
    return torch.tensor(inputs), torch.tensor(labels)


def linear():
    net = torch.nn.Linear(FEATURES, CLASSES, bias=False).double()
    torch.nn.init.zeros_(net.weight)
    return net


def loss(net, batch):
    return functional.cross_entropy(net(batch[0]), batch[1]) + RIDGE * net.weight.square().sum()


def loss_of(net):
    return loss(net, tensors())


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("solver", (ADMM(0.3), ADMM(0.3, order=((1,), (0,))), Alternating(0.3, 5)))
def test_the_session_finds_the_convex_optimum(name, solver):
    net = linear()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.8)
    session = Compression(net, choose(net), {"weight": SETS[name]}, solver, cost=loss_of)
    batch = tensors()

    for step in range(1, 1001):
        optimizer.zero_grad()
        (loss(net, batch) + session.penalty()).backward()
        optimizer.step()
        if step % 10 == 0:
            session.update()
    optimum = best(name)
    dense = linear()
    with torch.no_grad():
        dense.weight.copy_(torch.tensor(optimum))
    done = session.finish()
    assert np.abs(done.weights["weight"].numpy() - optimum).max() < CLOSE
    assert done.cost == pytest.approx(float(loss_of(dense).detach()), abs=CLOSE)
    assert SETS[name].contains(done.weights["weight"])


def test_the_block_that_trains_to_a_tolerance_finds_it_too():
    net = linear()
    batch = tensors()
    counted = []

    def counting(net, batch):
        counted.append(1)
        return loss(net, batch)

    block = TrainingBlock(
        net,
        counting,
        lambda epoch: [batch],
        batch,
        ("weight",),
        lambda parameters: torch.optim.SGD(parameters, lr=0.8),
        steps=100,
        tolerance=1e-7,
    )
    problem = split(block, choose(net), {"weight": SETS["box"]})
    solver, first = ADMM(0.3), block.initial()
    start = solver.init(problem, Start(None, (first, set_of(problem).nearest(first.image))))
    solution = solve(problem, solver, stop=StepLimit(80), start=start)
    found = -solution.responses[1].image["weight"].numpy()
    assert np.abs(found - best("box")).max() < CLOSE
    assert len(counted) < 80 * 60, "the tolerance must have ended most answers early"
