from __future__ import annotations

import os
import tomllib
from collections import defaultdict
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tests.support.cli import assert_one_sentence, run
from tickfire.base.errors import UsageError
from tickfire.server.cli import COMMANDS, FILE_OPTION, tickfire
from tickfire.server.settings.check import defaults_of, problems, strange_variables
from tickfire.server.settings.command import MODES, PROCESSES
from tickfire.server.settings.file import PATH_VARIABLE, SettingsFile, find
from tickfire.server.settings.keys import (
    COMMON,
    WITHOUT_OPTION,
    key_of,
    options_of,
    section_of,
    settings_of,
    variable_of,
)
from tickfire.server.settings.show import lines_of, settings_in_force, template_of
from tickfire.server.worker.arguments import Serving

ON_THE_COMMAND_LINE_ALONE = {
    "serve": {"dev", "insecure"},
    "dev": {"insecure"},
    "ingest": {"reshard"},
}
"""Options that would be dangerous if they were forgotten in a file."""

GOOD = """
redis-url = "redis://me:hunter2@127.0.0.1/0"

[serve]
max-lag = 3
allow-origin = ["https://a.example", "https://b.example"]
secret-key-base = "correct horse"
sessions = "hours.toml"

[ingest]
key = "db-hunter2"
metrics-port = 9101

[news]
feed = "https://me:hunter2@news.example/rss?token=hunter2"
"""


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unset all variables, and undo in the end how a command in this process sets them."""
    names = {variable_of(each) for load in COMMANDS for each in options_of(command(load))}
    for name in {*names, *WITHOUT_OPTION.values(), PATH_VARIABLE}:
        if name is not None:
            monkeypatch.setenv(name, "")  # so that it is undone although the variable is not set
            monkeypatch.delenv(name)


def command(name: str) -> click.Command:
    return COMMANDS[name].load()


def written(folder: Path, text: str) -> SettingsFile:
    path = folder / "tickfire.toml"
    path.write_text(text)
    return SettingsFile.read(path)


def problems_of(file: SettingsFile) -> list[str]:
    return list(problems(COMMANDS, command, file))


# --- names
def test_every_option_of_a_process_is_a_setting() -> None:
    for name in PROCESSES:
        options = {key_of(each) for each in options_of(command(name))}
        alone = ON_THE_COMMAND_LINE_ALONE.get(name, set())
        assert options - settings_of(command(name)).keys() == alone, name


def test_a_variable_has_one_key_everywhere() -> None:
    keys = defaultdict(set)
    for name in COMMANDS:
        for key, option in settings_of(command(name)).items():
            keys[variable_of(option)].add(key)
    keys.pop("FEED")
    assert all(len(found) == 1 for found in keys.values()), keys


def test_a_key_has_one_variable_in_its_section_and_common_keys_one_everywhere() -> None:
    variables = defaultdict(set)
    for name in COMMANDS:
        for key, option in settings_of(command(name)).items():
            variables[section_of(name), key].add(variable_of(option))
            if key in COMMON:
                variables["", key].add(variable_of(option))
    assert all(len(found) == 1 for found in variables.values()), variables
    assert {key for section, key in variables if not section} == COMMON


def test_the_keys_of_settings_without_an_option_are_no_options() -> None:
    for name in COMMANDS:
        assert not settings_of(command(name)).keys() & WITHOUT_OPTION.keys()


# --- values
def test_the_file_sets_defaults_and_its_paths_are_relative_to_it(tmp_path: Path) -> None:
    file = written(tmp_path, GOOD)
    found = defaults_of(command("serve"), "serve", written(tmp_path, GOOD.replace("sessions", "#")))
    assert found["max_lag_s"] == 3
    assert found["origins"] == ("https://a.example", "https://b.example")
    assert found["redis_url"] == "redis://me:hunter2@127.0.0.1/0"
    with pytest.raises(UsageError, match=r"\[serve\] sessions: .*/hours.toml cannot be read"):
        defaults_of(command("serve"), "serve", file)
    assert file.resolved("hours.toml") == str(tmp_path / "hours.toml")


def test_a_command_reads_the_section_of_the_process_that_it_works_for(tmp_path: Path) -> None:
    file = written(tmp_path, '[serve]\nsecret-key-base = "s"\nport = 4711\n')
    assert defaults_of(command("token"), "token", file) == {"secret": "s"}
    assert defaults_of(command("reload"), "reload", file) == {"port": 4711}
    assert defaults_of(command("keys"), "keys", file).keys() == command("keys").commands.keys()  # type: ignore[attr-defined]


def test_flag_wins_over_environment_and_that_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path, "[serve]\nmax-lag = 3\nworkers = 2\nport = 1\n")
    monkeypatch.setenv("TICKFIRE_MAX_LAG", "5")
    monkeypatch.setenv("PORT", "2")
    arguments = ["--port", "3"]
    found = {
        each.key: (each.value, each.origin)
        for each in settings_in_force(command("serve"), "serve", arguments, file)
    }
    assert found["port"] == (3, "flag")
    assert found["max-lag"] == (5.0, "env TICKFIRE_MAX_LAG")
    assert found["workers"] == (2, f"file {file.path} [serve]")
    assert found["host"] == ("127.0.0.1", "default")


def test_a_new_template_of_workers_reads_the_file_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = written(tmp_path, "[serve]\nmax-lag = 3\n")
    monkeypatch.setenv("TICKFIRE_CONFIG", str(file.path))
    assert Serving.parse(["--dev"], "").settings.max_lag_s == 3
    written(tmp_path, "[serve]\nmax-lag = 4\n")
    assert Serving.parse(["--dev"], "").settings.max_lag_s == 4
    assert Serving.parse(["--dev", "--max-lag", "9"], "").settings.max_lag_s == 9


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_no_number_is_nan_or_infinite(name: str) -> None:
    for option in options_of(command(name)):
        if isinstance(option.type, click.types.FloatParamType):
            for value in ("nan", "inf"):
                with pytest.raises(click.BadParameter):
                    option.process_value(click.Context(command(name)), value)


# --- problems
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[serve]\nmax_lag = 3", "[serve] has the unknown key max_lag; perhaps you mean max-lag."),
        ("redis-ur = 'x'", "has the unknown key redis-ur; perhaps you mean redis-url."),
        ("max-lag = 3", "max-lag belongs in a section: [serve]."),
        ("[sreve]\nport = 1", "has the unknown section [sreve]; perhaps you mean serve."),
        ("[keys]\nredis-url = 'x'", "[keys], but that command reads [serve]."),
        ("[serve]\ndev = true", "dev can be given on the command line alone, as --dev."),
        ("[serve]\nport = '1'", "[serve] port must be a whole number, and is text."),
        ("[serve]\nport = true", "[serve] port must be a whole number, and is true or false."),
        ("[serve]\nmax-lag = [1]", "[serve] max-lag must be a number, and is a list."),
        ("[serve]\nkeys = 1", "[serve] keys must be true or false, and is a whole number."),
        ("[serve]\nquota = [1]", "quota must be text in quotes, or a list of such, and is a list."),
        ("[serve]\nhost = 2026-11-28", "host must be text in quotes, and is a date or time."),
        ("[serve]\nport = 70000", "[serve] port: 70000 is not in the range 0<=x<=65535."),
        ("redis-url = 'http://x'", "redis-url: REDIS_URL=http://x is not a Redis URL"),
        ("[serve]\nmax-lag = nan", "[serve] max-lag: nan is not a finite number."),
        ("[record]\nrotate-seconds = inf", "rotate-seconds: inf is not a finite number."),
        ("[serve]\nallow-origin = '*'", "* is no origin such as https://example.com; list each"),
        ("[serve]\njwks-url = 'login'", "--jwks-url must be an address such as https://"),
        ("log = 'loud'", "log: TICKFIRE_LOG=loud is not a log level"),
        ("rules = 1", "rules must be text in quotes, and is a whole number."),
    ],
)
def test_each_problem_is_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    (problem,) = problems_of(written(tmp_path, text))
    assert said in problem
    assert str(tmp_path) in problem


def test_a_variable_that_is_no_setting_is_told() -> None:
    environ = ["TICKFIRE_MAX_LGA", "TICKFIRE_MAX_LAG", "TICKFIRE_CONFIG", "TICKFIRE_LOG", "HOME"]
    (said,) = strange_variables([command("serve")], environ)
    assert said.startswith("the variable TICKFIRE_MAX_LGA is no setting")
    assert "TICKFIRE_MAX_LAG." in said


def test_no_file_is_no_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find(None, {}).path is None
    written(tmp_path, "log = 'info'")
    assert find(None, {}).path == tmp_path / "tickfire.toml"
    assert find("", os.environ).path is None


# --- what is shown
def test_secrets_are_hidden(tmp_path: Path) -> None:
    file = written(tmp_path, GOOD.replace("sessions", "#"))
    lines = [
        line
        for name in PROCESSES
        for line in lines_of(list(settings_in_force(command(name), name, (), file)))
    ]
    text = "\n".join(lines)
    assert "hunter2" not in text
    assert "correct horse" not in text
    assert 'redis-url = "redis://***@127.0.0.1/0"' in text
    assert 'secret-key-base = "***"' in text


def test_a_filled_template_is_valid(tmp_path: Path) -> None:
    lines = []
    for name in PROCESSES:
        lines.append(f"[{name}]")
        template = [line for line in template_of(command(name)) if line.startswith("#")]
        settings = [line[1:] for line in template if not line.startswith("# ")]
        assert {key.split(" = ")[0] for key in settings} == settings_of(command(name)).keys()
        lines += [line for line in settings if not line.endswith(('""', "[]"))]
    text = "\n".join(lines)
    assert len(tomllib.loads(text)) == len(PROCESSES)
    assert problems_of(written(tmp_path, text)) == []


@pytest.mark.parametrize("mode", MODES)
def test_the_options_of_config_stand_before_the_command_or_after_it(
    mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "own.toml"
    path.write_text("[serve]\nmax-lag = 3\n")
    said = set()
    for line in (
        ("--config", str(path), "config", mode, "serve"),
        ("config", f"--config={path}", "serve", mode),
        ("config", "serve", mode, "--config", str(path)),
    ):
        result = CliRunner().invoke(tickfire, line)
        assert result.exit_code == 0, result.output
        said.add(result.output)
    assert len(said) == 1
    others = (each for each in COMMANDS if each != "config")
    options = (option for each in others for option in options_of(command(each)))
    assert not {name for option in options for name in option.opts} & {*MODES, FILE_OPTION}


def test_the_command_line_takes_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, GOOD.replace("sessions", "#"))
    path = str(file.path)
    assert run("--config", path, "config", "--check").returncode == 0
    shown = run("config", "serve", "--port", "1", TICKFIRE_CONFIG=path)
    assert tomllib.loads(shown.stdout)["serve"]["max-lag"] == 3
    assert run("token", "ada", TICKFIRE_CONFIG=path).stdout.startswith("SFMyNTY.")
    written(tmp_path, "[redis]\nprot = 1")
    assert_one_sentence(run("config", "--check", TICKFIRE_CONFIG=path), "1 setting must be", 2)
    assert_one_sentence(run("--config", path, "redis"), "perhaps you mean port", 2)
    assert_one_sentence(run("--config", f"{path}x", "token", "ada"), "cannot be read", 2)
