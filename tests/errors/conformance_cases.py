"""The checks for anybody's blocks: what they find fault with."""

from lagrange.testing.blocks import (
    check_image_matches_point,
    check_refuses_nan_price,
    check_row_names_and_shapes,
)
from lagrange.testing.questions import Question, pull_of
from tests.errors.case import Case
from tests.errors.small import ZERO, Fixed

QUESTION = Question({"a": ZERO})

CASES = [
    Case(
        "check of a block that takes NaN prices",
        lambda _: check_refuses_nan_price(Fixed({"a": ZERO}), [QUESTION]),
        AssertionError,
        ("nan in row 'a'", "ValueError was due"),
    ),
    Case(
        "check of a block with a wrong row",
        lambda _: check_row_names_and_shapes(Fixed({"b": ZERO}), [QUESTION], {"a": ZERO}),
        AssertionError,
        ("answered on 'b'", "['a']"),
    ),
    Case(
        "check of a block with a forbidden point",
        lambda _: check_image_matches_point(Fixed({"a": ZERO}), [QUESTION], lambda point: None),
        AssertionError,
        ("the point 0.0", "not allowed"),
    ),
    Case(
        "check with a query of one's own",
        lambda _: pull_of("ask nicely"),
        TypeError,
        ("str", "not known"),
    ),
]
