"""Compression inside a training loop that stays the user's own.

    session = Compression(model, "*.weight", GlobalCardinality(5166), ADMM(rho=1e-3))
    for step, (inputs, labels) in enumerate(batches, start=1):
        optimizer.zero_grad()
        (loss(model(inputs), labels) + session.penalty()).backward()
        optimizer.step()
        if step % 100 == 0:
            session.update()
    session.finish()

It is the engine's ask and tell: the solver asks the network block at prices and a pull, the loop trains
under ``penalty()``, ``update()`` tells the solver what became of the weights, lets the set answer and
puts the next question. The same training in a ``TrainingBlock`` under ``solve`` gives the same trace.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from lagrange.blocks import Response
from lagrange.nn import ranks, saved
from lagrange.nn.conversation import Conversation, Outside, tests_answers
from lagrange.nn.finished import Finished, project_weights
from lagrange.nn.formulas import Formula, bare, formula, reader
from lagrange.nn.measured import Cost, measured, require_fixed
from lagrange.nn.members import Members
from lagrange.nn.pull import Pull, pull_of
from lagrange.nn.rest import mapped, opened, taken
from lagrange.nn.snapshot import NetworkPoint, restore, snapshot
from lagrange.nn.split import NETWORK, Sets, image_of, require_effect, require_stages, set_of, split
from lagrange.nn.targets import Targets, choose, plain, require_own, require_tensors
from lagrange.nn.usage import Usage, require_order
from lagrange.problem import Problem
from lagrange.queries import Quadratic, Staged
from lagrange.records import Record, Trace, ignore
from lagrange.state import Solver, Start, State
from lagrange.vectors import first_bad_row


class Compression:
    """A session on one model.

    model     : may be compiled or wrapped for data parallelism; under the latter each process has a
                session of its own and all of them do the same
    targets   : of ``choose``, or a pattern for it
    sets      : a set of vectors over all targets; or rules pattern → set of each tensor that matches
                (``Together(set)``: of all of them); or a list of these, one for each stage of a solver
                that goes through stages
    solver    : as for ``solve``; block 0 is the network, block 1 the set
    optimizer : that of the loop. Needed, as ``cost`` is, by solvers that may reject an answer
    cost      : model → loss on a fixed set of batches of the training data. Called in eval mode
                without gradients, at every update
    spill     : a folder on a disk: what no step of the loop reads, such as what undoes a rejected
                answer, waits there between updates, in files without names; None: in memory
    observe   : called with the record of every finished step
    """

    def __init__(
        self,
        model: nn.Module,
        targets: Targets | str,
        sets: Sets | Sequence[Sets],
        solver: Solver[Any],
        *,
        optimizer: torch.optim.Optimizer | None = None,
        cost: Cost | None = None,
        spill: Path | str | None = None,
        observe: Callable[[Record], None] = ignore,
    ) -> None:
        require_order(sets, solver)
        require_stages(sets, solver)
        self._net, self._optimizer, self._cost = plain(model), optimizer, cost
        self.targets = choose(model, targets) if isinstance(targets, str) else targets
        require_tensors(self.targets)
        self._spread = ranks.is_spread(model)
        require_own(self.targets, self._net, self._optimizer)
        problem = self._problem(sets)
        self._talk = Conversation(problem, solver, self._start(problem, solver), observe, spill)
        self._finished, self._rho = False, 0.0
        self._usage = Usage(self.targets)
        self._pull = self._asked()
        self._talk.report()

    @property
    def state(self) -> State[Any]:
        """The solver's state, as ``solve`` keeps it, in memory. The model shares nothing with it."""
        return opened(self._talk.state)

    @property
    def trace(self) -> Trace:
        """The records of all steps."""
        return self._talk.trace

    @property
    def active(self) -> bool:
        """Is a question to the network open? False once the solver has nothing left to ask."""
        return not self._finished and self._asks

    @property
    def position(self) -> Any:
        """What the loop told ``update`` about its place in the data when the present weights came
        about: after a rejected answer an earlier place than the last.
        """
        kept = self._talk.state.responses[NETWORK]
        return None if kept is None else kept.point.position

    @property
    def rho(self) -> float:
        """ρ of the open question, or of the last one."""
        return self._rho

    def penalty(self) -> Tensor:
        """ρ/2 ‖W − Z + λ/ρ‖² of the open question: add it to the loss, once a backward pass."""
        self._require_active()
        return self._usage.watched(self._pull.penalty(self.targets))

    def pull(self, step: float) -> None:
        """Instead of the penalty, after each optimizer step: W ← (W + a(Z − λ/ρ))/(1 + a), a = step·ρ.

        step : the learning rate. An adaptive optimizer would rescale a penalty with the loss.
        """
        self._require_active()
        self._pull.apply(self.targets, step)
        self._usage.pulled()

    def update(self, position: Any = None) -> Record:
        """The training so far is the network's answer; returns the record of the last step. If the
        solver rejects the answer, model and optimizer are put back to where they were.

        position : where the loop stands in its data, any JSON-able value; the property gives it back
        Gradients take memory that is needed here: ``optimizer.zero_grad()`` before, not after.
        """
        self._require_active()
        self._usage.require_training()
        self._pull = Pull(0.0, {}, {})
        try:  # nobody here holds on to the old prices, nor to what is rejected
            answers = [self._answer(position)]
            if not self._talk.tell(answers.pop()):
                self._put_back()
            self._usage.next()
        finally:
            if self._talk.whole:
                self._pull = self._asked()
        self._talk.report()
        return self._talk.state.record

    def change_sets(self, sets: Sets) -> None:
        """From now on these sets: a new budget, new weights of a projection. Multipliers and answers
        stay. A schedule that is known beforehand is better given as a list of sets.
        """
        self._require_active()
        require_stages(sets, self._talk.solver)
        self._talk.problem = self._problem(sets)

    def finish(self) -> Finished:
        """Projects the weights on the set, in the model, and ends the session."""
        self._require_open()
        self._usage.require_updates()
        require_own(self.targets, self._net, self._optimizer)
        wanted = set_of(self._talk.problem).members
        distance = project_weights(self.targets, wanted)
        self._finished = True
        return Finished(
            weights={name: target.detach().clone() for name, target in self.targets.items()},
            distance=distance,
            cost=self._measured(),
            members=Members(tuple(self.targets), wanted),
            multipliers=opened(self._talk.state.multipliers),
            trace=self.trace,
        )

    def state_dict(self) -> dict[str, Any]:
        """Tensors and JSON-able values. The weights themselves are in the model's own: of them only a
        digest is here.
        """
        self._require_whole()
        return saved.state_dict(self._talk, self.targets, self._usage)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from a checkpoint, taken at an update or between two, in a session with the same
        settings. Data order, optimizer and, before this, the model are for the loop to restore.
        """
        self._require_open()
        saved.load_state_dict(state, self._talk, self.targets, self._usage)
        self._pull = self._asked()
        self._talk.report()

    def _problem(self, sets: Sets | Sequence[Sets]) -> Problem[Any]:
        """With formulas for rows, and so all that the solver makes of them."""
        problem = split(Outside(), self.targets, sets, formula)
        require_effect(self.targets, sets)
        return problem

    def _start(self, problem: Any, solver: Solver[Any]) -> State[Any]:
        """The weights as they are and their projection, zero multipliers."""
        lend = reader(lent=True)
        image = image_of(self.targets, lend)
        there = Response(image, self._measured(), -math.inf, snapshot(None, None))
        nearest = taken(set_of(problem, first=True).nearest(image))
        state = solver.init(problem, Start(None, (there, nearest)))
        self._keeps = tests_answers(problem, solver, state)
        if not self._keeps:
            return state
        if self._cost is None or self._optimizer is None:
            raise ValueError(
                f"{type(solver).__name__} compares costs before it accepts an answer: pass cost=, the "
                "loss on a fixed set of batches, and optimizer=, to undo what is rejected"
            )
        require_fixed(self._cost, self._net, there.cost)
        there = replace(there, point=self._point(lend, None))
        return state._replace(responses=(there, *state.responses[1:]))

    def _asked(self) -> Pull:
        """The pull of the open question."""
        question = self._talk.question
        self._asks = question is not None
        if question is None:
            return self._pull
        query = question.query
        if isinstance(query, Staged):
            query = cast(Any, query).query
        if query is None:
            raise ValueError("a set answers a pull, not prices alone: give the solver a rho")
        pull = pull_of(tuple(self.targets), question.price, cast("Quadratic", query))
        self._rho = pull.rho
        # every step reads them: what is in memory without ado
        return pull._replace(price=opened(pull.price), offset=mapped(pull.offset, Formula, bare))

    def _answer(self, position: Any) -> Response:
        """What became of the weights: lent to the solver, what it keeps will be copied."""
        require_own(self.targets, self._net, self._optimizer)
        lend = reader(lent=True)
        image = image_of(self.targets, lend)
        if (bad := first_bad_row(image)) is not None:
            raise ValueError(
                f"the weights of {bad!r} hold a NaN or an infinity: lower the learning rate or rho"
            )
        if self._spread:
            ranks.require_same(image)
        with self._talk.let_go():
            cost = self._measured()
        return Response(image, cost, -math.inf, self._point(lend, position))

    def _point(self, lend: Callable[[Tensor], Tensor], position: Any) -> NetworkPoint:
        """To come back to, if that may be needed; also lent."""
        if not self._keeps or self._optimizer is None:
            return snapshot(None, None, position=position)
        there = NetworkPoint(self._net.state_dict(), self._optimizer.state_dict(), 0, 0, position)
        return mapped(there, Tensor, lend)

    def _put_back(self) -> None:
        """The model and the optimizer as they were when the answer was given that the solver kept."""
        kept = self._talk.state.responses[NETWORK]
        if kept is None or not self._keeps:
            raise ValueError(
                "the solver dropped an answer although costs had not mattered to it before, and the "
                "weights before were not kept"
            )
        restore(kept.point, self._net, self._optimizer)

    def _measured(self) -> float:
        if self._cost is None:
            return math.nan
        found = measured(self._cost, self._net)
        if not self._spread:
            return found
        return ranks.agreed(found, next(iter(self.targets.values())).device)

    def _require_open(self) -> None:
        if self._finished:
            raise ValueError(
                "the session is finished, its model projected: make a new one to go on, save the "
                "network by packed.save or save_weights"
            )
        self._usage.require_newest()

    def _require_whole(self) -> None:
        self._require_open()
        if not self._talk.whole:
            raise ValueError(
                "an error broke the last update off half-way: load a checkpoint, or make a new session"
            )

    def _require_active(self) -> None:
        self._require_whole()
        if not self._asks:
            raise ValueError(
                f"the solver asks nothing more after step {self._talk.state.record.step}: end the "
                "loop when session.active is False and call finish()"
            )
