"""Parameters that are computed from others, by ``torch.nn.utils.parametrize``.

A computed parameter stays where it was for whoever reads ``module.weight``. What is trained is the
same ``Parameter`` object as before, now at ``parametrizations.weight.original``: an optimizer that has
it goes on training it, with its moments. Tied weights are computed in every place.
"""

from collections.abc import Iterator, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from lagrange.nn.targets import plain


def named(model: nn.Module, names: Sequence[str]) -> dict[str, nn.Parameter]:
    """The parameters of these names in the module under its wrappers; refuses none, unknown names, and
    one that is computed already.
    """
    known = dict(plain(model).named_parameters(remove_duplicate=False))
    if not names:
        raise ValueError(f"no parameter is named; the network has {sorted(known)}")
    for name in names:
        path, _, attribute = name.rpartition(".")
        if f"{path}.parametrizations.{attribute}.original".lstrip(".") in known:
            raise ValueError(f"{name!r} is parametrized already: thaw(model) first, or bake it")
        if name not in known:
            raise ValueError(f"{name!r} is no parameter of the network: {sorted(known)}")
    return {name: known[name] for name in names}


def attach(model: nn.Module, parameter: nn.Parameter, compute: nn.Module) -> None:
    """Lets ``compute`` of the parameter stand wherever the parameter stood."""
    for module, attribute in list(_owners(model, parameter)):
        order = _order(module)
        _own_class(module)
        parametrize.register_parametrization(module, attribute, compute)
        for piece in _lists(module).values():
            piece.__dict__["order"] = order


def attached(model: nn.Module) -> Iterator[tuple[nn.Module, str, nn.Module]]:
    """Every module, attribute and its parametrizations."""
    for module in list(model.modules()):
        if parametrize.is_parametrized(module):
            for attribute, piece in list(_lists(module).items()):
                yield module, attribute, piece


def detach(module: nn.Module, attribute: str) -> None:
    """Writes the computed values into the parameter and puts it back in its old place."""
    order, piece = _order(module), _lists(module)[attribute]
    with torch.no_grad():
        values: Tensor = getattr(module, attribute)
        original = _own(piece).get("original")
        if original is None:  # computed from several
            original = nn.Parameter(values.clone())
        else:
            original.copy_(values)
    _own_class(module)
    delattr(type(module), attribute)
    delattr(module.get_submodule("parametrizations"), attribute)
    if not _lists(module):
        delattr(module, "parametrizations")
        _become(module, type(module).__bases__[0])
    module.register_parameter(attribute, original)
    places = _own(module)  # the order of the keys of a state dict is that of this mapping
    for name in [name for name in order if name in places]:
        places[name] = places.pop(name)


def _own_class(module: nn.Module) -> None:
    """Gives a module with computed parameters a class that no copy of the module shares.

    torch makes one for the module, with a property for each of them, and copies of the module have the
    same: what is added to it or taken from it in one place would be in the others.
    """
    if parametrize.is_parametrized(module):
        old = type(module)
        slots = ("__dict__", "__weakref__")
        parts = {name: part for name, part in vars(old).items() if name not in slots}
        _become(module, type(old.__name__, old.__bases__, parts))


def _become(module: nn.Module, kind: type) -> None:
    cast("Any", module).__class__ = kind


def _owners(model: nn.Module, parameter: nn.Parameter) -> Iterator[tuple[nn.Module, str]]:
    for module in model.modules():
        for attribute, own in _own(module).items():
            if own is parameter:
                yield module, attribute


def _lists(module: nn.Module) -> dict[str, nn.Module]:
    if not parametrize.is_parametrized(module):
        return {}
    return dict(module.get_submodule("parametrizations").named_children())


def _order(module: nn.Module) -> tuple[str, ...]:
    """The parameters of a module in their first order, computed ones included."""
    told: list[tuple[str, ...]] = [
        piece.__dict__["order"] for piece in _lists(module).values() if "order" in piece.__dict__
    ]
    return told[0] if told else tuple(_own(module))


def _own(module: nn.Module) -> dict[str, nn.Parameter | None]:
    """The mapping itself that a module keeps its own parameters in."""
    return vars(module)["_parameters"]
