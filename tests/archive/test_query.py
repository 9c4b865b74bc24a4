"""`tickfire query`: rows in each form, and errors that say what to do."""

from __future__ import annotations

import io
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner

from tests.support.archived import write_ticks
from tests.support.cli import assert_one_sentence, run
from tests.support.publisher import trades
from tickfire.archive import query as query_module
from tickfire.archive import views
from tickfire.archive.cli import query
from tickfire.archive.compact import compact_day
from tickfire.archive.query import print_query
from tickfire.archive.tables import TICKS
from tickfire.archive.target import Target
from tickfire.base.errors import UserError

DATE = "2023-11-14"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of 200 trades."""
    folder = tmp_path_factory.mktemp("archive")
    ticks = trades(200)
    ticks["ts_event"] += np.arange(200)
    write_ticks(Target(str(folder)), [ticks[:100], ticks[100:]])
    return folder


def printed(capsysbinary: pytest.CaptureFixture[bytes], *given: Any) -> bytes:
    print_query(*given)
    sys.stdout.flush()
    return capsysbinary.readouterr().out


def test_each_form_has_all_rows(
    archive: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)  # only developers have it
    monkeypatch.setattr(query_module, "BATCH_ROWS", 64)
    sql = "SELECT time, price, [size] AS sizes FROM trades ORDER BY position"
    rows = [
        json.loads(line) for line in printed(capsysbinary, str(archive), sql, "json").splitlines()
    ]
    assert len(rows) == 200
    assert rows[1] == {"time": "2023-11-14 00:00:00.100000001", "price": 100.01, "sizes": [2]}
    lines = printed(capsysbinary, str(archive), sql, "csv").decode().splitlines()
    assert lines[0] == '"time","price","sizes"'
    assert lines[2] == '2023-11-14 00:00:00.100000001,100.01,"[2]"'
    assert len(lines) == 201
    stream = printed(capsysbinary, str(archive), sql, "arrow")
    assert pa.ipc.open_stream(io.BytesIO(stream)).read_all().num_rows == 200
    table = printed(capsysbinary, str(archive), "SHOW TABLES").decode()
    assert "trades" in table
    assert "hidden" not in table
    empty = printed(capsysbinary, str(archive), "SELECT id, symbols FROM news", "csv")
    assert empty == b'"id","symbols"\n'


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("", "no SQL statement"),
        ("SELECT 1; SELECT 2", "one SQL statement at a time; there are 2"),
        ("SELEC 1", 'syntax error at or near "SELEC"'),
        ("SELECT * FROM tradez", 'Did you mean "trades"?'),
    ],
)
def test_a_wrong_query_is_refused_with_its_reason(archive: Path, sql: str, named: str) -> None:
    with pytest.raises(UserError) as error:
        print_query(str(archive), sql)
    assert named in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("sql", "json_text", "csv_text"),
    [
        ("SELECT '\\xFF\\x00'::BLOB x", '{"x":"/wA="}', '"/wA="'),
        ("SELECT '1010'::BIT x", '{"x":"BPo="}', '"BPo="'),
        ("SELECT INTERVAL '1 month 2 days 500 ms' x", '{"x":"P1M2DT0.5S"}', '"P1M2DT0.5S"'),
        ("SELECT INTERVAL '-1 second' x", '{"x":"P0M0DT-1S"}', '"P0M0DT-1S"'),
        ("SELECT NULL::INTERVAL x", '{"x":null}', ""),
    ],
)
def test_types_without_a_form_of_their_own_are_text(
    archive: Path,
    capsysbinary: pytest.CaptureFixture[bytes],
    sql: str,
    json_text: str,
    csv_text: str,
) -> None:
    assert printed(capsysbinary, str(archive), sql, "json").decode().splitlines() == [json_text]
    assert printed(capsysbinary, str(archive), sql, "csv").decode().splitlines()[1:] == [csv_text]


def test_objects_have_a_name_for_each_column(archive: Path) -> None:
    with pytest.raises(UserError, match="two columns are called price"):
        print_query(str(archive), "SELECT price, price FROM trades", "json")


def test_files_of_others_in_an_archive_are_no_error(
    archive: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    strewn = tmp_path / "archive"
    shutil.copytree(archive, strewn)
    for folder in [strewn, *(path for path in strewn.rglob("*") if path.is_dir())]:
        (folder / ".DS_Store").write_bytes(b"x")
        (folder / "README").write_bytes(b"x")
    sql = "SELECT count(*) AS ticks, (SELECT count(*) FROM gaps) AS gaps FROM ticks"
    assert json.loads(printed(capsysbinary, str(strewn), sql, "json")) == {"ticks": 200, "gaps": 0}


def test_a_folder_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("")
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(UserError, match="there is no archive in"):
            print_query(str(folder), "SELECT 1")


def test_a_query_ends_at_its_timeout(archive: Path) -> None:
    sql = "SELECT count(*) FROM ticks a, ticks b, ticks c, ticks d, ticks e WHERE a.price < e.price"
    with pytest.raises(UserError, match=r"the query took more than 0\.2 s"):
        print_query(str(archive), sql, "table", 0.2)


def test_files_that_are_merged_meanwhile_are_no_error(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    target = Target(str(tmp_path))
    write_ticks(target, [trades(50), trades(50)])
    open_views = views.open_views

    def then_merge(target: Target, sql: str) -> duckdb.DuckDBPyConnection:
        connection = open_views(target, sql)
        compact_day(target, TICKS, DATE)
        return connection

    monkeypatch.setattr(query_module, "open_views", then_merge)
    assert printed(capsysbinary, str(tmp_path), "SELECT sum(size) AS n FROM ticks", "csv") == (
        b'"n"\n300\n'
    )


def test_sql_may_come_from_standard_input(archive: Path) -> None:
    given = "SELECT count(*) AS n FROM trades"
    options = ["-", "--archive", str(archive), "--format", "csv"]
    ran = CliRunner().invoke(query, options, input=given, catch_exceptions=False)
    assert ran.output == '"n"\n200\n'
    missing = run("query", "SELECT 1")
    assert_one_sentence(missing, "name the archive with --archive", exit_code=2)
