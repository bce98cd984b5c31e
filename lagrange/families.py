"""Families of instances by name: what ``lagrange solve FAMILY`` resolves.

A family is a function with keyword-only options that returns an ``Instance``. Built-in ones have a
name; any other is given as ``module:function``. Options and their types are read off its signature.
"""

import importlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, cast, get_args, get_type_hints

from lagrange.instances import Instance

Family = Callable[..., Instance]

BUILT_IN: Mapping[str, str] = {
    name: f"problems.{name}:{name}"
    for name in (
        "allocation",
        "assignment",
        "basis_pursuit",
        "best_subset",
        "consensus_logistic",
        "covering",
        "elastic_net",
        "exchange_market",
        "group_lasso",
        "integer_least_squares",
        "knapsack",
        "lasso",
        "location",
        "multicommodity",
        "portfolio",
        "pruning",
        "quantization",
        "svm",
        "total_variation",
        "unit_commitment",
    )
}


WORDS: Mapping[type, str] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "text",
}


def resolve(name: str) -> Family:
    """The function behind a family name or ``module:function``."""
    target = BUILT_IN.get(name, name)
    module_name, colon, function_name = target.partition(":")
    if not colon or not module_name or not function_name:
        raise ValueError(
            f"there is no family {name!r}; built-in are {', '.join(BUILT_IN)}, "
            "your own is given as module:function"
        )
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name in ("torch", "sklearn", "scipy", "highspy"):
            raise ValueError(
                f"family {name!r} needs {error.name}: pip install 'lagrange[all]'"
            ) from None
        raise ValueError(f"family {name!r}: {error}") from None
    function = getattr(module, function_name, None)
    if not callable(function):
        raise ValueError(f"module {module_name} has no function {function_name!r}")
    return cast("Family", function)


def option_types(family: Family) -> dict[str, type]:
    """The options of a family with the type of each; ``X | None`` counts as X."""
    hints = get_type_hints(family)
    types: dict[str, type] = {}
    for name in inspect.signature(family).parameters:
        hint = hints.get(name, str)
        if isinstance(hint, UnionType):
            hint = next(arg for arg in get_args(hint) if arg is not NoneType)
        types[name] = hint
    return types


def make(name: str, options: Mapping[str, Any]) -> Instance:
    """The instance of a family with these options; ValueError for options it does not take."""
    family = resolve(name)
    types = option_types(family)
    for option, value in options.items():
        if option not in types:
            raise ValueError(f"family {name!r} has no option {option!r}; it has {sorted(types)}")
        fits = isinstance(value, (types[option], NoneType)) or (
            types[option] is float and isinstance(value, int)
        )
        if not fits:
            raise ValueError(
                f"option {option!r} of family {name!r} must be {_word(types[option])}, "
                f"got {value!r}"
            )
    lacking = [option for option in required(family) if option not in options]
    if lacking:
        raise ValueError(f"family {name!r} needs the option --{lacking[0].replace('_', '-')}")
    instance: Any = family(**options)
    if not isinstance(instance, Instance):
        raise ValueError(
            f"family {name!r} must return a lagrange.instances.Instance, it returned "
            f"{type(instance).__name__}"
        )
    return instance


def required(family: Family) -> list[str]:
    """Options without a default."""
    parameters = inspect.signature(family).parameters.values()
    return [p.name for p in parameters if p.default is inspect.Parameter.empty]


def parse_options(family: Family, words: Sequence[str]) -> dict[str, Any]:
    """``--name value`` or ``--name=value`` pairs as keyword arguments of the family."""
    types = option_types(family)
    options: dict[str, Any] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        flag, equals, value = word.partition("=")
        name = flag.removeprefix("--").replace("-", "_")
        if not flag.startswith("--") or name not in types:
            known = ", ".join("--" + n.replace("_", "-") for n in types)
            raise ValueError(f"unknown option {word!r}; this family takes {known}")
        if not equals:
            if not rest:
                raise ValueError(f"option --{name} needs a value")
            value = rest.pop(0)
        options[name] = _converted(name, value, types[name])
    return options


def _word(kind: type) -> str:
    return WORDS.get(kind, f"of type {kind.__name__}")


def _converted(name: str, value: str, kind: type) -> Any:
    if kind is bool:
        if value.lower() not in ("true", "false"):
            raise ValueError(f"option --{name} must be true or false, got {value!r}")
        return value.lower() == "true"
    try:
        return kind(value)
    except ValueError:
        raise ValueError(f"option --{name} must be {_word(kind)}, got {value!r}") from None
