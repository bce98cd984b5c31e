"""The bound of a relaxation: at most the minimum that it stands for.

    min Σ (c_j + p_j) x_j   subject to   Σ w_j x_j ≤ capacity,   x_j ∈ {0, 1}

The rule makes a block from cost, weight, capacity and the name of its row, as
``lagrange.oracles.knapsack.Knapsack`` does; its answer to the price p is compared with all subsets.
"""

import math
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from lagrange.falsifier import Falsifiable, Family, Field, Instance, Rule
from lagrange.oracles.knapsack import Knapsack
from proofs_checks.comparison import Comparison
from proofs_checks.falsifiable import rules

FAMILY = Family(
    "0/1 knapsacks with a price on every item",
    (Field("cost", -4, 4), Field("weight", 0, 4, whole=True), Field("price", -3, 3)),
    (Field("capacity", 0, 6, whole=True),),
    variables=(1, 2, 3),
    iterations=(1,),
)


def bound_is_below_minimum(instance: Instance, make: Any) -> Comparison | None:
    """bound ≤ the minimum over all subsets, costs and prices being the floats that were passed."""
    cost, weight, price = (
        np.array([float(v) for v in c]) for c in zip(*instance.rows, strict=True)
    )
    capacity = int(instance.scalars[0])
    block = make(cost, weight, capacity, "items")
    bound = block.respond({"items": price}, None, None).bound
    if bound == -math.inf:
        return None
    items = [
        (Fraction(c) + Fraction(p), w)
        for c, w, p in zip(cost.tolist(), weight.tolist(), price.tolist(), strict=True)
    ]
    totals = [
        [
            sum((v * x for v, x in zip(column, chosen, strict=True)), Fraction(0))
            for column in zip(*items, strict=True)
        ]
        for chosen in product((0, 1), repeat=len(items))
    ]
    least = min(value for value, load in totals if load <= capacity)
    return Comparison(bound, least, "<=")


def script(instance: Instance) -> str:
    """The answer of the block, and all subsets."""
    cost, weight, price = ([float(v) for v in c] for c in zip(*instance.rows, strict=True))
    return f"""from fractions import Fraction
from itertools import product
import numpy as np

cost, weight, price = np.array({cost}), np.array({weight}), np.array({price})
capacity = {int(instance.scalars[0])}
bound = rule(cost, weight, capacity, "items").respond({{"items": price}}, None, None).bound
values = [
    sum((Fraction(c) + Fraction(p)) * x for c, p, x in zip(cost.tolist(), price.tolist(), chosen))
    for chosen in product((0, 1), repeat=len(cost)) if np.dot(weight, chosen) <= capacity
]
print("bound:", bound, "minimum over all subsets:", min(values))
print("violated:", Fraction(bound) > min(values))
"""


BLOCK_BOUND = Falsifiable(
    "block-bound-below-minimum",
    "the bound a block answers with is at most the minimum over all its points",
    "a function (cost, weight, capacity, row) → block, as lagrange.oracles.knapsack.Knapsack",
    Rule(Knapsack, "from lagrange.oracles.knapsack import Knapsack as rule"),
    FAMILY,
    rules.maker("(cost, weight, capacity, row) → block"),
    bound_is_below_minimum,
    script,
)
