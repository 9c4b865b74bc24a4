"""Replay of transcripts against any server that runs the app.

`python -m tests.conformance.replay [FILE_OR_FOLDER ...] --port 4000 [-j 8] [--only NAME]`

A transcript with recorded alternatives (a race, or another HTTP adapter of Phoenix) passes if any
of them matches. Scenarios that broadcast on shared topics run one by one, before the others.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conformance.scenario import Scenario
from tests.support.phoenix.rawclient import Step

TRANSCRIPTS = Path(__file__).parent / "transcripts"
SHARED_TOPICS = re.compile(rb"broadcast|disconnect_me|publish|presence:")
RACE_TRIES = 3
SCENARIO_TIMEOUT_S = 120.0


@dataclass(frozen=True)
class Verdict:
    """The result of one transcript."""

    name: str
    differences: list[str]

    @property
    def passed(self) -> bool:
        """True if there was no difference."""
        return not self.differences


def load(paths: Iterable[Path], only: Iterable[str] = ()) -> list[dict[str, Any]]:
    """Read transcripts from files and folders."""
    files = [
        file
        for path in paths
        for file in (sorted(path.glob("*.json")) if path.is_dir() else [path])
    ]
    documents = [json.loads(file.read_text("utf8")) for file in files]
    wanted = tuple(only)
    return [
        document
        for document in documents
        if "steps" in document and (not wanted or any(name in document["name"] for name in wanted))
    ]


async def replay(transcript: dict[str, Any], host: str, port: int) -> Verdict:
    """Replay one transcript."""
    first: list[str] | None = None
    for steps in _variants(transcript) * (RACE_TRIES if transcript.get("racy") else 1):
        scenario = Scenario(transcript, steps, host, port)
        try:
            differences = await asyncio.wait_for(scenario.run(), SCENARIO_TIMEOUT_S)
        except TimeoutError:
            differences = ["the scenario took too long"]
        if not differences:
            return Verdict(transcript["name"], [])
        first = first or differences
    return Verdict(transcript["name"], first or [])


def _variants(transcript: dict[str, Any]) -> list[list[Step]]:
    variants = [transcript["steps"], *transcript.get("alternatives", [])]
    if "steps_with_cowboy_adapter" in transcript:
        variants.append(transcript["steps_with_cowboy_adapter"])
    return variants


async def replay_all(
    transcripts: list[dict[str, Any]], host: str, port: int, at_a_time: int = 8
) -> list[Verdict]:
    """Replay many, `at_a_time` where they cannot meet."""
    alone = [each for each in transcripts if at_a_time == 1 or _meets_others(each)]
    together = [each for each in transcripts if each not in alone]
    verdicts = [await replay(each, host, port) for each in alone]
    gate = asyncio.Semaphore(at_a_time)

    async def gated(transcript: dict[str, Any]) -> Verdict:
        async with gate:
            return await replay(transcript, host, port)

    return verdicts + list(await asyncio.gather(*map(gated, together)))


def _meets_others(transcript: dict[str, Any]) -> bool:
    """Return whether it uses topics of other scenarios, or counts presences."""
    return any(
        SHARED_TOPICS.search(
            base64.b64decode(step.get("binary", ""))
            + step.get("text", "").encode()
            + step.get("body", "").encode()
        )
        for step in transcript["steps"]
        if step["op"] in ("send", "http")
    )


def main() -> int:
    """Replay from the command line; 0 if all passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="*", type=Path, default=[TRANSCRIPTS])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=4000)
    parser.add_argument("-j", type=int, default=8, metavar="N", help="scenarios at a time")
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    arguments = parser.parse_args()
    transcripts = load(arguments.paths, arguments.only)
    verdicts = asyncio.run(replay_all(transcripts, arguments.host, arguments.port, arguments.j))
    failed = [verdict for verdict in verdicts if not verdict.passed]
    for verdict in failed:
        sys.stdout.write(f"FAIL {verdict.name}\n")
        sys.stdout.writelines(f"     {each}\n" for each in verdict.differences[:4])
    sys.stdout.write(f"{len(verdicts) - len(failed)} passed, {len(failed)} failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
