"""Studies: what is refused at the door, with the line of the study file."""

import builtins
import importlib

from lagrange.checkpoint import Keeper
from lagrange.study import cluster, plan, runner
from lagrange.study.check import check
from tests.errors.case import Case, command

HEAD = '[study]\nname = "s"\n'
PROBLEM = '[[problem]]\nfamily = "assignment"\n'
SOLVER = '[[solver]]\nname = "subgradient"\n'
WHOLE = HEAD + PROBLEM + SOLVER


def read(place, text, name="s.toml"):
    path = place.folder / name
    path.write_text(text)
    return plan.read(path)


def refused(name, text, *says):
    """``says`` begins with the line that is named."""
    line, *rest = says
    where = (f"line {line}",) if line else ()
    return Case(name, lambda p: check(read(p, text)), ValueError, ("s.toml", *where, *rest))


def entered(context):
    with context:
        pass


def hidden(place):
    real = importlib.import_module

    def importing(name):
        if name == "distributed":
            raise ModuleNotFoundError(name="distributed")
        return real(name)

    place.patch.setattr(importlib, "import_module", importing)
    entered(cluster.cluster("tcp://127.0.0.1:1"))


def interrupted(place):
    (place.folder / "s.toml").write_text(WHOLE)

    def run(*_):
        raise builtins.KeyboardInterrupt

    place.patch.setattr(runner, "run", run)
    command(place, "study", "s.toml", "--out", "out")


def another(place):
    (place.folder / "s.toml").write_text(WHOLE)
    (place.folder / "study.toml").write_text(WHOLE.replace('"s"', '"t"'))
    command(place, "study", "s.toml", "--out", ".")


def binary(place):
    (place.folder / "b.toml").write_bytes(b"\xff\xfe")
    plan.read(place.folder / "b.toml")


def unfinished(place):
    (place.folder / "study.toml").write_text(WHOLE)
    command(place, "report", ".")


READING = [
    Case("no study file", lambda p: plan.read(p.folder / "s"), ValueError, ("no study file",)),
    Case(
        "study file that is a folder",
        lambda p: plan.read(p.folder),
        ValueError,
        ("Is a directory",),
    ),
    Case("study file that is no text", binary, ValueError, ("b.toml is no study file", "utf-8")),
    refused("study that is no TOML", "[study\n", None, "no TOML", "line 1"),
    refused("study without solvers", HEAD + PROBLEM, None, "at least one [[problem]]"),
    refused("study without [study]", PROBLEM + SOLVER, None, "one [study]"),
    refused("study with another table", WHOLE + "[[solvers]]\n", None, "one [study]"),
    refused("[problem] once", HEAD + '[problem]\nfamily = "lasso"\n' + SOLVER, 3, "[[problem]]"),
    refused("problems that are numbers", f"problem = [1]\n{HEAD}{SOLVER}", None, "[[problem]]"),
    refused("unknown key of a study", HEAD + "seed = 1\n" + PROBLEM + SOLVER, 3, "'seed'", "seeds"),
    refused("key of the wrong type", HEAD + "steps = true\n" + PROBLEM + SOLVER, 3, "got True"),
    refused("study without a name", "[study]\nsteps = 1\n" + PROBLEM + SOLVER, 1, "name"),
    refused("solver without a name", HEAD + PROBLEM + '[[solver]]\nlabel = "a"\n', 5, "name"),
    refused("seeds that are texts", HEAD + 'seeds = ["a"]\n' + PROBLEM + SOLVER, 3, "['a']"),
    refused("seeds twice", HEAD + "seeds = [1, 1]\n" + PROBLEM + SOLVER, 3, "[1, 1]"),
    refused("no seeds", HEAD + "seeds = []\n" + PROBLEM + SOLVER, 3, "got []"),
    refused(
        "seeds and the option seed",
        HEAD + "seeds = [1]\n" + PROBLEM + "options = { seed = 3 }\n" + SOLVER,
        4,
        "leave the option seed out",
    ),
    refused("seeds of a problem that are texts", WHOLE + 'seeds = ["a"]\n', 7, "['a']"),
    refused(
        "seeds of a solver and the option seed",
        HEAD + PROBLEM + "options = { seed = 3 }\n" + SOLVER + "seeds = [1]\n",
        3,
        "leave the option seed out",
    ),
    refused("solver on no problem", WHOLE + "problems = []\n", 5, "no solver is put"),
    refused(
        "axis without values",
        HEAD + PROBLEM + "options = { jobs = [] }\n" + SOLVER,
        5,
        "option jobs",
        "at least one value",
    ),
    refused("axis of a solver without values", WHOLE + "options = { rho = [] }\n", 7, "option rho"),
    refused("solver on another problem", WHOLE + 'problems = ["lasso"]\n', 7, "'lasso'"),
    refused("the same cell twice", WHOLE + SOLVER, 3, "is there twice", "line 7", "line 5"),
    refused(
        "the same cell under two labels",
        WHOLE + SOLVER + 'label = "other"\n',
        3,
        "other is there twice",
    ),
    refused("unknown baseline", HEAD + 'baseline = "x"\n' + PROBLEM + SOLVER, 3, "subgradient"),
    refused("metrics that are numbers", HEAD + "metrics = [1]\n" + PROBLEM + SOLVER, 3, "got (1,)"),
    refused("confidence 1", HEAD + "confidence = 1\n" + PROBLEM + SOLVER, 3, "(0, 1)", "1.0"),
    refused("checkpoint -1", HEAD + "checkpoint = -1\n" + PROBLEM + SOLVER, 3, "≥ 0", "-1.0"),
    refused("budget of no steps", WHOLE + "steps = 0\n", 5, "steps must be > 0, got 0"),
]
CHECKING = [
    refused(
        "study of an unknown family",
        HEAD + '[[problem]]\nfamily = "nothing"\n' + SOLVER,
        3,
        "no family 'nothing'",
    ),
    refused(
        "study with an unknown option",
        HEAD + PROBLEM + "options = { agent = 3 }\n" + SOLVER,
        3,
        "no option 'agent'",
    ),
    refused("study with an unknown solver", WHOLE.replace("sub", "super"), 5, "'supergradient'"),
    refused(
        "seeds for a family without",
        HEAD
        + "seeds = [1]\n"
        + PROBLEM.replace("assignment", "tests.errors.families:fine")
        + SOLVER,
        4,
        "no option seed",
    ),
    refused(
        "study of a file that is missing",
        HEAD + PROBLEM + 'options = { instance = "nowhere.txt" }\n' + SOLVER,
        3,
        "nowhere.txt",
    ),
]
RUNNING = [
    Case("--workers 0", lambda _: runner.require_workers(0), ValueError, ("--workers", "got 0")),
    Case("Dask is not there", hidden, ValueError, ("needs distributed", "lagrange[dask]")),
    Case("study interrupted", interrupted, SystemExit, ("130 ", "the same command goes on", "out")),
    Case("another study in the folder", another, SystemExit, ("study 't'", "'s'", "another --out")),
    Case(
        "report of another folder",
        lambda p: command(p, "report", "docs"),
        SystemExit,
        ("docs is no folder of a study", "study.toml"),
    ),
    Case("report of what was not run", unfinished, SystemExit, ("1 ", "not run: assignment")),
    Case(
        "checkpoints every -1 s",
        lambda p: Keeper(p.folder / "c", "k", every=-1.0),
        ValueError,
        ("must be ≥ 0", "got -1.0"),
    ),
]
CASES = [*READING, *CHECKING, *RUNNING]
