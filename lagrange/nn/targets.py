"""Which parameters of a module are to be compressed, and by what name they go.

Names are those of the plain module: what ``torch.compile`` and the data-parallel wrappers put in front
of them is taken off, so that a checkpoint of one reads into another. A tensor that two layers share
(tied weights) is one target under the first of its names; ``Targets.tied`` says which other names it
has.
"""

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, cast

import torch
from torch import Tensor, nn

WRAPPED = "_orig_mod"  # where torch.compile keeps the module it compiled


class Targets(Mapping[str, nn.Parameter]):
    """Parameters by name, in the order of the module.

    tied : the other names of targets that go by several → the name they are targets under
    """

    def __init__(self, tensors: Mapping[str, nn.Parameter], tied: Mapping[str, str]) -> None:
        self._tensors, self.tied = dict(tensors), dict(tied)

    def __getitem__(self, name: str) -> nn.Parameter:
        return self._tensors[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    def __repr__(self) -> str:
        shared = [f"{other} is {name}" for other, name in self.tied.items()]
        return f"Targets({', '.join([*self, *shared])})"

    @property
    def sizes(self) -> Mapping[str, int]:
        """How many entries each has."""
        return {name: tensor.numel() for name, tensor in self.items()}


def plain(module: nn.Module) -> nn.Module:
    """The module under ``torch.compile`` and the data-parallel wrappers."""
    if not isinstance(module, nn.Module):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ValueError(
            f"a network (torch.nn.Module) is needed, got {_kind(module)}: make the network first, and "
            "load a state dict into it"
        )
    while True:
        children = dict(module.named_children())
        if isinstance(module, nn.parallel.DistributedDataParallel | nn.DataParallel):
            module = cast("nn.Module", cast(Any, module).module)
        elif list(children) == [WRAPPED]:
            module = children[WRAPPED]
        else:
            return module


def choose(
    module: nn.Module,
    *patterns: str,
    types: Iterable[type[nn.Module]] = (),
    ignore: Iterable[str] = (),
    dimensions: int = 2,
) -> Targets:
    """The trained parameters that match a pattern, lie in a module of one of the types, and match no
    pattern of ``ignore``.

    patterns   : names or shell patterns over names, as ``conv*.weight``; none means ``*``
    types      : module classes, as ``nn.Conv2d``; none means any
    ignore     : names or patterns that are left out, each of which must match something
    dimensions : least number of axes: 2 leaves out biases and norms

    Matching nothing is an error, for each pattern on its own: a run that compresses nothing would
    look like a success.
    """
    named, tied = _by_name(plain(module))
    owners = _owners(plain(module))
    kinds = tuple(types)
    able = {n: p for n, p in named.items() if p.ndim >= dimensions}
    names = {n: [n, *(other for other, first in tied.items() if first == n)] for n in able}
    for spellings in names.values():  # a computed one is found by the name it is read under
        spellings += [_computed(n) for n in spellings if _computed(n) != n]
    if kinds:
        able = {
            n: p for n, p in able.items() if any(isinstance(owners[a], kinds) for a in names[n])
        }
        if not able:
            said = [kind.__name__ for kind in kinds]
            raise ValueError(
                f"no layer is of type {said} with a weight: the weights are {list(names)}"
            )
    wanted = _matching(patterns or ("*",), names, able)
    dropped = _matching(tuple(ignore), names, names) if ignore else set[str]()
    chosen = {n: p for n, p in able.items() if n in wanted and n not in dropped}
    if not chosen:
        raise ValueError(f"ignore={list(ignore)} leaves no target of {sorted(wanted)}")
    _require_stored(chosen)
    _require_trained(chosen)
    return Targets(chosen, {other: n for other, n in tied.items() if n in chosen})


def weights(module: nn.Module, pattern: str = "*.weight") -> Targets:
    """The matching parameters with at least two dimensions, by name; no biases, no norms."""
    return choose(module, pattern)


def _by_name(module: nn.Module) -> tuple[dict[str, nn.Parameter], dict[str, str]]:
    """Every parameter under its first name, and its other names."""
    first: dict[int, str] = {}
    named: dict[str, nn.Parameter] = {}
    tied: dict[str, str] = {}
    for name, parameter in module.named_parameters(remove_duplicate=False):
        if id(parameter) in first:
            tied[name] = first[id(parameter)]
        else:
            first[id(parameter)] = name
            named[name] = parameter
    return named, tied


def _owners(module: nn.Module) -> dict[str, nn.Module]:
    """Parameter name → the module that holds it."""
    named = cast("Any", module).named_modules(remove_duplicate=False)
    owners = {
        f"{prefix}.{name}" if prefix else name: owner
        for prefix, owner in named
        for name, _ in owner.named_parameters(recurse=False)
    }
    read = {_computed(name) for name in owners} - set(owners)
    return owners | {name: module.get_submodule(name.rpartition(".")[0]) for name in read}


def _matching(
    patterns: Iterable[str], names: Mapping[str, list[str]], among: Iterable[str]
) -> set[str]:
    """Targets one of whose names matches one of the patterns."""
    found: set[str] = set()
    for pattern in patterns:
        hits = {n for n in among if any(fnmatchcase(name, pattern) for name in names[n])}
        if not hits:
            raise ValueError(
                f"no layer matches {pattern!r}; the weights of this network are {sorted(among)}"
            )
        found |= hits
    return found


def _require_trained(chosen: Mapping[str, Tensor]) -> None:
    for name, tensor in chosen.items():
        if not tensor.requires_grad:
            raise ValueError(f"target {name!r} is frozen (requires_grad is False): ignore it")
        if not tensor.is_floating_point() or tensor.dtype.itemsize < 2:
            raise ValueError(f"target {name!r} has dtype {tensor.dtype}: a float type is needed")
        if tensor.numel() == 0:
            raise ValueError(f"target {name!r} has no entries: ignore it")
        if not bool(torch.isfinite(tensor.detach()).all()):
            raise ValueError(f"target {name!r} holds a NaN or an infinity")


def require_tensors(targets: Any) -> None:
    """Refuses what maps no names to tensors: a network, a list of names."""
    if not isinstance(targets, Mapping):
        raise ValueError(
            f"targets are tensors by name, got {_kind(targets)}: choose(model, 'conv*.weight', …) "
            "picks them"
        )


def _kind(value: object) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else f"a {type(value).__name__}"


def _computed(name: str) -> str:
    """``conv.weight`` for conv.parametrizations.weight.original, which it is computed from."""
    path, found, rest = name.partition("parametrizations.")
    return path + rest.partition(".")[0] if found else name


def _require_stored(names: Iterable[str]) -> None:
    """Refuses targets that are computed from others."""
    for name in names:
        if _computed(name) != name:
            raise ValueError(
                f"target {_computed(name)!r} is parametrized, for instance by freeze_zeros or "
                "freeze_levels: thaw(model) makes it plain again, bake(model) a plain copy"
            )


def require_own(
    targets: Targets, module: nn.Module, optimizer: torch.optim.Optimizer | None
) -> None:
    """Targets must be parameters that the plain module, and the optimizer, hold now."""
    own = dict(module.named_parameters())
    _require_stored(name for name in own if _computed(name) in targets)
    for name, target in targets.items():
        if own.get(name) is not target:
            raise ValueError(
                f"target {name!r} is no parameter of the model as it is now: choose the targets from "
                "this model, after its layers are in place"
            )
    if optimizer is not None:
        trained = {id(p) for group in optimizer.param_groups for p in group["params"]}
        left = [name for name, target in targets.items() if id(target) not in trained]
        if left:
            raise ValueError(f"the optimizer does not train target {left[0]!r}")
