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
below = testing.check_bound_below_answer
concave = testing.check_bound_is_concave_in_price

BROKEN = [
    (broken.remembers, testing.check_pure, PLAIN),
    (broken.reuses_its_array, testing.check_pure, PLAIN),
    (broken.changes_the_prices, testing.check_pure, PLAIN),
    (broken.draws_global_numbers, testing.check_random_state_untouched, PLAIN),
    (broken.draws_torch_numbers, testing.check_random_state_untouched, PLAIN),
    (broken.reuses_its_array, testing.check_image_is_fresh, PLAIN),
    (broken.image_is_the_price, testing.check_image_is_fresh, PLAIN),
    (broken.image_is_a_read_only_view, testing.check_image_is_fresh, PLAIN),
    (broken.image_is_the_point, testing.check_image_is_fresh, PLAIN),
    (broken.image_is_its_own, testing.check_image_is_fresh, PLAIN),
    (broken.other_row, rows, PLAIN),
    (broken.other_shape, rows, PLAIN),
    (broken.leaves_out_zero_rows, partial(rows, rows={**ROWS, "y": np.zeros(1)}), PLAIN),
    (broken.no_row, rows, PLAIN),
    (broken.not_finite, rows, PLAIN),
    (broken.single_precision, testing.check_dtype_preserved, PLAIN),
    (broken.bound_too_high, below, PLAIN),
    (broken.bound_without_prices, below, PLAIN),
    (broken.bound_infinite, below, PLAIN),
    (broken.bound_nan, below, PLAIN),
    (broken.bound_loose, testing.check_bound_is_tight, PLAIN),
    (broken.bound_kinked, concave, PLAIN),
    (broken.bound_with_a_hole, concave, PLAIN),
    (broken.answers_uphill, testing.check_price_monotone, PLAIN),
    (broken.answers_uphill, testing.check_price_monotone, PULLED),
    (broken.stops_early, beats_minimizers, PULLED),
    (broken.answers_uphill, testing.check_answer_beats, PLAIN),
    (broken.caches_by_start, restart, PLAIN),
    (broken.worse_from_a_start, restart, PLAIN),
    (broken.refuses_a_start, restart, PLAIN),
    (broken.ignores_rho, testing.check_large_pull_obeys, PULLED),
    (broken.offset_with_wrong_sign, obeys, PULLED),
]


def name_of(check: Any) -> str:
    return getattr(check, "func", check).__name__


@pytest.mark.parametrize(
    ("alter", "check", "questions"),
    BROKEN,
    ids=[f"{alter.__name__}-{name_of(check)}" for alter, check, _ in BROKEN],
)
def test_the_check_catches_it(alter: Any, check: Any, questions: Any) -> None:
    asked = testing.compare.snapshot(questions) if alter is broken.changes_the_prices else questions
    with pytest.raises(AssertionError, match=r"asked at|changed its arguments|between"):
        check(Altered(alter), asked)


@pytest.mark.parametrize(
    ("check", "questions"),
    [(check, questions) for _, check, questions in BROKEN],
    ids=[f"{number}-{name_of(check)}" for number, (_, check, _) in enumerate(BROKEN)],
)
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
    def does(x: Any) -> Candidate | None:
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
