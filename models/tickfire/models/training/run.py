"""The run of `tickfire train`: train each kind, save artifacts, write reports, check floors."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from tickfire.base.errors import UserError
from tickfire.models.artifact import SHIPPED, Artifact, save
from tickfire.models.registry import trainer
from tickfire.models.training.trainer import Context, Measure, Result

REPORTS: Final = "reports"

type Say = Callable[[str], None]


class FloorMissed(UserError):
    """A measure of a model is below its floor."""


def run(
    kinds: Iterable[str], data: Path, seed: int, out: Path, say: Say, ship: bool = False
) -> None:
    """Train models and write their artifacts and reports.

    Parameters
    ----------
    kinds : iterable of str
        Keys of `TRAINERS`.
    data : Path
        Folder of the training data.
    seed : int
    out : Path
        Folder to write to; it is made if need be.
    say : callable
        Called with each line of progress.
    ship : bool
        True to copy artifacts and model cards into the package too.

    Raises
    ------
    FloorMissed
        A measure is below its floor. Everything was written all the same, but nothing shipped.
    UserError
        A file of the training data is missing or malformed.
    """
    reports = out / REPORTS
    reports.mkdir(parents=True, exist_ok=True)
    context = Context(data, reports, seed, say)
    results: dict[str, Result] = {}
    for kind in kinds:
        result = results[kind] = trainer(kind).train(context)
        _write(kind, result, seed, out, say)
    missed = [
        f"{kind}: {one.name} is {one.value:.4f}, floor {one.floor:g}"
        for kind, result in results.items()
        for one in result.measures
        if not one.reaches(one.floor)
    ]
    if missed:
        raise FloorMissed(f"measures are below their floors: {'; '.join(missed)}.")
    if ship:
        for kind, result in results.items():
            _ship(kind, result, say)


def _write(kind: str, result: Result, seed: int, out: Path, say: Say) -> None:
    for artifact in result.artifacts:
        say(f"{kind}: wrote {save(artifact, out)}")
    path = out / REPORTS / f"{kind}.md"
    path.write_text(_report(kind, result, seed), encoding="utf-8")
    say(f"{kind}: wrote {path}")
    if result.card:
        (out / REPORTS / f"{kind}-card.md").write_text(result.card, encoding="utf-8")
    for one in result.measures:
        say(f"{kind}: {_line(one)}")


def _ship(kind: str, result: Result, say: Say) -> None:
    for artifact in result.artifacts:
        say(f"{kind}: shipped {save(artifact, SHIPPED)}")
    if result.artifacts and result.card:
        (SHIPPED / f"{kind}.md").write_text(result.card, encoding="utf-8")


def _report(kind: str, result: Result, seed: int) -> str:
    rows = "\n".join(
        f"| {one.name} | {one.value:.4f} | {_bound(one.floor)} | {_bound(one.goal)} "
        f"| {_verdict(one)} |"
        for one in result.measures
    )
    data = "\n".join(
        f"- `{name}`: SHA-256 `{digest}`"
        for name, digest in sorted(_hashes(result.artifacts).items())
    )
    head = f"# {kind}\n\nBy `tickfire train --only {kind} --seed {seed}`.\n"
    table = f"| measure | reached | floor | goal | |\n|---|---|---|---|---|\n{rows}\n"
    trained = f"Trained on:\n\n{data}\n" if data else ""
    return "\n".join(part for part in (head, table, trained, result.report) if part)


def _hashes(artifacts: Iterable[Artifact]) -> dict[str, str]:
    return {name: digest for one in artifacts for name, digest in one.data.items()}


def _line(one: Measure) -> str:
    bounds = [
        f"{name} {bound:g}"
        for name, bound in (("floor", one.floor), ("goal", one.goal))
        if bound is not None
    ]
    return f"{one.name} {one.value:.4f}" + (f" ({', '.join(bounds)})" if bounds else "")


def _bound(bound: float | None) -> str:
    return "" if bound is None else f"{bound:g}"


def _verdict(one: Measure) -> str:
    if not one.reaches(one.floor):
        return "**below the floor**"
    if one.goal is None:
        return ""
    return "goal reached" if one.reaches(one.goal) else "floor reached"
