"""``lagrange falsify``: search for the smallest counterexample to a claim."""

from pathlib import Path
from typing import Annotated

import typer

from lagrange.falsifier import BUILT_IN, NotFalsified, claim_named
from lagrange.falsifier import falsify as search


def falsify(
    claim: Annotated[
        str | None, typer.Argument(help="A claim by name, or module:name; none lists them all.")
    ] = None,
    rule: Annotated[
        str | None, typer.Option(help="What the claim is put to, as module:name.")
    ] = None,
    seconds: Annotated[float, typer.Option(help="How long to search.")] = 20.0,
    seed: Annotated[int, typer.Option(help="Of the random parts.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="A new file for the script; else it is printed.")
    ] = None,
    list_claims: Annotated[bool, typer.Option("--list", help="List the claims.")] = False,
) -> None:
    """Search for the smallest counterexample to a claim.

    Exit status: 0 if none was found, 1 if there is one, 2 if the search could not be made or finished.

    A rule is a step rule, a solver, a block or a set of your own; the list says which kind it is.
    """
    if claim is None or list_claims:
        _list()
        return
    try:
        require_new(out)
        found = search(claim, rule, seconds=seconds, seed=seed)
    except (ValueError, OSError) as error:  # not 1: that is a counterexample
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from None
    typer.echo(str(found))
    if isinstance(found, NotFalsified):
        return
    if out is None:
        typer.echo(f"\n{found.script}")
    else:
        out.write_text(found.script, encoding="utf-8")
        typer.echo(f"the script is in {out}: python {out}")
    raise typer.Exit(1)


def require_new(out: Path | None) -> None:
    """Refuses to write over a file. Raises ValueError."""
    if out is not None and out.exists():
        raise ValueError(f"{out} exists already: name a new file")


def _list() -> None:
    for name in BUILT_IN:
        claim = claim_named(name)
        typer.echo(f"{name}\n    {claim.statement}\n    --rule: {claim.takes}")
