"""Runs as a user makes them: by family name and options, saved, read back, verified."""

from pathlib import Path
from typing import Any

from lagrange import families, run_folder, runs
from lagrange.run_folder import Saved


def executed(family: str, solver: str | None = None, **settings: Any) -> runs.Finished:
    """One run; ``steps`` and ``seconds`` limit it, everything else is an option of the family."""
    limits = {name: settings.pop(name) for name in ("steps", "seconds") if name in settings}
    instance = families.resolve(family)(**settings)
    return runs.execute(family, settings, instance, solver, **limits)


def verdict(folder: Path) -> list[str]:
    """What ``lagrange verify`` finds wrong."""
    saved = run_folder.load(folder)
    return run_folder.verify(saved, rebuilt(saved))


def rebuilt(saved: Saved) -> Any:
    return families.resolve(saved.document["family"])(**saved.rebuild_options)
