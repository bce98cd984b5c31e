"""The command line as a user runs it: in a process of its own, in an empty folder."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
LAGRANGE = (sys.executable, "-W", "error", "-c", "from lagrange.cli import main; main()")


def environment(**more: str) -> Mapping[str, str]:
    """The library of this repository is imported, and one thread is used."""
    path = os.pathsep.join([str(ROOT), *filter(None, [more.pop("PYTHONPATH", "")])])
    return {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "COLUMNS": "80", **more}


def lagrange(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*LAGRANGE, *words],
        cwd=folder,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=60,
    )


# Ctrl-C reaches this program even if the tests were started with SIGINT ignored, as shells do with &
UNIGNORED = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
# a program that creates the file "answering" when a knapsack has answered 300 times
MARKED = """
from pathlib import Path
from lagrange.oracles.knapsack import Knapsack
respond, count = Knapsack.respond, [0]
def counted(self, *question):
    count[0] += 1
    if count[0] == 300:
        Path("answering").touch()
    return respond(self, *question)
Knapsack.respond = counted
"""


def started(folder: Path, *words: str) -> subprocess.Popen[str]:
    """The program, in the middle of a solve: it has answered 300 knapsacks."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"{UNIGNORED}\n{MARKED}\nfrom lagrange.cli import main; main()",
            *words,
        ],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (folder / "answering").exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    return process
