"""Answers in parallel: over an executor, without a line in any solver.

with ProcessPoolExecutor() as pool:
    solve(problem, solver, stop=..., answer=over(pool))
"""

from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Any

from lagrange.blocks import Ask, Block, Response
from lagrange.engine import Answer
from lagrange.problem import Problem


def over(executor: Executor) -> Answer:
    """An ``answer`` for ``solve`` that maps the asks of a round over the executor's workers."""

    def answer(problem: Problem[Any], asks: Sequence[Ask[Any]]) -> list[Response]:
        blocks = [problem.blocks[ask.block] for ask in asks]
        return list(executor.map(_respond, blocks, asks))

    return answer


def _respond(block: Block[Any], ask: Ask[Any]) -> Response:
    return block.respond(ask.price, ask.query, ask.start)
