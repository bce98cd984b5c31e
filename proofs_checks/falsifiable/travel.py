"""Travel of a step rule: Σ s_k ‖g_k‖ has to diverge, or no distant maximizer is ever reached (R5c).

A finite run cannot prove that a series converges. What is checked is the test of condensation at a
horizon: with T(K) the travel of the moves K, …, 2K − 1,

    T(K) ≥ 15/16 T(K/2)   at K = 1024

For s_k ‖g_k‖ = k^(−p) the ratio tends to 2^(1−p): 1 at p = 1, the slowest power that diverges, and
below 15/16 for p > 1.094. A counterexample with K iterations is a rule whose travel falls by more than
that at *every* doubling from K/2 on, up to the horizon.
"""

import math
from typing import Any

from lagrange.falsifier import Falsifiable, Family, Field, Instance, Rule
from lagrange.step_sizes import Diminishing, Progress
from proofs_checks.comparison import Comparison
from proofs_checks.falsifiable import rules

HORIZON = 2048  # moves: the last doubling is from 1024 to it
KEPT = 15 / 16

FAMILY = Family(
    f"runs of {HORIZON} moves, the residual going round up to three values, far below the optimum",
    (Field("residual", 1, 4),),
    (Field("distance of the Lagrangian from the optimum", 1, 4),),
    iterations=tuple(2**j for j in range(2, 12)),
)


def lengths(instance: Instance, rule: Any) -> list[float]:
    """s_k ‖g_k‖ for all moves to the horizon."""
    residuals, below = [float(r) for (r,) in instance.rows], -float(instance.scalars[0])
    memory, found = rule.init(), list[float]()
    for k in range(HORIZON):
        g = residuals[k % len(residuals)]
        size, memory = rule.next(Progress(k, g, below, below, 0.0), memory)
        found.append(size * g)
    return found


def travel_keeps_up(instance: Instance, rule: Any) -> Comparison:
    """15/16 T(K/2) ≤ T(K) at some doubling from the last move of the instance on; the best of them."""
    found = lengths(instance, rule)
    doublings: list[Comparison] = []
    K = instance.iterations // 2
    while 2 * K <= HORIZON:
        before, after = math.fsum(found[K // 2 : K]), math.fsum(found[K : 2 * K])
        if after == 0:  # steps that vanish altogether; 0 ≥ 0 would pass
            doublings.append(Comparison(found[0], 0.0, "<="))
        else:
            doublings.append(Comparison(KEPT * before, after, "<=", error=1e-12 * after))
        K *= 2
    return max(doublings, key=lambda c: float(c.predicted) / max(float(c.measured), 5e-324))


def script(instance: Instance) -> str:
    """Prints the travel of one doubling after the other."""
    residuals = [float(r) for (r,) in instance.rows]
    below = -float(instance.scalars[0])
    return f"""from math import fsum
from lagrange.step_sizes import Progress

step_rule = rule() if isinstance(rule, type) else rule
residuals, memory, lengths = {residuals}, step_rule.init(), []
for k in range({HORIZON}):
    g = residuals[k % len(residuals)]
    size, memory = step_rule.next(Progress(k, g, {below}, {below}, 0.0), memory)
    lengths.append(size * g)
K, falls = {instance.iterations // 2}, []
while 2 * K <= {HORIZON}:
    before, after = fsum(lengths[K // 2 : K]), fsum(lengths[K : 2 * K])
    print(f"moves {{K // 2}} to {{K - 1}}: {{before:.4g}}, moves {{K}} to {{2 * K - 1}}: {{after:.4g}}")
    falls.append(after < 15 / 16 * before or after == 0)
    K *= 2
print("violated:", all(falls))
"""


TRAVEL = Falsifiable(
    "step-travel-diverges",
    "the travel Σ s ‖g‖ of K further moves does not fall below 15/16 of that of the K/2 before "
    "(checked up to K = 1024), as that of steps 1/k does not",
    "a step rule (or a class of it that needs no settings)",
    Rule(
        Diminishing(1.0, 1.0),
        "from lagrange.step_sizes import Diminishing\n\nrule = Diminishing(1.0, 1.0)",
    ),
    FAMILY,
    rules.step_rule,
    travel_keeps_up,
    script,
    ("15/16 of the travel of the K/2 moves before:", "more than that of the K moves:"),
)
