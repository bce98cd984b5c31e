"""Conformance checks for anybody's set: of one array (``Set``) or of named arrays (``VectorSet``)."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from lagrange import vectors
from lagrange.testing.compare import difference, overwrite, require, same, shown, slack, snapshot
from lagrange.vectors import Vector


def check_projection(
    members: Any,
    points: Sequence[Any],
    *,
    inside: Sequence[Any] = (),
    outside: Sequence[Any] = (),
    convex: bool = False,
) -> None:
    """Projections are members, stay put when projected again, are the same every time and a fresh
    copy; the argument is unchanged and no member in ``inside`` is nearer.

    members : a ``Set`` (points are arrays) or a ``VectorSet`` (points are mappings)
    inside  : some members, all of them if they are few; each is its own projection
    outside : points that are no members
    convex  : the projection is then nonexpansive besides
    """
    for member in inside:
        require(members.contains(member), f"{shown(member)} is a member, contains says it is not")
        _require_fixed(members, member)
    for point in outside:
        require(not members.contains(point), f"{shown(point)} is no member, contains says it is")
    for point in points:
        _check_one(members, point)
        _check_nearest(members, point, inside)
    if convex:
        check_nonexpansive(members, points)


def check_nonexpansive(members: Any, points: Sequence[Any]) -> None:
    """‖Π(v) − Π(w)‖ ≤ ‖v − w‖: the projection on a convex set brings no two points apart."""
    for v, w in combinations(points, 2):
        before = _distance(v, w)
        after = _distance(members.project(v), members.project(w))
        require(
            after <= before + slack(_named(v), before),
            f"{shown(v)} and {shown(w)} are {before} apart, their projections {after}",
        )


def _check_one(members: Any, point: Any) -> None:
    given = snapshot(point)
    answer = members.project(point)
    found = difference(given, point)
    require(found is None, f"projecting {shown(given)} changed it: {found}")
    require(members.contains(answer), f"{shown(point)} was projected on {shown(answer)}: no member")
    wanted, got = _kinds(point), _kinds(answer)
    require(wanted == got, f"projected {wanted}, got {got}")
    _require_fixed(members, answer)
    again = members.project(point)
    found = difference(answer, again)
    require(found is None, f"{shown(point)} was projected twice and differs in {found}")
    kept = snapshot(answer)
    overwrite(_named(answer), 12345.0)
    require(same(given, point), f"the projection of {shown(given)} is a view of it")
    require(same(kept, again), f"two projections of {shown(given)} share memory")
    found = difference(kept, members.project(point))
    require(
        found is None, f"writing into the projection of {shown(given)} changed the set: {found}"
    )


def _require_fixed(members: Any, member: Any) -> None:
    moved = members.project(member)
    found = difference(member, moved)
    require(found is None, f"{shown(member)} is a member, but was projected on {shown(moved)}")


def _check_nearest(members: Any, point: Any, inside: Sequence[Any]) -> None:
    answer = members.project(point)
    reached = _distance(point, answer)
    for member in inside:
        other = _distance(point, member)
        require(
            reached <= other + slack(_named(point), reached),
            f"{shown(point)} was projected on {shown(answer)}, {reached} away, "
            f"but {shown(member)} is only {other} away",
        )


def _named(v: Any) -> Vector:
    return v if isinstance(v, Mapping) else {"": v}  # pyright: ignore[reportUnknownVariableType]


def _distance(a: Any, b: Any) -> float:
    return vectors.norm(vectors.subtract(_named(a), _named(b)))


def _kinds(v: Any) -> list[tuple[str, str, tuple[int, ...], str]]:
    return [(name, type(a).__name__, tuple(a.shape), str(a.dtype)) for name, a in _named(v).items()]
