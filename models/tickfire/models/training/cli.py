"""Command ``tickfire train``."""

from __future__ import annotations

from pathlib import Path

import click

from tickfire.base.errors import UsageError, UserError
from tickfire.base.extras import require_extra


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Folder of the training data (required); docs/models.md says what it holds.",
)
@click.option(
    "--seed", default=42, show_default=True, help="Seed of all random numbers in training."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("var/models"),
    show_default=True,
    help="Folder to write artifacts to; reports go to its subfolder reports.",
)
@click.option(
    "--only", metavar="KIND", multiple=True, help="Kind of model to train; repeat it for several."
)
@click.option(
    "--ship",
    is_flag=True,
    help="Also copy artifacts and model cards into the package, if every floor is reached.",
)
def train(data: Path | None, seed: int, out: Path, only: tuple[str, ...], ship: bool) -> None:
    """Train the models, write reports, and fail if a measure misses its floor."""
    require_extra("train", "training")
    if data is None:
        raise UsageError(
            "training needs data; name its folder with --data (docs/models.md says what it holds)."
        )
    if not data.is_dir():
        raise UserError(f"there is no folder {data}; name the folder of the data with --data.")
    from tickfire.models.registry import TRAINERS
    from tickfire.models.training.run import run

    if unknown := [kind for kind in only if kind not in TRAINERS]:
        raise UsageError(
            f"there is no kind of model {unknown[0]}; choose from {', '.join(TRAINERS)}."
        )
    run(only or tuple(TRAINERS), data, seed, out, lambda text: click.echo(text, err=True), ship)
