"""A network, its data and how both are trained: what pruning and quantization share.

    dense training → compression by a solver → hard projection → training with zeros or levels fixed

Nothing is trained before it is needed. Choices are made on the validation part; the test part is read
by ``test_accuracy`` alone.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from lagrange.blocks import Block, Response
from lagrange.nn import HeldAdam, TrainingBlock, packed, weights
from lagrange.nn.retrain import retrain
from lagrange.oracles.set_block import SetBlock
from lagrange.problem import Feasible, Problem
from lagrange.state import Start
from problems.networks import registry, training
from problems.networks.batches import Batches, Shift
from problems.networks.dataset import Dataset
from problems.networks.feed import Feed
from problems.networks.settings import NAMES, Settings, changed
from problems.seeds import require_seed

State = Mapping[str, Tensor]  # a state dict


@dataclass(frozen=True)
class Task:
    """What is to be compressed.

    pattern : which weights, as a shell pattern over parameter names
    cache   : a folder in which dense networks are kept from run to run; None: nowhere
    """

    network: str
    data: str
    settings: Settings
    seed: int = 0
    pattern: str = "*.weight"
    cache: str | None = None
    _kept: dict[int, tuple[Any, State, bool]] = field(
        default_factory=dict, compare=False, repr=False
    )

    def __post_init__(self) -> None:
        require_seed(self.seed)
        registry.require_shapes(self.network, self.data)
        self.sizes  # noqa: B018 - refuses a pattern without a match, at the door
        side = min(registry.architecture(self.network).shape[1:], default=0)
        if 2 * self.settings.shift > side > 0:
            raise ValueError(
                f"shift must be at most half of an image's {side} pixels, got {self.settings.shift}"
            )

    @classmethod
    def of(cls, recipes: Mapping[str, Settings], options: Mapping[str, Any]) -> "Task":
        """By the options of a family; what is not given follows from ``recipes``, by data set."""
        network, data = options["network"], options["data"]
        data = registry.data_for(network) if data is None else data
        registry.require_shapes(network, data)
        settings = changed(recipes[data], options)
        return cls(network, data, settings, *(options[n] for n in ("seed", "pattern", "cache")))

    def rebuild(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options with what followed from the data; but where dense networks are kept."""
        settings = {name: getattr(self.settings, name) for name in NAMES if name in options}
        every = {**options, "data": self.data, **settings}
        return {name: value for name, value in every.items() if name != "cache"}

    @property
    def name(self) -> str:
        """Of network and data."""
        return self.data if self.network == self.data else f"{self.network}-{self.data}"

    @cached_property
    def sizes(self) -> Mapping[str, int]:
        """Number of weights by target name."""
        net = registry.network(self.network, self.seed)
        return {n: w.numel() for n, w in weights(net, self.pattern).items()}

    @cached_property
    def dataset(self) -> Dataset:
        data = registry.load(self.data)
        return data.whole if self.settings.whole else data

    @cached_property
    def feed(self) -> Feed:
        """The training part, from epoch 0 of dense training on."""
        s, data = self.settings, self.dataset
        augment = Shift(s.shift, data.black, flip=s.flip) if s.shift or s.flip else None
        return Feed(Batches(data.train, s.batch, self.seed, augment), half=s.half)

    @property
    def onward(self) -> Feed:
        """The same after dense training."""
        return self.feed.after(self.settings.pretrain)

    def fresh(self) -> nn.Module:
        """The network with its initial values, channels last."""
        net = registry.network(self.network, self.seed)
        net.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        return net

    def loaded(self, state: State) -> nn.Module:
        """The network with these values."""
        net = self.fresh()
        net.load_state_dict(dict(state))
        return net

    @cached_property
    def dense(self) -> nn.Module:
        """The network after dense training."""
        return self.cached("", self._trained)

    @cached_property
    def origin(self) -> nn.Module:
        """Where compression starts."""
        return self.dense

    def cached(self, run: str, make: Callable[[], nn.Module]) -> nn.Module:
        """What ``make`` makes; in the cache under the settings of dense training and ``run``."""
        if self.cache is None:
            return make()
        s = self.settings
        steps = f"-sgd-{s.momentum:.12g}-{s.decay:.12g}" if s.momentum > 0 else ""
        rates = f"{s.batch}-{s.dense_rate:.12g}-{s.floor:.12g}{steps}{'-half' * s.half}"
        dense = f"{self.seed}-{s.pretrain}-{rates}-{s.shift}{'-flip' * s.flip}{'-whole' * s.whole}"
        path = Path(self.cache) / f"{self.network}-{self.dataset.slug}-{dense}{run}.lgpk"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            packed.save(path, make().state_dict())
        return self.loaded(packed.load(path).tensors)

    def _trained(self) -> nn.Module:
        net = self.fresh()
        self.train(net, self.settings.pretrain)
        return net

    def train(self, net: nn.Module, epochs: int, *, first: int = 0, held: bool = False) -> None:
        """Trains in place on epochs ``first``, ``first`` + 1, … of the feed and keeps the last.

        held : at the rate of the compression, and zeros of the targets stay zeros
        """
        s = self.settings
        steps = self.held_adam(s.rate)(net.parameters()) if held else self._dense_steps(net)
        self._fit(net, self.feed.after(first), epochs, steps, None)

    def _dense_steps(self, net: nn.Module) -> torch.optim.Optimizer:
        """The optimizer of dense training."""
        s, free = self.settings, [p for p in net.parameters() if p.requires_grad]
        if s.momentum == 0:
            return self._adam(free, s.dense_rate)
        groups = [
            {"params": [p for p in free if p.ndim >= 2], "weight_decay": s.decay},
            {"params": [p for p in free if p.ndim < 2]},
        ]
        return torch.optim.SGD(groups, s.dense_rate, s.momentum, nesterov=True)

    def retrain(self, net: nn.Module) -> None:
        """The same for what follows the compression; keeps the epoch that the settings pick."""
        s = self.settings
        steps = self._adam([p for p in net.parameters() if p.requires_grad], s.rate)
        self._fit(net, self.onward.after(s.epochs), s.retrain, steps, self.validate)

    @property
    def validate(self) -> Callable[[nn.Module], float] | None:
        """Accuracy on the validation part; None where the last epoch is kept."""
        if self.settings.pick == "last":
            return None
        return lambda net: training.accuracy(net, self.dataset.validation)

    def _fit(
        self,
        net: nn.Module,
        feed: Feed,
        epochs: int,
        steps: torch.optim.Optimizer,
        validate: Callable[[nn.Module], float] | None,
    ) -> None:
        if epochs > 0:
            floor = self.settings.floor
            retrain(net, feed.loss, feed, steps, epochs=epochs, validate=validate, floor=floor)

    def adam(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """Adam at the rate of the compression."""
        return self._adam(parameters, self.settings.rate)

    def _adam(self, parameters: Iterable[nn.Parameter], rate: float) -> torch.optim.Optimizer:
        return torch.optim.Adam(parameters, lr=rate, fused=self.settings.half or None)

    def held_adam(self, rate: float) -> Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]:
        """Adam that keeps zeros of the targets."""

        def made(parameters: Iterable[nn.Parameter]) -> HeldAdam:
            every = list(parameters)
            return HeldAdam(every, rate, self.held(every), fused=self.settings.half)

        return made

    def held(self, parameters: Sequence[nn.Parameter]) -> list[nn.Parameter]:
        """The targets among all parameters of the network, or of one that has as many."""
        return [parameters[i] for i in self._places]

    @cached_property
    def _places(self) -> tuple[int, ...]:
        names = list(dict(self.fresh().named_parameters()))
        return tuple(names.index(name) for name in self.sizes)

    @cached_property
    def block(self) -> TrainingBlock:
        """The network block: an epoch an answer, or ``interval`` minibatches."""
        s, feed = self.settings, self.onward
        return TrainingBlock(
            module=self.origin,
            loss=feed.loss,
            batches=feed,
            sample=feed.sample(s.sample),
            targets=tuple(self.sizes),
            optimizer=self.adam,
            seed=self.seed,
            steps=s.interval,
            decoupled=s.rate if s.decoupled else None,
        )

    @property
    def unpulled(self) -> TrainingBlock:
        """The same for controls, which know no pull."""
        return replace(self.block, decoupled=None)

    @property
    def updates(self) -> int:
        """How many answers the solver's epochs are."""
        return self.settings.updates(len(self.dataset.train))

    def start(self, members: SetBlock, block: TrainingBlock | None = None) -> Start:
        """The weights where it starts, those of another block if given, and their projection, zero
        multipliers.
        """
        first = (block or self.block).initial()
        return Start(None, (first, members.nearest(first.image)))

    def problem(
        self, network: Block[Any], members: Block[Any], hard: Callable[[Response], State]
    ) -> Problem[Any]:
        """W − Z = 0 with the network as block 0 and the set as block 1.

        hard : the network's answer → its state dict with the targets on the set
        """
        block = self.block

        def recover(responses: Sequence[Response]) -> Feasible:
            state = hard(responses[0])
            net = self.loaded(state).eval()
            with torch.no_grad():
                return Feasible(state, float(block.loss(net, block.sample)))

        return Problem((network, members), self._zeros, recover=recover, solvable=True)

    @cached_property
    def _zeros(self) -> State:
        """The right-hand side, one for all stages."""
        return {n: torch.zeros_like(w) for n, w in weights(self.origin, self.pattern).items()}

    def projected(self, state: State, members: SetBlock) -> State:
        """The whole state dict with its targets projected on the set."""
        image = {name: state[name] for name in self.sizes}
        return {**state, **members.members.project(image)}

    def finished(self, hard: State, train: Callable[[nn.Module], nn.Module]) -> State:
        """The state dict after ``train``, once for each point; the point itself after a Ctrl-C."""
        kept = self._kept.get(id(hard))
        if kept is None:
            try:
                state, stopped = train(self.loaded(hard)).state_dict(), False
            except KeyboardInterrupt:
                state, stopped = hard, True
            copied = {n: t.detach().clone() for n, t in state.items()}
            kept = self._kept[id(hard)] = hard, copied, stopped
        return kept[1]

    def require_finished(self, hard: State) -> None:
        """Passes on the Ctrl-C that ended the training of this point: a network that was not trained
        to the end is kept, but not measured.
        """
        if id(hard) in self._kept and self._kept[id(hard)][2]:
            raise KeyboardInterrupt

    def test_accuracy(self, net: nn.Module) -> float:
        """On the test part, which is read here and nowhere else."""
        return training.accuracy(net, self.dataset.test)
