"""The run folder: written whole, read back with care, verified.

    run.json          what was run, with which settings, versions and seed; how it ended; its claims
    trace.csv         one line a step
    multipliers.npz   those that prove the bound (the last ones where none is proved), by row name
    point.npz         the feasible point, if one was found
    certificate.json, certificate.md   which theorem licenses the run, hypothesis by hypothesis
    network.lgpk      a compressed network, packed (``lagrange.nn.packed.load``)
    and the files of the instance that are needed to verify the run later

Every file is written beside its place and then moved, so that a full disk leaves no half file.
"""

import hashlib
import json
import platform
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any, cast

import numpy as np

from lagrange.certificates import Infeasible, disagreements, prove
from lagrange.certify import certify_run
from lagrange.instances import Instance
from lagrange.runs import Finished, report_of
from lagrange.status import Status
from lagrange.vectors import Vector
from lagrange.whole_files import put, replace_whole

FORMAT = 2


class RunError(ValueError):
    """A folder that is not a run, or cannot be written."""


def default_folder(family: str, instance: Instance) -> Path:
    """runs/FAMILY-INSTANCE, with the first free number behind it."""
    stem = f"{family.replace(':', '.')}-{instance.name}"
    number = 1
    while (folder := Path("runs") / f"{stem}-{number}").exists():
        number += 1
    return folder


def require_free(folder: Path) -> None:
    """Refuse a place where no new run can go; asked before anything is computed."""
    if (folder / "run.json").exists():
        raise RunError(f"{folder} already holds a run; name another folder with --out")
    if folder.exists() and not folder.is_dir():
        raise RunError(f"{folder} is a file, a run needs a folder; name another one with --out")
    held = next(folder.iterdir(), None) if folder.exists() else None
    if held is not None:
        raise RunError(f"{folder} is not empty, it holds {held.name!r}; name another with --out")


def save(run: Finished, folder: Path, *, overwrite: bool = False) -> dict[str, Any]:
    """Writes the run folder and returns the report. What is proved is written before the family
    measures the rest (which may take long), so that nothing already computed can be lost.
    """
    if not overwrite:
        require_free(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in run.instance.archive.items():
            put(folder / name, text)
        solution = run.solution
        replace_whole(folder / "trace.csv", solution.trace.write_csv)
        replace_whole(
            folder / "multipliers.npz", lambda path: _write_npz(path, solution.multipliers)
        )
        complaint = _save_point(run, folder)
        _write_report(run, folder, {})
        _write_certificate(run, folder)
        if complaint is not None:
            raise complaint
        if run.error is not None or run.solution.status is Status.INTERRUPTED:
            return _write_report(run, folder, {})
        try:
            for name, content in _files_of(run.instance, run.point).items():
                put(folder / name, content)
            return _write_report(run, folder, run.instance.measure(solution))
        except KeyboardInterrupt as stop:  # what is saved stays, what was not measured is null
            ended = replace(solution, status=Status.INTERRUPTED)
            _write_report(replace(run, solution=ended), folder, {})
            raise stop
    except OSError as error:
        raise RunError(
            f"cannot write the run folder {folder}: {error}. Its files are whole, but some are missing"
        ) from error


def _save_point(run: Finished, folder: Path) -> RunError | None:
    """Writes the feasible point, if there is one; a point that is no arrays is no reason to lose the
    rest of the run, so the error is returned.
    """
    path, point = folder / "point.npz", run.point
    complaint = None
    if point is not None:
        try:
            replace_whole(path, lambda path: _write_npz(path, point))
        except RunError as error:
            complaint = error
    if point is None or complaint is not None:
        path.unlink(missing_ok=True)  # of an earlier run
    return complaint


def _write_report(run: Finished, folder: Path, measures: Mapping[str, Any]) -> dict[str, Any]:
    report = report_of(run, folder, measures)
    document = {
        "format": FORMAT,
        "family": run.family,
        "options": dict(run.options),
        "rebuild": run.instance.rebuild_for(run.solver_name),
        "sha256": {name: _digest(folder / name) for name in run.instance.archive},
        "instance": run.instance.name,
        "source": run.instance.source,
        "seed": run.options.get("seed", run.instance.rebuild.get("seed")),
        "solver": run.solver_name,
        "settings": repr(run.method.solver),
        "message": run.solution.message,
        "versions": versions(),
        "report": report,
    }
    text = json.dumps(document, indent=2, allow_nan=False) + "\n"
    put(folder / "run.json", text)
    return report


def _write_certificate(run: Finished, folder: Path) -> None:
    certificate = certify_run(run)
    text = json.dumps(certificate.as_json(), indent=2, allow_nan=False) + "\n"
    put(folder / "certificate.json", text)
    put(folder / "certificate.md", certificate.as_markdown())


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def versions() -> dict[str, str]:
    """Of Python and of the installed packages that can change a number."""
    system = " ".join((platform.system(), platform.machine(), *platform.libc_ver())).strip()
    found = {"python": platform.python_version(), "platform": system}
    for name in ("lagrange", "numpy", "scikit-learn", "torch"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _write_npz(path: Path, arrays: Vector) -> None:
    # not np.savez: it cannot take an array that is called "file"
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            numbers = _as_numbers(name, array)
            with archive.open(name + ".npy", "w") as file:
                np.lib.format.write_array(file, numbers, allow_pickle=False)


def _as_numbers(name: str, array: Any) -> Any:
    try:
        numbers = np.asarray(array)
    except ValueError:
        numbers = np.asarray(None)
    if numbers.dtype.kind not in "biuf":
        raise RunError(
            f"{name!r} is no array of numbers and was not saved; the rest of the run was. An "
            "instance whose points are something else needs point_arrays"
        )
    return numbers


@dataclass(frozen=True)
class Saved:
    """A run folder as read back."""

    folder: Path
    document: Mapping[str, Any]
    multipliers: Vector
    point: Mapping[str, Any] | None

    @property
    def report(self) -> Mapping[str, Any]:
        return self.document["report"]

    @property
    def rebuild_options(self) -> dict[str, Any]:
        """Options that give the instance again; files of the archive are those in the folder."""
        return {
            name: str(self.folder / value)
            if isinstance(value, str) and (self.folder / value).is_file()
            else value
            for name, value in self.document["rebuild"].items()
        }


def load(folder: Path) -> Saved:
    """Reads a run folder; RunError says what is missing or broken."""
    if not folder.is_dir():
        raise RunError(f"{folder} is not a run folder: there is no such folder")
    try:
        document = json.loads((folder / "run.json").read_text())
    except FileNotFoundError:
        raise RunError(f"{folder} is not a run folder: it has no run.json") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise RunError(f"{folder / 'run.json'} is broken: {error}") from None
    _check_document(folder / "run.json", document)
    point = folder / "point.npz"
    arrays = _read_npz(point) if point.exists() else None
    return Saved(folder, document, _read_npz(folder / "multipliers.npz"), arrays)


def _check_document(path: Path, document: Any) -> None:
    parts = cast("dict[str, Any]", document) if isinstance(document, dict) else {}
    kinds = {"format": int, "family": str, "rebuild": dict, "sha256": dict, "report": dict}
    lacking = [name for name, kind in kinds.items() if not isinstance(parts.get(name), kind)]
    if lacking:
        raise RunError(f"{path} is not the record of a run: it lacks {', '.join(lacking)}")
    if parts["format"] != FORMAT:
        raise RunError(f"{path} has format {parts['format']}, not {FORMAT}")
    known = [status.name.lower() for status in Status]
    if parts["report"].get("status") not in known:
        raise RunError(
            f"{path}: the status is {parts['report'].get('status')!r}, it must be one of "
            f"{', '.join(known)}"
        )


def _read_npz(path: Path) -> Mapping[str, Any]:
    try:
        # opened here: np.load leaves the file open when it fails
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except Exception as error:  # a damaged archive can fail in any part of its decoding
        raise RunError(f"cannot read {path}: {error}") from None
    for name, array in arrays.items():
        if array.dtype.kind not in "biuf":
            raise RunError(f"{path}: {name!r} holds {array.dtype}, no real numbers")
    return arrays


def changed_files(saved: Saved, instance: Instance) -> list[str]:
    """Files of the archive that are not those the run was made with, or have no fingerprint."""
    digests = saved.document["sha256"]
    return [
        name
        for name in sorted({*instance.archive, *digests})
        if not (saved.folder / name).is_file() or digests.get(name) != _digest(saved.folder / name)
    ]


def verify(saved: Saved, instance: Instance) -> list[str]:
    """What is wrong with the claims of a saved run, in words; empty if all of them are proved."""
    if instance.exact is None:
        return [
            f"nothing: runs of the family {saved.document['family']!r} have no exact recomputation, "
            "their numbers are the solver's own"
        ]
    report = saved.report
    changed = changed_files(saved, instance)
    if changed:
        return [f"{name} is not the file of this run: its SHA-256 differs" for name in changed]
    if report.get("sense") != instance.sense:
        return [f"sense: claimed {report.get('sense')}, the instance has {instance.sense}"]
    try:
        proved = prove(instance.exact, saved.multipliers, saved.point, instance.sense)
    except Infeasible as error:
        return [f"point.npz: {error}"]
    except ValueError as error:
        return [f"multipliers.npz: {error}"]
    return [
        *disagreements(report, proved, instance.exact.fact_names),
        *_wrong_files(saved, instance),
    ]


def _files_of(instance: Instance, point: Vector | None) -> Mapping[str, bytes]:
    return {} if point is None else instance.files(point)


def _wrong_files(saved: Saved, instance: Instance) -> list[str]:
    """Of the files that a finished run leaves: those that do not hold the saved point."""
    if saved.report["status"] in (Status.FAILED.name.lower(), Status.INTERRUPTED.name.lower()):
        return []
    try:
        files = _files_of(instance, saved.point)
    except ValueError as error:
        return [f"point.npz: {error}"]
    return [
        f"{name} is missing or does not hold the saved point"
        for name, content in files.items()
        if not (saved.folder / name).is_file() or (saved.folder / name).read_bytes() != content
    ]
