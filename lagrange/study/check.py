"""Refuses at the door what no family knows, before anything is run."""

from lagrange import families
from lagrange.study.plan import Cell, Study


def check(study: Study) -> None:
    """Makes one instance of each problem with each solver's options. Raises ValueError with the
    lines of the study file for an unknown family, option or solver, or what one of them refuses.
    """
    seen: list[object] = []
    for cell in study.cells:
        spec = {**cell.spec, "options": {**cell.options, "seed": None}}
        if spec not in seen:
            seen.append(spec)
            try:
                _require_known(cell)
            except (ValueError, OSError) as error:
                raise ValueError(f"{cell.where}: {error}") from error


def _require_known(cell: Cell) -> None:
    types = families.option_types(families.resolve(cell.family))
    if cell.seed is not None and "seed" not in types:
        raise ValueError(f"family {cell.family!r} has no option seed: leave seeds out of [study]")
    families.make(cell.family, cell.options).require(cell.solver, cell.options)
