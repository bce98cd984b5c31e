"""Shortest paths against enumeration and scipy; a constrained shortest path against brute force."""

from fractions import Fraction

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import bellman_ford

from lagrange import Feasible, Problem, StepLimit, solve
from lagrange.oracles.shortest_path import ShortestPath
from lagrange.oracles.sparse import SparseMatrix
from lagrange.solvers.bundle import LevelBundle
from lagrange.testing import Candidate, Question, block_checks
from tests.tolerances import EXACT


def graph(rng, nodes, arcs, cyclic):
    """Distinct arcs, each node reached from node 0 along a planted path."""
    pairs = {(i, i + 1) for i in range(nodes - 1)}
    while len(pairs) < arcs:
        u, v = rng.integers(0, nodes, 2).tolist()
        if u != v and (cyclic or u < v):
            pairs.add((u, v))
    tail, head = np.array(sorted(pairs)).T
    order = rng.permutation(tail.size)
    names = rng.permutation(nodes)  # so that numbers say nothing about the order
    return names[tail[order]], names[head[order]], int(names[0]), int(names[-1])


def random_block(rng, nodes, arcs, cyclic, rows=2, whole=False):
    tail, head, source, target = graph(rng, nodes, arcs, cyclic)
    cost = rng.uniform(0, 4, tail.size) if cyclic else rng.normal(size=tail.size)
    dense = rng.normal(size=(rows, tail.size))
    if whole:
        cost, dense = np.rint(2 * cost), np.rint(dense)
    if cyclic:
        dense = np.abs(dense)
    A = SparseMatrix.dense(dense)
    return ShortestPath(tail, head, cost, A, nodes, source, target, "r"), dense


def all_paths(block):
    """The arcs of every simple path from source to target."""
    found, rest = [], [(block.source, ())]
    while rest:
        node, arcs = rest.pop()
        if node == block.target:
            found.append(list(arcs))
            continue
        seen = {int(block.tail[a]) for a in arcs} | {node}
        for a in np.flatnonzero(block.tail == node).tolist():
            if int(block.head[a]) not in seen:
                rest.append((int(block.head[a]), (*arcs, a)))
    return found


def candidate(block, dense, path):
    x = np.zeros(block.cost.size)
    x[path] = 1.0
    return Candidate({"r": dense @ x}, float(block.cost @ x))


def is_path(block, arcs):
    nodes = [block.source, *block.head[arcs].tolist()]
    starts = block.tail[arcs].tolist()
    return nodes[:-1] == starts and nodes[-1] == block.target and len(set(nodes)) == len(nodes)


def all_checks():
    for cyclic in (False, True):
        for whole in (False, True):
            rng = np.random.default_rng(60)
            block, dense = random_block(rng, 6, 12, cyclic, whole=whole)
            could = [candidate(block, dense, path) for path in all_paths(block)]
            prices = [np.zeros(2), *(rng.normal(size=(5, 2)) if not cyclic else rng.random((5, 2)))]

            def does(arcs, block=block, dense=dense):
                return candidate(block, dense, arcs) if is_path(block, arcs) else None

            for check in block_checks(
                block,
                [Question({"r": p}) for p in prices],
                rows={"r": np.zeros(2)},
                is_exact=True,
                candidates=could,
                does=does,
            ):
                kind = f"{'cyclic' if cyclic else 'acyclic'}{'-whole' * whole}"
                yield pytest.param(check, id=f"{kind}-{check.name}")


@pytest.mark.parametrize("check", list(all_checks()))
def test_block(check):
    check.run()


@pytest.mark.parametrize("cyclic", (False, True))
@pytest.mark.parametrize("scale", (1.0, 1e-6, 1e9))
def test_bounds_hold_in_rational_numbers(cyclic, scale):
    rng = np.random.default_rng(61)
    lengths = set()
    for _ in range(40):
        block, dense = random_block(rng, 6, 11, cyclic)
        price = scale * (rng.random(2) if cyclic else rng.normal(size=2))
        answer = block.respond({"r": price}, None, None)
        paid = [
            Fraction(block.cost[a])
            + sum(Fraction(dense[i, a]) * Fraction(price[i]) for i in range(2))
            for a in range(block.cost.size)
        ]
        least = min(sum((paid[a] for a in path), Fraction(0)) for path in all_paths(block))
        assert Fraction(answer.bound) <= least
        assert float(least) - answer.bound <= EXACT(float, 6, 10 * max(1.0, scale))
        assert is_path(block, answer.point)
        lengths.add(len(answer.point))
    assert len(lengths) > 2


@pytest.mark.parametrize("cyclic", (False, True))
def test_large_graphs_agree_with_scipy(cyclic):
    rng = np.random.default_rng(62)
    for nodes, arcs in ((40, 200), (200, 600)):
        block, dense = random_block(rng, nodes, arcs, cyclic)
        price = rng.random(2)
        length = block.cost + price @ dense
        weights = coo_array((length, (block.tail, block.head)), shape=(nodes, nodes)).tocsr()
        theirs = bellman_ford(weights, indices=block.source)[block.target]
        answer = block.respond({"r": price}, None, None)
        assert answer.bound <= theirs + EXACT(float, arcs, 10.0)
        assert answer.bound == pytest.approx(theirs, rel=1e-12, abs=1e-12)
        assert length[answer.point].sum() == pytest.approx(theirs, rel=1e-12, abs=1e-12)


def test_arcs_without_length_do_not_lead_round_and_round():
    """A cycle of length 0 on the way, and several shortest paths: one simple path, always the same."""
    tail, head = np.array([0, 1, 2, 1, 0, 2]), np.array([1, 2, 1, 3, 2, 3])
    A = SparseMatrix.dense(np.ones((1, 6)))
    block = ShortestPath(tail, head, np.zeros(6), A, 4, 0, 3, "r")
    assert not block.is_acyclic
    answers = [block.respond({"r": np.zeros(1)}, None, None) for _ in range(3)]
    assert len({tuple(answer.point.tolist()) for answer in answers}) == 1
    assert is_path(block, answers[0].point) and len(answers[0].point) == 2
    assert -1e-300 < answers[0].bound <= 0


def test_a_huge_arc_does_not_raise_the_bound_on_a_short_path():
    """What is rounded is a unit of the largest length; it is rounded down."""
    tail, head = np.array([0, 0]), np.array([1, 1])
    for small in (0.1, 1.7, 3.0, 1e-9):
        cost, A = np.array([small, 1e18]), SparseMatrix.dense(np.ones((1, 2)))
        answer = ShortestPath(tail, head, cost, A, 2, 0, 1, "r").respond(
            {"r": np.zeros(1)}, None, None
        )
        assert answer.bound <= small and answer.point.tolist() == [0]


def test_arcs_from_where_no_path_leads_do_not_shorten_anything():
    tail, head = np.array([0, 1, 3, 3]), np.array([1, 2, 2, 1])
    block = ShortestPath(
        tail,
        head,
        np.array([1.0, 1.0, -50.0, -50.0]),
        SparseMatrix.dense(np.ones((1, 4))),
        4,
        0,
        2,
        "r",
    )
    answer = block.respond({"r": np.zeros(1)}, None, None)
    assert answer.point.tolist() == [0, 1] and answer.bound == pytest.approx(2.0)


def test_a_path_to_where_one_stands_is_empty():
    block = ShortestPath(
        np.array([0]), np.array([1]), np.ones(1), SparseMatrix.dense(np.ones((1, 1))), 2, 0, 0, "r"
    )
    answer = block.respond({"r": np.ones(1)}, None, None)
    assert answer.point.size == 0 and answer.cost == 0 and -1e-300 < answer.bound <= 0


def test_a_cyclic_graph_allows_for_what_rounding_put_below_0():
    """0.1 + 0.2 − 0.3 in floats is above 0, 0.3 − (0.1 + 0.2) below: neither is refused, and the bound
    lies below the exact length.
    """
    tail, head = np.array([0, 1, 1]), np.array([1, 0, 2])
    for sign in (1.0, -1.0):
        cost = np.array([sign * (0.1 + 0.2), 1.0, 1.0])
        A = SparseMatrix.dense(np.array([[-sign * 0.1, 0.0, 0.0], [-sign * 0.2, 0.0, 0.0]]))
        block = ShortestPath(tail, head, cost, A, 3, 0, 1, "r")
        answer = block.respond({"r": np.ones(2)}, None, None)
        exact = Fraction(cost[0]) - Fraction(sign * 0.1) - Fraction(sign * 0.2)
        assert Fraction(answer.bound) <= exact
        assert float(exact) - answer.bound < 1e-12


@pytest.mark.parametrize("seed", range(4))
def test_a_constrained_shortest_path(seed):
    """Cost least, two resources at most so much; both are dualized. The dual optimum by enumeration is
    the lower envelope over all paths, the optimum the best feasible one.
    """
    rng = np.random.default_rng(seed)
    tail, head, source, target = graph(rng, 8, 22, False)
    cost, use = rng.integers(1, 20, tail.size), rng.integers(0, 9, (2, tail.size))
    A = SparseMatrix.dense(use)
    block = ShortestPath(tail, head, cost.astype(float), A, 8, source, target, "use")
    paths = all_paths(block)
    totals = np.array([use[:, path].sum(axis=1) for path in paths])
    costs = np.array([cost[path].sum() for path in paths])
    cheapest = totals[costs.argmin()]
    limit = np.ceil((cheapest + totals.min(axis=0)) / 2) + 1
    feasible = (totals <= limit).all(axis=1)
    if not feasible.any():
        limit = totals[0].astype(float)
        feasible = (totals <= limit).all(axis=1)
    best = int(costs[feasible].min())

    def recover(answers):
        path = answers[0].point
        fits = (use[:, path].sum(axis=1) <= limit).all()
        return Feasible(path, float(cost[path].sum())) if fits else None

    problem = Problem((block,), {"use": limit}, frozenset({"use"}), recover, integral=True)
    run = solve(problem, LevelBundle(), stop=StepLimit(200))
    at = run.multipliers["use"]
    q = float((costs + (totals - limit) @ at).min())  # exact enumeration at these multipliers
    assert run.lower_bound == np.ceil(q - 1e-9)
    assert run.lower_bound <= best <= run.upper_bound
    grid = np.linspace(0, 20, 81)
    envelope = max(
        float((costs + (totals - limit) @ np.array([a, b])).min()) for a in grid for b in grid
    )
    assert run.lower_bound >= np.ceil(envelope - 1e-9)
