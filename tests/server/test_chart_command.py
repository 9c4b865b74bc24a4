"""``tickfire chart``: files and markets as pictures, and what is wrong in one sentence."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from tests.support.dbn import daily, trades, write_dbn
from tests.support.publisher import Publisher
from tests.support.publisher import trades as ticks
from tests.support.valkey import Valkey
from tickfire.base.errors import UsageError
from tickfire.server.pictures.command import chart

pytestmark = pytest.mark.timeout(300)  # kernels may have to be compiled

MINUTE_NS = 60_000_000_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A compressed DBN file with trades of two instruments, more of ESU4."""
    records = [trades(90, 1, step=MINUTE_NS), trades(40, 2, step=MINUTE_NS)]
    data = b"".join(each.tobytes() for each in records)
    symbols = daily((0, "ESU4", 1), (0, "NQU4", 2))
    return write_dbn(tmp_path / "day.dbn.zst", data, symbols, frames=1)


def run(*arguments: object) -> str:
    """Run the command; return what it prints."""
    result = CliRunner().invoke(chart, list(map(str, arguments)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_trades_of_a_file_become_a_picture(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    said = run(file, "-o", out, "--width", 400, "--height", 300, "--scale", 2, "--theme", "light")
    assert said == f"{out}: ESU4, 90 bars of 1m\n"
    with Image.open(out) as image:
        assert image.size == (800, 600)
    assert "NQU4, 40 bars" in run(file, "-o", out, "--symbol", "NQU4", "--width", 300)


async def test_a_market_in_redis_becomes_a_picture(
    publisher: Publisher, valkey: Valkey, tmp_path: Path
) -> None:
    publisher.instruments({1: "BTC/USD"})
    publisher.publish(ticks(3_000))
    out = tmp_path / "out.png"
    at = ("--redis-url", valkey.url, "-o", out, "--interval", "1s", "--width", 300)
    assert await asyncio.to_thread(run, "BTC/USD", *at) == f"{out}: BTC/USD, 200 bars of 1s\n"
    with pytest.raises(UsageError, match=r"ZZZ is neither a file nor an instrument .* BTC/USD"):
        await asyncio.to_thread(run, "ZZZ", *at)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.dbn"], "nowhere.dbn does not exist"),
        (["{file}", "--symbol", "ZZZ"], "has no trades of ZZZ; it has ESU4, NQU4"),
        (["{file}", "--indicators", "foo"], "there is no indicator"),
        (["{file}", "--width", "100000"], "width must be a whole number from 200 to 4096"),
        (["{file}", "--bars", "0"], "bars must be a whole number from 1 to 5000"),
        (["{file}", "-o", "{folder}"], "is a folder"),
        (["{file}", "-o", "{folder}/none/out.png"], "there is no folder"),
        (["{text}"], "is not DBN"),
        (["{empty}"], "has no trades"),
        (["ESU4", "--symbol", "NQU4"], "there is no file ESU4"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence_with_exit_code_2(
    file: Path, tmp_path: Path, arguments: Sequence[str], words: str
) -> None:
    text, empty = tmp_path / "text.dbn", tmp_path / "empty.dbn"
    text.write_text("no DBN")
    write_dbn(empty, b"")
    given = [each.format(file=file, folder=tmp_path, text=text, empty=empty) for each in arguments]
    with pytest.raises(UsageError) as caught:
        run(*given)
    assert words in str(caught.value)
    assert caught.value.exit_code == 2
    assert "\n" not in str(caught.value)
