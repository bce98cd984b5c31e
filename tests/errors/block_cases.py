"""Oracles, sets, networks: what they refuse."""

import math

import numpy as np
import torch
from torch import nn

from lagrange import (
    Quadratic,
)
from lagrange.nn import TrainingBlock, weights
from lagrange.oracles.closed_form import L1Norm, LeastSquares
from lagrange.oracles.knapsack import Knapsack
from lagrange.oracles.set_block import SetBlock
from lagrange.sets import Box, Cardinality, GlobalCardinality
from lagrange.slack import Slack
from tests.errors.case import Case, refused
from tests.errors.small import ZERO

NAN, INF = math.nan, math.inf
EYE, ONES = np.eye(2), np.ones(2)
BAG = Knapsack(ONES, np.array([1, 2]), 2, "a")
NET = nn.Linear(2, 1)
SAMPLE = (torch.zeros(1, 2), torch.zeros(1, 1))


def knapsack(cost=(1.0, 1.0), weight=(1, 2), capacity=2):
    return Knapsack(np.array(cost), np.array(weight), capacity, "a")


def network_block(targets=("weight",), epochs=1, loss=None):
    return TrainingBlock(
        module=NET,
        loss=loss or (lambda net, batch: ((net(batch[0]) - batch[1]) ** 2).mean()),
        batches=lambda epoch: [SAMPLE],
        sample=SAMPLE,
        targets=targets,
        optimizer=lambda parameters: torch.optim.SGD(parameters, lr=0.1),
        epochs=epochs,
    )


def pull(offset):
    return Quadratic(2.0, {"a": offset})


def at_price(block, price, query=None):
    return block.respond({"a": price}, query, None)


def overflowing_knapsack():
    with np.errstate(over="ignore"):
        return at_price(knapsack(cost=(-1e308, 1.0)), np.array([-1e308, 0.0]))


BAD = np.array([0.0, NAN])
CASES = [
    # oracles
    Case(
        "profits overflow",
        lambda _: overflowing_knapsack(),
        ValueError,
        ("cost + price overflows", "larger unit"),
    ),
    Case("cost 2-d", lambda _: knapsack(cost=EYE), ValueError, ("cost", "1-d", "(2, 2)")),
    Case("cost empty", lambda _: knapsack(cost=()), ValueError, ("cost", "non-empty", "(0,)")),
    Case("item cost NaN", lambda _: knapsack(cost=BAD), ValueError, ("cost", "NaN or an infinity")),
    Case("weight 2-d", lambda _: knapsack(weight=EYE), ValueError, ("weight", "1-d", "(2, 2)")),
    *[
        Case(
            f"weight of an item {w}",
            lambda _, w=w: knapsack(weight=(1, w)),
            ValueError,
            ("weight of item 1", "whole number ≥ 0", f"got {w}"),
        )
        for w in (-1, -0.5, 2.5, NAN, INF)
    ],
    Case(
        "costs and weights",
        lambda _: knapsack(weight=(1, 2, 3)),
        ValueError,
        ("2 costs", "3 weights"),
    ),
    *refused(
        "capacity", lambda v: knapsack(capacity=v), (-1, 1.5), "capacity must be a whole number ≥ 0"
    ),
    Case(
        "price without the row",
        lambda _: BAG.respond({"b": ONES}, None, None),
        ValueError,
        ("no row 'a'", "['b']"),
    ),
    *[
        Case(
            f"{name} at {bad}",
            lambda _, b=block, q=query, p=price: at_price(b, p, q),
            ValueError,
            says,
        )
        for bad, price in (("NaN prices", BAD), ("infinite prices", np.array([INF, 0.0])))
        for name, block, query, says in (
            ("knapsack", BAG, None, ("row 'a'", "NaN or an infinity", str(price))),
            ("least squares", LeastSquares(EYE, ONES, "a"), None, ("row 'a'", str(price))),
            ("slack", Slack("a", ZERO), None, ("row 'a'", "NaN or an infinity")),
            ("l1 norm", L1Norm(1.0, "a"), pull(ZERO), ("row 'a'", str(price))),
            (
                "set",
                SetBlock.per_row({"a": Box(0.0, 1.0)}),
                pull(ZERO),
                ("row 'a'", "prices or the pull"),
            ),
        )
    ],
    Case(
        "set at a NaN pull",
        lambda _: at_price(SetBlock.per_row({"a": Cardinality(1)}), ZERO, pull(BAD)),
        ValueError,
        ("row 'a'", "prices or the pull", "NaN"),
    ),
    Case(
        "A and b",
        lambda _: LeastSquares(EYE, np.ones(3), "a"),
        ValueError,
        ("A has 2 rows", "b has 3"),
    ),
    *refused(
        "l1 weight",
        lambda v: L1Norm(v, "a"),
        (-1.0, NAN, INF),
        "weight must be a finite number ≥ 0",
    ),
    Case(
        "set without rows", lambda _: SetBlock.per_row({}), ValueError, ("at least one row", "none")
    ),
    # sets
    *[
        Case(
            f"box {low} {high}",
            lambda _, a=low, b=high: Box(a, b),
            ValueError,
            (f"got {low} and {high}",),
        )
        for low, high in ((1.0, 0.0), (NAN, 1.0), (0.0, NAN))
    ],
    *refused(
        "sparsity",
        lambda v: Cardinality.fraction(v, 100),
        (0.0, -0.5, 1.001, NAN, INF),
        "(0, 1]",
    ),
    *refused(
        "global sparsity", lambda v: GlobalCardinality.fraction(v, {"a": 9}), (0.0, 1.5), "(0, 1]"
    ),
    Case(
        "sparsity that rounds to nothing",
        lambda _: Cardinality.fraction(0.009, 100),
        ValueError,
        ("0.009", "100 entries", "rounds to nothing"),
    ),
    Case(
        "sparsity of nothing",
        lambda _: GlobalCardinality.fraction(0.5, {}),
        ValueError,
        ("0 entries",),
    ),
    *refused("k", Cardinality, (0, -1, 1.5), "k must be a whole number ≥ 1"),
    *refused("global k", GlobalCardinality, (0, 0.5), "k must be a whole number ≥ 1"),
    *[
        Case(
            f"largest of {bad}",
            lambda _, b=bad: GlobalCardinality(1).project({"w": np.array([1.0, b])}),
            ValueError,
            ("'w'", "NaN or infinity"),
        )
        for bad in (NAN, INF, -INF)
    ],
    # networks
    Case(
        "no matching layer",
        lambda _: weights(NET, "conv*"),
        ValueError,
        ("'conv*'", "['weight']"),
    ),
    Case(
        "target that is no parameter",
        lambda _: network_block(targets=("weight", "ghost")),
        ValueError,
        ("['ghost']", "['bias', 'weight']"),
    ),
    Case(
        "no target", lambda _: network_block(targets=()), ValueError, ("()", "['bias', 'weight']")
    ),
    *refused(
        "network epochs", lambda v: network_block(epochs=v), (0, -1), "epochs must be at least 1"
    ),
    *[
        Case(
            f"network at {bad} prices",
            lambda _, b=bad: network_block().respond({"weight": torch.full((1, 2), b)}, None, None),
            ValueError,
            ("'weight'", "NaN or an infinity"),
        )
        for bad in (NAN, INF)
    ],
    Case(
        "training loss NaN",
        lambda _: network_block(loss=lambda net, batch: net.weight.sum() * NAN).respond(
            {"weight": torch.zeros(1, 2)}, None, None
        ),
        ValueError,
        ("loss became nan", "epoch 0", "learning rate"),
    ),
]
