"""The stage of Hypothesis, the only place that imports it: random instances, guided by the margin."""

from fractions import Fraction

from hypothesis import HealthCheck, Phase, given, seed, settings, target
from hypothesis import strategies as st

from lagrange.falsifier.family import Family, Field
from lagrange.falsifier.trials import Trials

LARGEST_DENOMINATOR = 12
AT_ONCE = 250  # examples of one run: Hypothesis cannot be stopped in between


def numbers(one: Field, denominator: int) -> st.SearchStrategy[Fraction]:
    """Multiples of 1/denominator in the range of the field."""
    d = 1 if one.whole else denominator
    low, high = -(-one.low * d // 1), one.high * d // 1
    return st.integers(int(low), int(high)).map(lambda k: Fraction(k, d))


def search(family: Family, trials: Trials, number: int, runs: int) -> None:
    """So many runs of ``AT_ONCE`` examples each, with seeds from ``number`` on. Shrinking is left to
    ``lagrange.falsifier.shrink``: Hypothesis minimizes the order in which it draws, not what is simple
    to read.
    """
    for i in range(runs):
        if trials.over:
            return
        _run(family, trials, number + i)


def _run(family: Family, trials: Trials, number: int) -> None:
    @seed(number)
    @settings(
        max_examples=min(AT_ONCE, trials.most or AT_ONCE),
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.target),
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
    )
    @given(st.data())
    def run(data: st.DataObject) -> None:
        variables = data.draw(st.sampled_from(family.variables))
        denominator = data.draw(st.integers(1, LARGEST_DENOMINATOR))
        drawn = [data.draw(numbers(f, denominator)) for f in family.fields(variables)]
        if trials.over:
            return  # after the draws: the same bits must draw the same
        instance = family.instance(variables, family.iterations[-1], drawn)
        score = trials.put(instance)
        if score is not None:
            target(-score)

    run()
