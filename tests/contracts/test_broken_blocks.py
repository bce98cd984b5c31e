"""The block checks can fail: each deliberately broken block is caught by its check, and the sound
block it was made from passes.
"""

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from lagrange import Response, testing
from lagrange.oracles.closed_form import L1Norm
from lagrange.testing import Candidate, Question
from lagrange.testing.compare import snapshot
from tests.contracts import broken_blocks as broken
from tests.contracts.broken_blocks import KNAPSACK, PLAIN, PULLED, ROWS, SQUARES, Altered

CHOICES = [
    Candidate({"x": np.array(x)}, float(KNAPSACK.cost @ x))
    for x in ([0.0, 1, 1, 0], [1.0, 0, 0, 0], [0.0, 0, 1, 0], [1.0, 1, 0, 1])
]

MINIMIZERS = [Candidate(r.image, r.cost) for r in (SQUARES.respond(*q) for q in PULLED)]

beats_minimizers = partial(testing.check_answer_beats, candidates=MINIMIZERS)
rows = partial(testing.check_row_names_and_shapes, rows=ROWS)
restart = partial(testing.check_restart_from_point, is_exact=True)
obeys = partial(testing.check_large_pull_obeys, nearest=0.0)
two_rows = partial(rows, rows={**ROWS, "y": np.zeros(1)})
below = testing.check_bound_below_answer
concave = testing.check_bound_is_concave_in_price

pure = testing.check_pure
unseen = testing.check_random_state_untouched
fresh = testing.check_image_is_fresh
monotone = testing.check_price_monotone

# what is broken, the check that catches it, what it was asked, what the check says
BROKEN = [
    (broken.remembers, pure, PLAIN, "the second answer differs"),
    (broken.reuses_its_array, pure, PLAIN, "changed earlier answers"),
    (broken.changes_the_prices, pure, PLAIN, "changed its arguments"),
    (broken.draws_global_numbers, unseen, PLAIN, "global random numbers"),
    (broken.draws_torch_numbers, unseen, PLAIN, "global random numbers"),
    (broken.reuses_its_array, fresh, PLAIN, "two answers share"),
    (broken.image_is_the_price, fresh, PLAIN, "a view of the arguments"),
    (broken.image_is_a_read_only_view, fresh, PLAIN, "a view of the arguments"),
    (broken.image_is_the_point, fresh, PLAIN, "a view of the point"),
    (broken.image_is_its_own, fresh, PLAIN, "two answers share"),
    (broken.keeps_what_it_gave, fresh, PLAIN, "changed the block"),
    (broken.other_row, rows, PLAIN, "answered on 'y'"),
    (broken.other_shape, rows, PLAIN, "has shape"),
    (broken.leaves_out_zero_rows, two_rows, PLAIN, "before on"),
    (broken.no_row, rows, PLAIN, "no row at all"),
    (broken.not_finite, rows, PLAIN, "has a NaN"),
    (broken.cost_not_a_number, rows, PLAIN, "with cost nan"),
    (broken.single_precision, testing.check_dtype_preserved, PLAIN, "the prices are"),
    (broken.bound_too_high, below, PLAIN, "claims the bound"),
    (broken.bound_without_prices, below, PLAIN, "claims the bound"),
    (broken.bound_infinite, below, PLAIN, "claims the bound inf"),
    (broken.bound_nan, below, PLAIN, "claims the bound nan"),
    (broken.bound_loose, testing.check_bound_is_tight, PLAIN, "proves only"),
    (broken.bound_kinked, concave, PLAIN, "the chord"),
    (broken.bound_with_a_hole, concave, PLAIN, "the bound is -inf"),
    (broken.answers_uphill, monotone, PLAIN, "> 0"),
    (broken.answers_uphill, monotone, PULLED, "> 0"),
    (broken.stops_early, beats_minimizers, PULLED, "but .* costs"),
    (broken.answers_uphill, testing.check_answer_beats, PLAIN, "but .* costs"),
    (broken.caches_by_start, restart, PLAIN, "a copy of the start"),
    (broken.worse_from_a_start, restart, PLAIN, "it answered one worth"),
    (broken.refuses_a_start, restart, PLAIN, "it answered on"),
    (broken.ignores_rho, testing.check_large_pull_obeys, PULLED, "the larger rho"),
    (broken.offset_with_wrong_sign, obeys, PULLED, "the larger rho"),
    (broken.stands_still, obeys, PULLED, "the set allows 0"),
]


def name_of(check: Any) -> str:
    return getattr(check, "func", check).__name__


@pytest.mark.parametrize(
    ("alter", "check", "questions", "says"),
    BROKEN,
    ids=[f"{alter.__name__}-{name_of(check)}" for alter, check, _, _ in BROKEN],
)
def test_the_check_catches_it(alter: Any, check: Any, questions: Any, says: str) -> None:
    with pytest.raises(AssertionError, match=says):
        check(Altered(alter), snapshot(questions))


CHECKS = {name_of(check): (check, questions) for _, check, questions, _ in BROKEN}


@pytest.mark.parametrize(("check", "questions"), CHECKS.values(), ids=CHECKS)
def test_the_sound_block_passes(check: Any, questions: Any) -> None:
    check(Altered(lambda block, answer, *asked: answer), questions)


def test_a_greedy_knapsack_is_caught_by_what_it_could_have_done() -> None:
    def greedy(block: Altered, answer: Response, price: Any, *asked: Any) -> Response:
        x, room = np.zeros(4), 4
        for j in np.argsort(KNAPSACK.cost + price["x"]):
            if KNAPSACK.cost[j] + price["x"][j] < 0 and KNAPSACK.weight[j] <= room:
                x[j], room = 1.0, room - int(KNAPSACK.weight[j])
        return Response({"x": x}, float(KNAPSACK.cost @ x), -math.inf, x)

    # the cheapest item leaves room for one more, the three others together are better
    question = [Question({"x": np.array([0.0, -3.0, -2.0, -2.5])})]
    testing.check_answer_beats(KNAPSACK, question, CHOICES)
    with pytest.raises(AssertionError, match="costs"):
        testing.check_answer_beats(Altered(greedy, KNAPSACK), question, CHOICES)


def test_a_bound_is_checked_against_the_candidates_too() -> None:
    """A heuristic answer with its own worth as the bound: only the candidates betray it."""

    def nothing(block: Altered, answer: Response, *asked: Any) -> Response:
        return Response({"x": np.zeros(4)}, 0.0, 0.0, np.zeros(4))

    testing.check_bound_below_answer(Altered(nothing, KNAPSACK), PLAIN)
    with pytest.raises(AssertionError, match="claims the bound 0"):
        testing.check_bound_below_answer(Altered(nothing, KNAPSACK), PLAIN, CHOICES)


def test_a_point_that_does_something_else_is_caught() -> None:
    def does(point: Any) -> Candidate | None:
        x = point.chosen
        if KNAPSACK.weight @ x > KNAPSACK.capacity:
            return None
        return Candidate({"x": x.astype(float)}, float(KNAPSACK.cost @ x))

    def roomy(block: Altered, answer: Response, price: Any, *asked: Any) -> Response:
        return replace(KNAPSACK, capacity=5).respond(price, None, None)

    def priced(block: Altered, answer: Response, price: Any, *asked: Any) -> Response:
        return replace(answer, cost=answer.cost + float(price["x"] @ answer.image["x"]))

    def scaled(block: Altered, answer: Response, *asked: Any) -> Response:
        return replace(answer, image={"x": 2 * answer.image["x"]})

    testing.check_image_matches_point(KNAPSACK, PLAIN, does)
    for alter, text in ((roomy, "not allowed"), (priced, "cost"), (scaled, "makes it")):
        with pytest.raises(AssertionError, match=text):
            testing.check_image_matches_point(Altered(alter, KNAPSACK), PLAIN, does)


def test_nan_prices_taken_for_an_answer_are_caught() -> None:
    def zeros(block: Altered, answer: Response, *asked: Any) -> Response:
        return answer

    @dataclass(frozen=True)
    class Careless:
        def respond(self, price: Any, query: Any, start: Any) -> Response:
            return KNAPSACK.respond({"x": np.nan_to_num(price["x"])}, query, start)

    testing.check_refuses_nan_price(KNAPSACK, PLAIN)
    with pytest.raises(AssertionError, match="where ValueError was due"):
        testing.check_refuses_nan_price(Careless(), PLAIN)


def test_an_unknown_query_is_an_error_and_no_pass() -> None:
    question = [Question({"x": np.zeros(4)}, "absolute")]
    with pytest.raises(TypeError, match="str"):
        testing.check_bound_below_answer(Altered(lambda b, a, *_: a, Ignoring()), question)


class Ignoring:
    """Answers any query as if it were none."""

    def respond(self, price: Any, query: Any, start: Any) -> Response:
        return SQUARES.respond(price, None, start)


def test_an_l1_norm_that_forgets_to_shrink_is_caught() -> None:
    @dataclass(frozen=True)
    class Unshrunk:
        def respond(self, price: Any, query: Any, start: Any) -> Response:
            z = query.offset["x"] + price["x"] / query.rho
            return Response({"x": -z}, float(np.abs(z).sum()), -math.inf, z)

    with pytest.raises(AssertionError, match="costs"):
        testing.check_answer_beats(Unshrunk(), PULLED)
    testing.check_answer_beats(L1Norm(1.0, "x"), PULLED)
