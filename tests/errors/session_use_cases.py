"""How a loop may misuse its session, and what is no model, no target and no checkpoint of it."""

from typing import Any

import numpy as np
import torch
from torch import nn

from lagrange import ADMM, Progressive, StepLimit
from lagrange.nn import Together, bake, choose, each_layer, freeze_zeros, over_all
from lagrange.nn.controls import one_shot
from lagrange.sets import (
    NM,
    Cardinality,
    ChannelSparsity,
    GlobalCardinality,
    GlobalWeightedCardinality,
    LowRank,
)
from tests.errors.case import Case, Place
from tests.errors.session_cases import finished, net, session, train, used

NEITHER = "neither penalty() nor pull(step) took part"


def with_zeros_frozen(model: nn.Module) -> nn.Module:
    with torch.no_grad():
        model.get_parameter("0.weight")[0] = 0
    freeze_zeros(model, ["0.weight"])
    return model


def looked_at() -> None:
    made = session()
    made.penalty().item()
    made.update()


def detached() -> None:
    made = used()
    made.update()
    loss = sum(p.square().sum() for p in made.targets.values()) + made.penalty().detach()
    loss.backward()
    made.update()


def late() -> None:
    """A gradient through the penalty of the question before."""
    made = used()
    old = made.penalty()
    made.update()
    old.backward()
    made.update()


def changed_model(change: Any) -> None:
    """What is done to the model while the session runs."""
    model = net()
    made = used(model=model)
    change(model)
    made.update()


def trained_another(then: str) -> None:
    model = net()
    made = session(model=model)
    optimizer = torch.optim.SGD(net().parameters(), lr=0.1)
    for _ in range(2 if then == "update" else 1):
        made.penalty().backward()
        optimizer.step()
        made.update()
    made.finish()


def second(then: str, *arguments: Any) -> None:
    model = net()
    first = used(model=model)
    first.update()
    other = session(model=model)
    train(other)
    getattr(first, then)(*arguments)


def checkpoint_of_broken() -> None:
    from tests.errors.session_cases import Failing

    made = used(sets=Failing())
    try:
        made.update()
    except RuntimeError:
        made.state_dict()


def masked_midway() -> None:
    made = used()
    with_zeros_frozen(made._net)
    made.update()


def masked() -> nn.Module:
    return with_zeros_frozen(net())


def gone_on(change: Any, **options: Any) -> None:
    """From a checkpoint in a session on the same weights with other options."""
    model = net()
    made = used(model=model, **options)
    made.update()
    saved = made.state_dict()
    again = session(model=model, **(options | change))
    again.load_state_dict(saved)


def weights_not_restored() -> None:
    made = used()
    made.update()
    session().load_state_dict(made.state_dict())


def weighted(seed: int) -> GlobalWeightedCardinality:
    random = np.random.default_rng(seed)
    worth = {n: random.uniform(1, 2, p.shape) for n, p in choose(net()).items()}
    return GlobalWeightedCardinality(3, worth)


def convolution() -> nn.Module:
    return nn.Sequential(nn.Conv2d(4, 4, 3), nn.Conv2d(4, 4, 3))


def keeping(sets: Any, solver: Any = None, model: Any = None) -> Any:
    return lambda _: session(sets, solver, model)


def change_to_all() -> None:
    used().change_sets(GlobalCardinality(20))


def change_to_stages() -> None:
    used().change_sets([GlobalCardinality(3), GlobalCardinality(2)])  # type: ignore[arg-type]


def unwritable(place: Place) -> None:
    def refuse(**_: Any) -> None:
        raise PermissionError("read-only file system")

    place.patch.setattr("lagrange.nn.thin.TemporaryFile", refuse)
    session(spill=place.folder)


USE = [
    (
        "penalty looked at only",
        lambda _: looked_at(),
        NEITHER,
        "backward pass",
        "add it to the loss",
    ),
    ("penalty detached", lambda _: detached(), NEITHER, "neither detached nor as a number"),
    ("penalty of the question before", lambda _: late(), NEITHER),
    ("optimizer of a copy", lambda _: trained_another("update"), "'2.weight'", "has moved since"),
    ("finish unmoved", lambda _: trained_another("finish"), "has moved since", "learning rate > 0"),
    (
        "name for a solver",
        lambda _: session(solver="admm"),
        "model, targets, sets, solver",
        "'admm'",
    ),
    ("pattern for sets", lambda _: session(sets="*.weight"), "in this order", "'*.weight'"),
    (
        "precision changed later",
        lambda _: changed_model(nn.Module.double),
        "torch.float64",
        "before the session",
    ),
    (
        "target frozen later",
        lambda _: changed_model(lambda model: model[0].requires_grad_(False)),
        "'0.weight'",
        "requires_grad False",
    ),
    ("superseded penalty", lambda _: second("penalty"), "another session", "'0.weight'"),
    ("superseded pull", lambda _: second("pull", 0.1), "go on with that one"),
    ("superseded update", lambda _: second("update"), "another session", "one set"),
    ("superseded finish", lambda _: second("finish"), "another session"),
    ("superseded checkpoint", lambda _: second("state_dict"), "another session"),
    ("superseded load", lambda _: second("load_state_dict", {}), "another session"),
    ("finish at once", lambda _: session().finish(), "before the first update()", "one_shot("),
    ("state after finish", lambda _: finished("state_dict"), "is finished", "packed.save"),
    ("load after finish", lambda _: finished("load_state_dict", {}), "is finished"),
    ("state of a broken update", lambda _: checkpoint_of_broken(), "half-way"),
    ("session on masks", lambda _: session(model=masked()), "'0.weight' is parametrized", "thaw("),
    (
        "session on masks by name",
        lambda _: choose(masked(), "0.weight"),
        "'0.weight' is parametrized",
        "bake(model)",
    ),
    (
        "session on masks by type",
        lambda _: choose(masked(), "0.*", types=[nn.Linear]),
        "'0.weight' is parametrized",
    ),
    (
        "masks in the middle",
        lambda _: masked_midway(),
        "'0.weight' is parametrized",
        "freeze_zeros",
    ),
]
DOOR = [
    ("list of targets", lambda _: session(targets=["0.weight"]), "got a list", "choose(model"),
    ("state dict of a model", lambda _: session(model=net().state_dict()), "got a OrderedDict"),
    ("class of a model", lambda _: choose(nn.Linear), "got the class Linear", "torch.nn.Module"),
    ("bake a state dict", lambda _: bake(net().state_dict()), "load a state dict into it"),
    ("over all of a model", lambda _: over_all(net(), 0.1), "got a Sequential", "choose(model"),
    ("each layer of a model", lambda _: each_layer(net(), 0.1), "got a Sequential"),
    ("one shot on a model", lambda _: one_shot(net(), GlobalCardinality(3)), "got a Sequential"),
    ("cost that is a number", lambda _: session(cost=1.0), "must be a function", "got 1.0"),
    ("spill that cannot be written", unwritable, "a folder to write in", "read-only file system"),
]
EFFECT = [
    (
        "budget of all",
        keeping(GlobalCardinality(20)),
        "keeps all of 0.weight (4, 3), 2.weight (2, 4)",
    ),
    ("budget of more", keeping({"*": Cardinality(12)}), "Cardinality(k=12)", "smaller budget"),
    (
        "channels of all",
        keeping({"0*": ChannelSparsity(4), "2*": Cardinality(1)}),
        "0.weight (4, 3)",
    ),
    ("rank of all", keeping({"*": LowRank(3)}), "LowRank", "ignore="),
    ("budget of all together", keeping({"*": Together(GlobalCardinality(20))}), "k=20"),
    (
        "last stage of all",
        keeping(
            [GlobalCardinality(3), GlobalCardinality(20)], Progressive(ADMM(0.1), StepLimit(1))
        ),
        "keeps all",
    ),
    ("changed to all", lambda _: change_to_all(), "keeps all"),
    ("changed to a list", lambda _: change_to_stages(), "ADMM takes one set", "got ["),
    (
        "2 of 4 along a kernel",
        keeping({"*": NM(2, 4)}, model=convolution()),
        "'0.weight' of shape (4, 4, 3, 3)",
        "got 3",
        "axis 1",
    ),
]
STAGES = {"sets": [GlobalCardinality(4)], "solver": Progressive(ADMM(0.1), StepLimit(9))}
RESUMED: list[tuple[str, Any, Any, tuple[str, ...]]] = [
    ("rho", {}, {"solver": ADMM(0.2)}, ("session.solver.rho", "was 0.1 and is 0.2")),
    ("budget", {}, {"sets": GlobalCardinality(4)}, ("sets.0.k was 3 and is 4",)),
    ("set", {}, {"sets": {"*": Cardinality(3)}}, ("GlobalCardinality", "PerTensor")),
    ("stages", STAGES, {"sets": [GlobalCardinality(4)] * 2}, ("sets.1 was none",)),
    ("worths", {"sets": weighted(0)}, {"sets": weighted(1)}, ("0.weights.0.weight", "digest")),
]
CASES = [Case(name, call, ValueError, tuple(says)) for name, call, *says in (*USE, *DOOR, *EFFECT)]
CASES += [
    Case(
        f"checkpoint of other {name}",
        lambda _, first=first, change=change: gone_on(change, **first),
        ValueError,
        ("other settings", *says),
    )
    for name, first, change, says in RESUMED
]
CASES += [
    Case(
        "checkpoint on other weights",
        lambda _: weights_not_restored(),
        ValueError,
        ("['0.weight', '2.weight'] are not those", "before that of the session"),
    )
]
