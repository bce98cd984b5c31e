"""What every block owes: checks that raise AssertionError saying what was asked and what came back."""

import copy
import math
import random
import sys
from collections.abc import Iterable
from typing import Any

import numpy as np

from lagrange import vectors
from lagrange.blocks import Block, Response
from lagrange.testing.compare import (
    difference,
    overwrite,
    require,
    same,
    shown,
    slack,
    snapshot,
    with_entry,
)
from lagrange.testing.questions import (
    Candidate,
    Does,
    Question,
    Questions,
    ask,
    pull_of,
    rounding,
    value,
)
from lagrange.vectors import Vector


def check_pure(block: Block[Any], questions: Questions) -> None:
    """The same question gets the same answer, whatever was asked, rejected or gone on from between;
    earlier answers and the arguments stay as they are.
    """
    asked = snapshot(list(questions))
    first, kept = list[Response](), list[Response]()
    for q in questions:
        first.append(ask(block, q))
        kept.append(snapshot(first[-1]))
    for q, answer in zip(questions, first, strict=True):
        ask(block, q, start=answer)  # a training run that the solver throws away
    found = difference(asked, list(questions))
    require(found is None, f"the block changed its arguments: {found}")
    found = difference(kept, first)
    require(found is None, f"later questions changed earlier answers: number and field {found}")
    for q, before in reversed(list(zip(questions, kept, strict=True))):
        found = difference(before, ask(block, q))
        require(found is None, f"{q}: the second answer differs from the first in {found}")


def check_random_state_untouched(block: Block[Any], questions: Questions) -> None:
    """Asking leaves the global random numbers of Python, numpy and torch (if loaded) alone."""
    for q in questions:
        before = _random_states()
        ask(block, q)
        require(
            same(before, _random_states()),
            f"{q}: the answer drew from the global random numbers; give the block its own generator",
        )


def _random_states() -> dict[str, Any]:
    states: dict[str, Any] = {"python": random.getstate(), "numpy": np.random.get_state()}
    torch: Any = sys.modules.get("torch")
    if torch is not None:
        states["torch"] = torch.random.get_rng_state().clone()
    return states


def check_image_is_fresh(block: Block[Any], questions: Questions) -> None:
    """Images share memory with nothing: not with the arguments, the point, another answer or the
    block itself.
    """
    for question in questions:
        given = snapshot(question)
        answer, other = ask(block, given), ask(block, given)
        wanted = snapshot(answer)
        overwrite(answer.image, 12345.0)
        require(same(question, given), f"{question}: the image is a view of the arguments")
        require(same(wanted.point, answer.point), f"{question}: the image is a view of the point")
        require(same(wanted, other), f"{question}: two answers share their image")
        found = difference(wanted, ask(block, given))
        require(found is None, f"{question}: writing into the image changed the block: {found}")
        overwrite(given.price, 54321.0)
        pull = pull_of(given.query)
        if pull is not None:
            overwrite(pull.offset, 54321.0)
        require(same(wanted, other), f"{question}: the image is a view of the arguments")


def check_row_names_and_shapes(block: Block[Any], questions: Questions, rows: Vector) -> None:
    """Images name coupling rows of the problem only, in their shape, the same ones every time."""
    named: set[str] | None = None
    for q in questions:
        answer = ask(block, q)
        require(math.isfinite(answer.cost), f"{q}: answered with cost {answer.cost}")
        bad = vectors.first_bad_row(answer.image)
        require(bad is None, f"{q}: the image of row {bad!r} has a NaN or an infinity")
        for name, array in answer.image.items():
            require(name in rows, f"{q}: answered on {name!r}; the rows are {sorted(rows)}")
            shape, wanted = tuple(array.shape), tuple(rows[name].shape)
            require(shape == wanted, f"{q}: row {name!r} has shape {shape}, the problem {wanted}")
        now = set(answer.image)
        require(bool(now), f"{q}: answered on no row at all")
        require(named in (None, now), f"{q}: answered on {sorted(now)}, before on {named}")
        named = now


def check_dtype_preserved(block: Block[Any], questions: Questions) -> None:
    """Images come in the library, the number type and on the device of the prices."""
    for q in questions:
        for name, array in ask(block, q).image.items():
            now, wanted = _kind(array), _kind(q.price[name])
            require(now == wanted, f"{q}: row {name!r} came as {now}, the prices are {wanted}")


def _kind(array: Any) -> tuple[str, str, str]:
    return type(array).__name__, str(array.dtype), str(getattr(array, "device", "cpu"))


def check_bound_below_answer(
    block: Block[Any], questions: Questions, candidates: Iterable[Candidate] = ()
) -> None:
    """A bound lies below the answer it came with, below what *every* other answer would cost at
    these prices, and below the caller's candidates.
    """
    answers = [ask(block, q) for q in questions]
    feasible = [Candidate(a.image, a.cost) for a in answers] + list(candidates)
    for q, answer in zip(questions, answers, strict=True):
        for image, cost in feasible:
            most = value(q, image, cost)
            require(
                answer.bound <= most + rounding(q, image, cost),
                f"{q}: claims the bound {answer.bound}, but {shown(image)} costs {most}",
            )


def check_restart_from_point(
    block: Block[Any], questions: Questions, *, is_exact: bool = False
) -> None:
    """Every answer is a legal start for every question, and so is its copy. Started from its own
    answer, an exact block does no worse.
    """
    for answer in [ask(block, q) for q in questions]:
        for q in questions:
            again = ask(block, q, start=answer)
            found = difference(again, ask(block, q, start=copy.deepcopy(answer)))
            require(found is None, f"{q}: a copy of the start is not as good as it: {found}")
            require(
                set(again.image) == set(answer.image) and math.isfinite(again.cost),
                f"{q}: started from an answer on {sorted(answer.image)}, it answered on "
                f"{sorted(again.image)} at cost {again.cost}",
            )
            before, after = (value(q, r.image, r.cost) for r in (answer, again))
            require(
                not is_exact or after <= before + rounding(q, again.image, again.cost),
                f"{q}: started from an answer worth {before}, it answered one worth {after}",
            )


def check_image_matches_point(block: Block[Any], questions: Questions, does: Does) -> None:
    """The point is allowed, and it is what the answer says it is: its image and its cost.

    does : x_i -> (A_i x_i, f_i(x_i)), or None if x_i is not in X_i
    """
    for q in questions:
        answer = ask(block, q)
        wanted = does(answer.point)
        if wanted is None:
            raise AssertionError(f"{q}: the point {shown(answer.point)} is not allowed")
        off = vectors.norm(vectors.subtract(answer.image, wanted.image))
        require(
            off <= slack(answer.image, vectors.norm(wanted.image)),
            f"{q}: answered {shown(answer.image)}, the point makes it {shown(wanted.image)}",
        )
        require(
            abs(answer.cost - wanted.cost) <= rounding(q, answer.image, wanted.cost),
            f"{q}: answered with cost {answer.cost}, the point costs {wanted.cost}",
        )


def check_refuses_nan_price(block: Block[Any], questions: Questions) -> None:
    """A NaN or an infinity in the prices of a row the block has is refused with ValueError."""
    for q in questions:
        for name in ask(block, q).image:
            for bad in (math.nan, math.inf, -math.inf):
                price = {**q.price, name: with_entry(q.price[name], bad)}
                _require_refusal(block, q._replace(price=price), f"{bad} in row {name!r}")


def _require_refusal(block: Block[Any], question: Question, what: str) -> None:
    try:
        answer = ask(block, question)
    except ValueError:
        return
    raise AssertionError(
        f"{question}: {what}, but it answered {shown(answer.image)} at cost {answer.cost} and "
        f"bound {answer.bound} where ValueError was due"
    )
