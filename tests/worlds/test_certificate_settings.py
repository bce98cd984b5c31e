"""The settings of a saved run are read again, whatever number of steps a schedule was made for."""

import pytest

from lagrange import families, run_folder
from lagrange.certify import certify_run
from lagrange.certify_saved import certify_saved, read_settings, trusted_instance
from lagrange.meaning import MEANINGS
from tests.worlds.runs import executed

DUAL = ("assignment", "covering", "location", "knapsack", "unit_commitment", "best_subset", "lasso")
METHODS = [(family, name) for family in DUAL for name in families.make(family, {}).methods]


@pytest.mark.parametrize(("family", "name"), METHODS)
def test_settings_are_read_or_those_of_the_family(family, name):
    made = families.make(family, {}).methods[name]
    settings = repr(made(77).solver)
    if "array(" in settings:  # the instance's numbers are in them, which only the family knows
        assert settings == repr(made(None).solver)
    else:
        assert repr(read_settings(settings)) == settings


@pytest.mark.parametrize("name", ["surrogate", "absolute", "level", "volume"])
def test_a_run_of_few_steps_can_be_certified(name, tmp_path):
    run = executed("assignment", name, steps=30, kind="C", agents=3, jobs=9)
    run_folder.save(run, tmp_path / "run")
    saved = run_folder.load(tmp_path / "run")
    judged = certify_saved(saved, trusted_instance(saved, None))
    assert judged.as_json() == certify_run(run).as_json()


def test_what_a_family_has_proved_has_a_meaning():
    """It is shown as proved and not as what nobody has looked at."""
    for family in families.BUILT_IN:
        exact = families.make(family, {}).exact
        for name in () if exact is None else exact.fact_names:
            assert MEANINGS[name].proved, (family, name)
