"""Runs a solver step by step, without the engine, and keeps every state; small blocks besides."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lagrange import Problem, Quadratic, Response, Start, State
from tests.exact.finite import Finite


def states(problem: Problem, solver: Any, steps: int, start: Start | None = None) -> list[State]:
    """The state before the first step and after every finished one."""
    state = solver.init(problem, start)
    kept = [state]
    while len(kept) <= steps:
        asks = solver.ask(problem, state)
        answers = [problem.blocks[a.block].respond(a.price, a.query, a.start) for a in asks]
        state = solver.tell(problem, state, answers)
        if state.record.step == len(kept):
            kept.append(state)
    return kept


def stacked(vector) -> np.ndarray:
    """The rows of a vector one after the other, by name."""
    return np.concatenate([np.atleast_1d(vector[name]) for name in sorted(vector)])


@dataclass(frozen=True)
class Menu:
    """Finite blocks as plain arrays: images (choices, 3) over rows equal (2) and most (1), costs."""

    images: Sequence[np.ndarray]
    costs: Sequence[np.ndarray]
    rhs: np.ndarray  # (3,)

    def problem(self) -> Problem:
        blocks = [
            Finite(c.tolist(), {"equal": a[:, :2], "most": a[:, 2:]})
            for a, c in zip(self.images, self.costs, strict=True)
        ]
        rhs = {"equal": self.rhs[:2], "most": self.rhs[2:]}
        return Problem(tuple(blocks), rhs, frozenset({"most"}))

    def best(self, i: int, multipliers: np.ndarray) -> int:
        """argmin of block i's cost plus prices."""
        return int(np.argmin(self.costs[i] + self.images[i] @ multipliers))

    def totals(self, x: Sequence[int]) -> tuple[float, np.ndarray]:
        """Σ f_i and g at the choices x."""
        cost = sum(float(c[k]) for c, k in zip(self.costs, x, strict=True))
        return cost, sum(a[k] for a, k in zip(self.images, x, strict=True)) - self.rhs


MENU = Menu(
    images=[
        np.array([[2, 1, 0], [-1, -1, -2], [-2, -2, -2.0]]),
        np.array([[2, 1, 2], [0, 1, 2], [1, 1, 0.0]]),
        np.array([[0, 2, -1], [2, 1, -2.0]]),
    ],
    costs=[np.array([-1, 3, 0.0]), np.array([-3, 2, 2.0]), np.array([2, -2.0])],
    rhs=np.array([3, 4, 0.0]),
)


@dataclass(frozen=True)
class Parabola:
    """f(x) = curvature/2 ‖x − middle‖², image = times · x on one row."""

    curvature: float
    middle: np.ndarray
    row: str
    times: float = 1.0

    def respond(self, price, query: Quadratic | None, start) -> Response:
        rho, offset = (query.rho, query.offset[self.row]) if query else (0.0, 0.0)
        pull = self.curvature * self.middle - self.times * (price[self.row] + rho * offset)
        x = pull / (self.curvature + rho * self.times**2)
        cost = self.curvature / 2 * float((x - self.middle) @ (x - self.middle))
        return Response({self.row: self.times * x}, cost, point=x)


@dataclass(frozen=True)
class Nearest:
    """f(x) = ½ ‖x − c‖², image A x on row r."""

    c: np.ndarray
    A: np.ndarray

    def respond(self, price, query: Quadratic, start) -> Response:
        H = np.eye(len(self.c)) + query.rho * self.A.T @ self.A
        pull = self.A.T @ (price["r"] + query.rho * query.offset["r"])
        x = np.linalg.solve(H, self.c - pull)
        return Response({"r": self.A @ x}, 0.5 * float((x - self.c) @ (x - self.c)), point=x)
