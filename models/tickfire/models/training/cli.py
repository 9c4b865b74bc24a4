"""Command ``tickfire train``."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Final

import click

from tickfire.base.errors import UsageError, UserError

NEEDS: Final = ("sklearn", "matplotlib")


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Path("../shared/data"),
    show_default=True,
    help="Folder of the data.",
)
@click.option("--seed", default=42, show_default=True, help="Where all chance comes from.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("var/models"),
    show_default=True,
    help="Folder for artifacts; reports go to its folder reports.",
)
@click.option("--only", metavar="KIND", multiple=True, help="Train this kind; may be given again.")
@click.option(
    "--ship", is_flag=True, help="Also put artifacts and cards into the package, if all is well."
)
def train(data: Path, seed: int, out: Path, only: tuple[str, ...], ship: bool) -> None:
    """Train the models, report, and fail where a floor is missed."""
    if missing := [name for name in NEEDS if importlib.util.find_spec(name) is None]:
        raise UserError(
            f"training needs {' and '.join(missing)}, which are not installed; "
            "install tickfire[train]."
        )
    if not data.is_dir():
        raise UserError(f"there is no folder {data}; name the folder of the data by --data.")
    from tickfire.models.registry import TRAINERS
    from tickfire.models.training.run import run

    if unknown := [kind for kind in only if kind not in TRAINERS]:
        raise UsageError(f"there is no model {unknown[0]}; there is {', '.join(TRAINERS)}.")
    run(only or tuple(TRAINERS), data, seed, out, lambda text: click.echo(text, err=True), ship)
