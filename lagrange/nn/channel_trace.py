"""Walks a traced graph and writes down how its channels run (``channel_flow``)."""

import math
import operator
from collections import Counter
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, fx, nn
from torch.fx.passes.shape_prop import ShapeProp
from torch.nn import functional as F

from lagrange.nn.channel_flow import (
    ALIAS_FUNCTIONS,
    ALIASES,
    FLATTENS,
    IN_PLACE,
    MEANS,
    POINTWISE,
    POINTWISE_FUNCTIONS,
    POOL_FUNCTIONS,
    POOLS,
    SUMS,
    VIEWS,
    Channels,
    Flow,
    on_constants,
    read_depthwise,
    read_layer,
    read_norm,
    shape_of,
)
from lagrange.nn.example import answer


def trace(model: nn.Module, example: Tensor) -> Flow:
    """The flow through a network in eval mode; ``example``: an input (batch, channels, …)."""
    answer(model, example)
    try:
        graph = fx.symbolic_trace(model)
    except Exception as error:
        raise ValueError(
            f"{type(model).__name__} cannot be traced by torch.fx: {error}; compaction needs a forward "
            "pass without branches on values"
        ) from error
    with torch.no_grad():
        ShapeProp(graph).propagate(example.clone())
    walk = _Walk(model, graph)
    for node in graph.graph.nodes:
        walk.visit(node)
    return walk.flow


class _Walk:
    def __init__(self, model: nn.Module, graph: fx.GraphModule) -> None:
        self.flow = Flow()
        self.found = dict[fx.Node, Channels | None]()
        self.model = model
        targets = [str(n.target) for n in graph.graph.nodes if n.op == "call_module"]
        self.calls = Counter(id(model.get_submodule(target)) for target in targets)
        every = [p for m in model.modules() for p in m.parameters(recurse=False)]
        self.uses = Counter(id(parameter) for parameter in every)

    def visit(self, node: fx.Node) -> None:
        known = None
        if node.op == "call_module":
            known = self._module(node, self.model.get_submodule(str(node.target)))
        elif node.op in ("call_function", "call_method"):
            if self._asks_for_batch(node):
                self.found[node] = None
                return
            known = self._function(node)
        if self._in_place(node):
            known = self._overwritten(node, known)
        self.found[node] = known if known is not None else self._opaque(node)

    def _opaque(self, node: fx.Node) -> Channels | None:
        """Nothing is known of it: what it reads stays, and what it makes stays."""
        for source in node.all_input_nodes:
            self.flow.force(self.found[source])
        if node.op not in ("placeholder", "output", "get_attr") and node.all_input_nodes:
            self.flow.left_alone.setdefault(node.name, f"{node.op} {node.target} is not understood")
        shape = shape_of(node)
        if shape is None or len(shape) < 2 or node.op in ("get_attr", "output"):
            return None
        made = self.flow.fresh(shape[1])
        self.flow.force(made)
        return made

    def _module(self, node: fx.Node, module: nn.Module) -> Channels | None:
        given, shape = self.found[node.all_input_nodes[0]], shape_of(node.all_input_nodes[0])
        name = str(node.target)
        if given is None or shape is None or len(node.all_input_nodes) > 1:
            return None
        if isinstance(module, POINTWISE):
            return on_constants(given, module)
        if isinstance(module, POOLS):
            padding = getattr(module, "padding", 0)
            if getattr(module, "return_indices", False) or getattr(
                module, "divisor_override", None
            ):
                return None
            return self._pooled(given, padding if "Avg" in type(module).__name__ else 0)
        if isinstance(module, nn.Flatten) and module.start_dim == 1:
            return self._flattened(node, given)
        if self.calls[id(module)] > 1 or any(self.uses[id(p)] > 1 for p in module.parameters()):
            self.flow.left_alone[name] = "it is used in more than one place"
            return None
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d):
            return self._norm(name, module, given)
        if isinstance(module, nn.Linear):
            return self._layer(name, module, given) if len(shape) == 2 else None
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d):
            return self._conv(name, module, given)
        return None

    def _layer(self, name: str, module: Any, given: Channels) -> Channels:
        layer = read_layer(self.flow, name, module, given)
        self.flow.layers.append(layer)
        return layer.outputs

    def _conv(self, name: str, module: Any, given: Channels) -> Channels | None:
        if module.groups == 1:
            return self._layer(name, module, given)
        if module.groups == module.in_channels:
            self.flow.passed[name] = made = read_depthwise(module, given)
            return made
        self.flow.left_alone[name] = f"it has {module.groups} groups of several channels"
        return None

    def _norm(self, name: str, module: nn.Module, given: Channels) -> Channels | None:
        norm = cast("nn.BatchNorm2d", module)
        if norm.running_mean is None:
            self.flow.left_alone[name] = "it has no running statistics"
            return None
        self.flow.passed[name] = made = read_norm(norm, given)
        return made

    def _function(self, node: fx.Node) -> Channels | None:
        sources = [self.found[source] for source in node.all_input_nodes]
        if not sources or sources[0] is None:
            return None
        target, given = node.target, sources[0]
        if target in SUMS:
            return self._sum(node)
        if target is torch.cat:
            return self._cat(node)
        if target in VIEWS:
            return self._viewed(node, given)
        if len(sources) > 1:
            return None
        if target in POINTWISE_FUNCTIONS:
            return on_constants(given, lambda x: self._applied(node, x))
        if target in POOL_FUNCTIONS or _is_idle_dropout(node):
            return given
        if target is F.avg_pool2d and _argument(node, 6, "divisor_override") is None:
            return self._pooled(given, _argument(node, 3, "padding") or 0)
        if target in FLATTENS and _argument(node, 1, "start_dim") == 1:
            return self._flattened(node, given)
        if target in MEANS:
            return self._mean(node, given)
        return None

    def _applied(self, node: fx.Node, x: Tensor) -> Tensor:
        if node.op == "call_method":
            return cast("Tensor", getattr(x, str(node.target))(*node.args[1:], **node.kwargs))
        return cast("Any", node.target)(x, *node.args[1:], **node.kwargs)

    def _pooled(self, given: Channels, padding: Any) -> Channels:
        """A mean over zero padding is a constant for the constant 0 only."""
        if not np.any(padding):
            return given
        return Channels(given.labels, np.where(given.constants == 0, 0.0, math.nan))

    def _flattened(self, node: fx.Node, given: Channels) -> Channels | None:
        before, after = shape_of(node.all_input_nodes[0]), shape_of(node)
        if before is None or after != (before[0], math.prod(before[1:])):
            return None
        times = math.prod(before[2:])
        return Channels(np.repeat(given.labels, times), np.repeat(given.constants, times))

    def _viewed(self, node: fx.Node, given: Channels) -> Channels | None:
        flattened = self._flattened(node, given)
        if flattened is not None and node.args[-1] not in (-1, (-1,)):
            self.flow.force(given)
            self.flow.left_alone[node.name] = f"{node.args[1:]} states how many features there are"
        return flattened

    def _mean(self, node: fx.Node, given: Channels) -> Channels | None:
        shape, dims = shape_of(node.all_input_nodes[0]), _argument(node, 1, "dim")
        listed: list[int] = [dims] if isinstance(dims, int) else list(dims or ())
        if shape is None or not listed or any(d % len(shape) < 2 for d in listed):
            return None
        return given

    def _sum(self, node: fx.Node) -> Channels | None:
        terms = [self.found.get(a) if isinstance(a, fx.Node) else None for a in node.args]
        shapes = [shape_of(a) if isinstance(a, fx.Node) else None for a in node.args]
        if len(terms) != 2 or node.kwargs or shapes[0] != shapes[1]:
            return None
        a, b = terms
        if a is None or b is None:
            return None
        self.flow.join(a.labels, b.labels)
        return Channels(a.labels, a.constants + b.constants)

    def _cat(self, node: fx.Node) -> Channels | None:
        parts = [self.found[source] for source in cast("list[fx.Node]", node.args[0])]
        dim = _argument(node, 1, "dim")
        known = [part for part in parts if part is not None]
        if dim != 1 or len(known) < len(parts):
            return None
        labels = np.concatenate([part.labels for part in known])
        return Channels(labels, np.concatenate([part.constants for part in known]))

    def _in_place(self, node: fx.Node) -> bool:
        if node.op == "call_module":
            return bool(getattr(self.model.get_submodule(str(node.target)), "inplace", False))
        return node.target in IN_PLACE or bool(node.kwargs.get("inplace", False))

    def _overwritten(self, node: fx.Node, known: Channels | None) -> Channels | None:
        """Whoever else reads what an operation in place overwrites sees something not known here."""
        source = node.all_input_nodes[0]
        while True:
            given = self.found[source]
            if len(source.users) > 1 and given is not None:
                self.found[source] = Channels(given.labels, np.full(given.labels.size, math.nan))
                self.flow.force(given)
            if not self._is_alias(source):
                return known
            source = source.all_input_nodes[0]

    def _is_alias(self, node: fx.Node) -> bool:
        """Whether a value may share its memory with the first value that it is made of."""
        if node.op == "call_module":
            module = self.model.get_submodule(str(node.target))
            return isinstance(module, ALIASES) or self._in_place(node)
        return node.target in ALIAS_FUNCTIONS or self._in_place(node)

    def _asks_for_batch(self, node: fx.Node) -> bool:
        """x.size(0), x.shape[0]: they read no channel."""
        if node.target == "size":
            return node.args[1:] == (0,)
        if node.target is getattr:
            users = list(node.users)
            return node.args[1] == "shape" and all(
                user.target is operator.getitem and user.args[1] == 0 for user in users
            )
        return node.target is operator.getitem and self.found[node.all_input_nodes[0]] is None


def _is_idle_dropout(node: fx.Node) -> bool:
    return node.target is F.dropout and _argument(node, 2, "training") is False


def _argument(node: fx.Node, place: int, name: str) -> Any:
    """An argument of a traced call by position or name; None where it is not given."""
    return node.kwargs.get(name, node.args[place] if len(node.args) > place else None)
