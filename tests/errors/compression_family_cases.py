"""Pruning and quantization of the networks there are: misfits, settings and points that cannot be."""

from types import SimpleNamespace

import numpy as np

from lagrange import runs
from lagrange.nn.members import Members
from lagrange.penalties import Growing
from lagrange.sets import Binary, PerTensor
from lagrange.status import Status
from problems.networks import finishing, pruned_first, registry, sparse_layers
from problems.networks.compress import Task
from problems.networks.pruned import PruningTask
from problems.networks.pruned_first import PrunedFirst
from problems.networks.settings import Settings
from problems.pruning import pruning
from problems.quantization import ExactQuantization, quantization
from tests.errors.case import Case, refused

FAMILIES = {"pruning": pruning, "quantization": quantization}


def value_error(name, call, *says):
    return Case(name, call, ValueError, says)


def of_families(name, options, *says):
    """The same options refused by both."""
    return [
        value_error(f"{family}: {name}", lambda _, f=make: f(**options), *says)
        for family, make in FAMILIES.items()
    ]


def twin():
    """One tensor of two values, ±s."""
    return ExactQuantization({"w": 3}, Members(("w",), PerTensor({"w": Binary()})))


def interrupted_in_training(place):
    def stop(*_, **__):
        raise KeyboardInterrupt

    task = Task("digits", "digits", Settings(pretrain=0, epochs=1, retrain=1))
    place.patch.setattr(finishing, "retrain", stop)
    hard = task.fresh().state_dict()
    PruningTask(task, 1.0, "global").final(hard)
    task.require_finished(hard)


def interrupted_in_pruning(place):
    ended = SimpleNamespace(status=Status.INTERRUPTED, point={})
    place.patch.setattr(pruned_first, "solve", lambda *_, **__: ended)
    settings = Settings(pretrain=0, prune=1, epochs=1, retrain=0)
    _ = PrunedFirst("digits", "digits", settings, keep=0.1).origin


def sparse_without_numba(place):
    place.patch.setattr(sparse_layers, "is_available", lambda: False)
    pruning(sparse=True)


def setting(name, values, *says):
    return refused(name, lambda v: Settings(**{name: v}), values, name, *says)


CASES = [
    *of_families("no such network", {"network": "lenet6"}, "lenet5", "'lenet6'"),
    *of_families("no such data", {"data": "svhn"}, "digits, mnist, cifar10", "'svhn'"),
    *of_families(
        "misfit",
        {"network": "lenet5", "data": "cifar10"},
        "lenet5 takes images (1, 28, 28)",
        "cifar10 has (3, 32, 32)",
        "resnet20",
    ),
    *of_families("no data for it", {"network": "alexnet"}, "alexnet", "(3, 227, 227)", "mnist has"),
    *of_families("seed", {"seed": -1}, "seed must be", "≥ 0", "-1"),
    *of_families("batch", {"batch": 0}, "batch must be at least 1", "got 0"),
    *of_families("shift beyond the image", {"shift": 5}, "at most half", "8 pixels", "got 5"),
    *of_families("shift", {"shift": -1}, "shift must be at least 0", "got -1"),
    *of_families("interval", {"interval": 0}, "interval must be at least 1", "got 0"),
    *of_families("rate", {"rate": float("nan")}, "rate must be a finite number > 0", "nan"),
    *of_families("growth", {"growth": -2.0}, "growth must be a finite number > 0", "-2.0"),
    *of_families("rho", {"rho": 0.0}, "rho must be a finite number > 0", "0.0"),
    *of_families("epochs", {"epochs": 0}, "epochs must be at least 1", "got 0"),
    *of_families("pattern", {"pattern": "attention*"}, "'attention*'", "conv1.weight"),
    *of_families("layer or row", {"scope": "row"}, "scope must be", "layer", "'row'"),
    # pruning
    value_error("path", lambda _: pruning(path="square"), "none, linear, cubic, log", "'square'"),
    value_error(
        "pick", lambda _: pruning(pick="first"), "pick must be one of last, best", "'first'"
    ),
    value_error("score", lambda _: pruning(score=1.5), "score must lie in [0, 1]", "got 1.5"),
    value_error("regrow", lambda _: pruning(regrow=-0.1), "regrow must lie in [0, 1]", "got -0.1"),
    value_error("teach", lambda _: pruning(teach=1.1), "teach must lie in [0, 1]", "got 1.1"),
    *(
        value_error(
            f"{list(given)} without retraining",
            lambda _, given=given: pruning(retrain=0, **given),
            "retrain = 0 means none",
        )
        for given in ({"regrow": 0.1}, {"sparse": True}, {"teach": 0.1})
    ),
    value_error("sparse without numba", sparse_without_numba, "pip install 'lagrange[fast]'"),
    value_error(
        "sparse with batch norms",
        lambda _: pruning(network="resnet20", data="cifar10", sparse=True),
        "chains of Linear, Conv2d",
        "leave sparse out",
    ),
    *(
        value_error(
            f"scope {scope}",
            lambda _, scope=scope: pruning(scope=scope),
            "global, layer, or",
            scope,
        )
        for scope in ("each", "1:2", "1:1:1:0")
    ),
    value_error(
        "ratios beyond a layer",
        lambda _: pruning(keep=0.9, scope="99:1:1:1"),
        "weights, allowed are 1 to all of them",
    ),
    *[
        value_error(f"keep {k}", lambda _, k=k: pruning(keep=k), "(0, 1]", "13584", f"got {k:g}")
        for k in (13_585.0, 2.5, float("nan"))
    ],
    value_error(
        "whole number a layer", lambda _: pruning(keep=100.0, scope="layer"), "(0, 1]", "got 100.0"
    ),
    # quantization
    *[
        value_error(f"bits {b}", lambda _, b=b: quantization(bits=b), "1 … 8", f"got {b}")
        for b in (0, 9)
    ],
    value_error(
        "grid", lambda _: quantization(grid="floats"), "uniform, zero-free, powers", "'floats'"
    ),
    value_error(
        "sparse with a scale a filter",
        lambda _: quantization(keep=0.1, scope="filter"),
        "with keep = 0.1 scope must be layer",
        "got 'filter'",
    ),
    *[
        value_error(f"sparse {k}", lambda _, k=k: quantization(keep=k), "(0, 1]", f"got {k:g}")
        for k in (0.0, 2.5, 13_585.0)
    ],
    value_error(
        "pruned before without keep", lambda _: quantization(prune=2), "prune = 2 needs keep"
    ),
    *[
        value_error(
            f"{name} without pruning",
            lambda _, name=name: quantization(keep=0.1, **{name: 1}),
            "prune = 0 means none",
        )
        for name in ("settle", "sparse")
    ],
    value_error(
        "nonzeros only without settling",
        lambda _: quantization(keep=0.1, prune=1, sparse=True),
        "settle = 0 means none",
    ),
    value_error(
        "lean without retraining",
        lambda _: quantization(lean=True, retrain=0),
        "retrain = 0 means nothing does",
    ),
    *setting("prune", (-1,), "at least 0"),
    *setting("settle", (-1,), "at least 0"),
    value_error(
        "pruned before with nonzeros only, batch norms",
        lambda _: quantization(
            network="resnet20", data="cifar10", keep=0.1, prune=1, settle=1, sparse=True
        ),
        "chains of Linear, Conv2d",
    ),
    # options and solvers
    *[
        value_error(
            f"idle {option} of {family}",
            lambda _, f=family, s=solver, o=option, v=value: runs.execute(
                f, {o: v}, FAMILIES[f](**{o: v}), s
            ),
            f"option {option} = {value!r} does nothing with the solver {solver}",
            "Leave it out, or take",
            allowed,
        )
        for family, solver, option, value, allowed in (
            ("pruning", "one-shot", "score", 0.5, "admm or surrogate or progressive or gradual"),
            ("pruning", "surrogate", "growth", 2.0, "admm or progressive"),
            ("quantization", "straight-through", "growth", 2.0, "admm or progressive"),
        )
    ],
    Case(
        "measuring a network whose training was interrupted",
        interrupted_in_training,
        KeyboardInterrupt,
        (),
    ),
    Case("pruning before quantization interrupted", interrupted_in_pruning, KeyboardInterrupt, ()),
    # what the families are made of
    *setting("floor", (-0.1, 1.1), "[0, 1]"),
    *setting("falling", (-1.0, 2.0), "[0, 1]"),
    *setting("dense_rate", (0.0, float("inf")), "finite number > 0"),
    *setting("momentum", (-0.1, 1.0, float("nan")), "[0, 1)"),
    *setting("decay", (-1.0, float("inf")), "finite number >= 0"),
    *setting("decay", (0.1,), "momentum = 0 means Adam"),
    *setting("whole", (True,), "give pick = last"),
    *refused("growing by", lambda v: Growing(1.0, v, 5), (0.0, float("inf")), "factor must be"),
    *refused("growing for", lambda v: Growing(1.0, 2.0, v), (0, 2.5), "whole number ≥ 1"),
    value_error(
        "images of another shape",
        lambda _: registry.require_fit("lenet5", registry.load("digits")),
        "lenet5 takes images (1, 28, 28)",
        "digits has (1, 8, 8)",
    ),
    # points
    value_error("tensor missing", lambda _: twin().cost({}), "no array 'w' of 3 entries"),
    value_error(
        "tensor of another size",
        lambda _: twin().cost({"w": np.ones(2, dtype=np.float32)}),
        "no array 'w' of 3 entries",
    ),
    value_error(
        "no member",
        lambda _: twin().cost({"w": np.array([1, -1, 2], dtype=np.float32)}),
        "['w'] are no member of their set",
        "Binary",
    ),
]
