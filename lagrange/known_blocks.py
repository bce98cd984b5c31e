"""What is known of the library's own blocks, by their type: the only place that says so.

The type must be the very one: a subclass may answer otherwise, and nothing is known of it. Types are
named by their paths, so that no heavy package is imported for a question about a light one.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from lagrange.facts import Facts

UNKNOWN = Facts()
FORMULA = Facts("a formula of the library", convex=True, exact=True)
LINEAR_QUADRATIC = replace(FORMULA, piecewise=True)
LOOSE = 1 + 1e-9  # a norm computed in floats is raised by this


def known(block: Any) -> Facts:
    """The facts of a block of the library; of any other block nothing is known."""
    find = TABLE.get(_path(block))
    return UNKNOWN if find is None else find(block)


def type_name(thing: Any) -> str:
    """The class's own name, for messages."""
    return type(thing).__name__


def _path(thing: Any) -> str:
    return f"{type(thing).__module__}.{type(thing).__qualname__}"


def _finite(*values: Any) -> bool:
    return all(bool(np.isfinite(v).all()) for v in values)


def _spectral(matrix: Any) -> float:
    return float(np.linalg.norm(matrix, 2)) * LOOSE


def _inner(block: Any) -> Facts:
    """Of a block that another one wraps; what speaks of the sign or the form of its image is lost."""
    return replace(known(block.inner), indicator=None, smoothness=None)


def _least_squares(block: Any) -> Facts:
    L = _spectral(block.A) ** 2
    return replace(LINEAR_QUADRATIC, bounded_below=True, proves=True, smoothness=L)


def _norm(block: Any) -> Facts:
    return replace(LINEAR_QUADRATIC, bounded_below=True, proves=True)


def _group_norm(block: Any) -> Facts:
    return replace(FORMULA, bounded_below=True, proves=True)


def _quadratic_form(block: Any) -> Facts:
    plain = len(block.maps) == 1 and all(M is None for M in block.maps.values())
    L = _spectral(block.P)
    least = float(np.linalg.eigvalsh(block.P).min())
    below = True if not block.q.any() or least > (LOOSE - 1) * L else None
    return replace(
        LINEAR_QUADRATIC, bounded_below=below, proves=True, smoothness=L if plain else None
    )


def _no_cost(block: Any) -> Facts:
    return replace(LINEAR_QUADRATIC, bounded_below=True, proves=False)


def _differences(block: Any) -> Facts:
    return replace(LINEAR_QUADRATIC, bounded_below=True, proves=True)


def _box_quadratic(block: Any) -> Facts:
    q, low, high = block.linear, block.low, block.high
    falls = (block.diagonal == 0) & (((q > 0) & np.isinf(low)) | ((q < 0) & np.isinf(high)))
    return replace(
        LINEAR_QUADRATIC, bounded=_finite(low, high), bounded_below=not falls.any(), proves=True
    )


def _log_utility(block: Any) -> Facts:
    return replace(FORMULA, bounded=True, bounded_below=True, proves=True)


def _balanced_flow(block: Any) -> Facts:
    curved = block.curvature > 0
    return replace(LINEAR_QUADRATIC, bounded_below=True if curved else None, proves=curved)


def _shared_capacity(block: Any) -> Facts:
    bounded = _finite(block.capacity)
    return replace(LINEAR_QUADRATIC, bounded_below=True, bounded=bounded, proves=True)


def _slack(block: Any) -> Facts:
    return replace(LINEAR_QUADRATIC, bounded_below=True, bounded=False, proves=True)


def _logistic(block: Any) -> Facts:
    why = "minimized by Newton's method to a tolerance: nothing says that the errors can be summed"
    L = _spectral(block.A) ** 2 / 4 + block.ridge
    return Facts(why, convex=True, bounded_below=True, proves=True, smoothness=L)


def _cvxpy(block: Any) -> Facts:
    why = "minimized by an interior point method to a tolerance: nothing says that errors can be summed"
    return Facts(why, convex=True, proves=True)


def _discrete(why: str) -> Callable[[Any], Facts]:
    """Finitely many points, or as good as that, all of them looked at."""
    found = Facts(why, False, True, False, True, True, True, proves=True)
    return lambda block: found


def _milp(block: Any) -> Facts:
    whole, bounded = bool(block.members.integer.any()), _finite(*block.members.box)
    limits = block.limits
    exact = limits.gap == 0 and limits.nodes is None and limits.seconds is None
    why = "solved by HiGHS" + ("" if exact else f" within {limits}")
    below = True if bounded else None
    return Facts(why, not whole, exact, not whole, below, bounded, below, True)


def _training(block: Any) -> Facts:
    why = "a network trained for some epochs: a stochastic method on a loss that is not convex"
    return Facts(why, convex=False, exact=False, piecewise=False, proves=False)


# name → (polyhedral, bounded); None: it depends on the settings
CONVEX_SETS: Mapping[str, tuple[bool, bool | None]] = {
    "lagrange.sets.convex.Box": (True, None),
    "lagrange.sets.convex.Nonnegative": (True, False),
    "lagrange.sets.convex.L2Ball": (False, True),
    "lagrange.sets.simplex.Simplex": (True, True),
    "lagrange.sets.simplex.L1Ball": (True, True),
    "lagrange.sets.affine.Affine": (True, False),
    "lagrange.sets.monotone.Monotone": (True, False),
}
# they say of themselves whether their projection is exact
LABELLED = (
    "lagrange.sets.additive.SparsePlusLowRank",
    "lagrange.sets.joint.SparseQuantized",
    "lagrange.sets.joint.GlobalSparseQuantized",
)
PRODUCTS = ("lagrange.oracles.set_block.Each", "lagrange.sets.product.PerTensor")
BOTH: Callable[[Any, Any], Any] = lambda a, b: (  # noqa: E731
    False if False in (a, b) else None if None in (a, b) else True
)


def _set_block(block: Any) -> Facts:
    facts = set_facts(block.members)
    return replace(facts, bounded_below=True, proves=False, indicator=True)


def set_facts(members: Any) -> Facts:
    """Convexity, exactness and boundedness of a set of the library."""
    path = _path(members)
    if path in PRODUCTS:
        parts = [set_facts(part) for part in members.sets.values()]
        joined = parts[0]
        for part in parts[1:]:
            joined = _both(joined, part)
        return joined
    if path in CONVEX_SETS:
        polyhedral, bounded = CONVEX_SETS[path]
        if bounded is None:
            bounded = math.isfinite(members.low) and math.isfinite(members.high)
        return Facts("a convex set", True, True, polyhedral, bounded=bounded)
    if not path.startswith("lagrange.sets."):
        return UNKNOWN
    exact = bool(members.exact) if path in LABELLED else True
    return Facts(f"projection on {type_name(members)}", False, exact, False)


def _both(a: Facts, b: Facts) -> Facts:
    """Of the product of two sets: a fact holds if it holds of both."""
    return Facts(
        a.why if a.why == b.why else f"{a.why}; {b.why}",
        BOTH(a.convex, b.convex),
        BOTH(a.exact, b.exact),
        BOTH(a.piecewise, b.piecewise),
        bounded=BOTH(a.bounded, b.bounded),
    )


TABLE: Mapping[str, Callable[[Any], Facts]] = {
    f"lagrange.{name}": find
    for name, find in {
        "oracles.closed_form.LeastSquares": _least_squares,
        "oracles.closed_form.L1Norm": _norm,
        "oracles.proximal.ElasticNet": _norm,
        "oracles.proximal.GroupNorm": _group_norm,
        "oracles.proximal.HingeSum": _norm,
        "oracles.quadratic.QuadraticForm": _quadratic_form,
        "oracles.quadratic.AffineSet": _no_cost,
        "oracles.quadratic.LinearGraph": _no_cost,
        "oracles.differences.DifferencesOf": _differences,
        "oracles.separable.BoxQuadratic": _box_quadratic,
        "oracles.separable.LogUtility": _log_utility,
        "oracles.network_flow.BalancedFlow": _balanced_flow,
        "oracles.network_flow.SharedCapacity": _shared_capacity,
        "oracles.smooth.LogisticLoss": _logistic,
        "oracles.convex.ConvexBlock": _cvxpy,
        "oracles.knapsack.Knapsack": _discrete("0/1 knapsack by dynamic programming"),
        "oracles.selection.Selection": _discrete("each column on its own"),
        "oracles.facility.Facility": _discrete("closed, or filled in the order of the prices"),
        "oracles.shortest_path.ShortestPath": _discrete("shortest path by dynamic programming"),
        "oracles.milp.MilpBlock": _milp,
        "oracles.set_block.SetBlock": _set_block,
        "nn.training.TrainingBlock": _training,
        "slack.Slack": _slack,
        "grouping.Copy": _inner,
        "grouping.Total": _inner,
        "grouping.Meet": _no_cost,
        "grouping.Agree": _no_cost,
    }.items()
}
