"""The search for a counterexample: look, replay, shrink, write a script."""

import math
from fractions import Fraction
from random import Random
from time import perf_counter
from typing import Any

from lagrange.falsifier import search
from lagrange.falsifier.claim import Falsifiable
from lagrange.falsifier.family import Instance
from lagrange.falsifier.findings import Counterexample, NotFalsified
from lagrange.falsifier.names import claim_named, rule_of
from lagrange.falsifier.shrink import shrink
from lagrange.falsifier.trials import Trials, judge

RUNS = 12  # of Hypothesis, time permitting
EXTRA = "the Hypothesis stage was skipped: pip install 'lagrange[falsify]'"


def falsify(
    claim: Falsifiable | str,
    rule: Any = None,
    *,
    seconds: float = 20.0,
    seed: int = 0,
    most: int | None = None,
) -> Counterexample | NotFalsified:
    """Searches for the simplest instance on which the claim fails.

    claim   : a name of ``BUILT_IN``, ``module:name`` or a ``Falsifiable``
    rule    : what the claim is put to: an object, a class, a function or ``module:name`` of the kind
              that ``claim.takes`` says; None takes the claim's default
    seconds : after which no new instance is tried, > 0; shrinking comes on top
    seed    : of the random parts
    most    : instances that each of the three stages may try, ≥ 1; None: all there is time for. Where
              this ends the search and not the clock, the same seed gives the same result.
    Raises ValueError for names that do not exist and for a rule that fails or that answers
    differently when it is asked again.
    """
    if not (math.isfinite(seconds) and seconds > 0):
        raise ValueError(f"seconds must be a finite number > 0, got {seconds}")
    if most is not None and most < 1:
        raise ValueError(f"most must be at least 1, or None, got {most}")
    claim = claim_named(claim) if isinstance(claim, str) else claim
    given = claim.default if rule is None else rule_of(rule)
    trials = Trials(claim, claim.accept(given.value), perf_counter(), most)
    skipped = _look(trials, seconds, seed)
    if trials.found is None:
        return NotFalsified(claim, trials.counts, trials.outside, skipped)
    _require_steady(trials, trials.found)
    smallest = shrink(claim.family, trials.found, lambda near: _fails(trials, near))
    verdict = _require_steady(trials, smallest)
    return Counterexample(
        claim,
        smallest,
        trials.found,
        verdict.measured,
        verdict.predicted,
        sum(trials.counts.values()),
        trials.stage,
        f"# {claim.name}: {claim.statement}\n"
        f"# violated: {_exact(verdict.measured)} > {_exact(verdict.predicted)}\n"
        f"{given.source}\n\n{claim.script(smallest)}",
    )


def _exact(x: int | float | Fraction) -> str:
    """As a quotient where that can be read."""
    if isinstance(x, float) and not math.isfinite(x):
        return str(x)
    text = str(Fraction(x))
    return text if len(text) <= 40 else f"{float(x)!r} or so"


def _look(trials: Trials, seconds: float, seed: int) -> str:
    """The three stages; what was skipped, in words."""
    family, began, skipped = trials.claim.family, trials.deadline, ""
    trials.begin("lattice", began + 0.4 * seconds)
    search.lattice(family, trials, Random(seed))
    if trials.found is None:
        trials.begin("Hypothesis", began + 0.8 * seconds)
        try:
            from lagrange.falsifier import strategies  # hypothesis is an extra
        except ModuleNotFoundError:
            skipped = EXTRA
        else:
            strategies.search(family, trials, seed, RUNS)
    if trials.found is None:
        trials.begin("refinement", began + seconds)
        search.refine(family, trials)
    return skipped


def _fails(trials: Trials, instance: Instance) -> bool:
    """A simpler instance that the rule refuses, or outside the hypotheses, is no violation."""
    try:
        verdict = judge(trials.claim, trials.rule, instance)
    except ValueError:
        return False
    return verdict is not None and not verdict.holds


def _require_steady(trials: Trials, instance: Instance) -> Any:
    """The replay: the verdict on the same rationals, which must be a violation again."""
    first, second = (judge(trials.claim, trials.rule, instance) for _ in range(2))
    if first is None or second is None or first.holds or first.margin != second.margin:
        raise ValueError(
            "a violation was seen that another run does not repeat: the rule must answer the same "
            "when it is asked the same; does it change what it remembers in place?"
        )
    return second
