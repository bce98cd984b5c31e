"""Saved runs that the tests of certificates tamper with."""

import shutil

import pytest

from lagrange import run_folder
from tests.worlds.saved_runs import MAKE


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    """One saved run of each sort; tests work on copies."""
    parent = tmp_path_factory.mktemp("runs")
    for name, make in MAKE.items():
        run_folder.save(make(), parent / name)
    return parent


@pytest.fixture
def copied(originals, tmp_path):
    def copy(name):
        return shutil.copytree(originals / name, tmp_path / name)

    return copy


@pytest.fixture
def saved(copied, request):
    return copied(request.param)
