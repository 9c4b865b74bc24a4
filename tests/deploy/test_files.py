"""The files of deploy/ are valid, by the schemas and linters of those that read them."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from compose_spec.models import ComposeSpecification
from redis import Redis
from redis.exceptions import AuthenticationError, ConnectionError

from tests.support.eventually import wait_until
from tests.support.paths import ROOT
from tests.support.tools import tool
from tickfire.base.ports import free_port
from tickfire.ingest.redis.server import binary
from tickfire.server.cli import COMMANDS
from tickfire.server.rest.openapi import PATHS as REST_PATHS
from tickfire.server.settings.check import problems
from tickfire.server.settings.file import SettingsFile
from tickfire.server.settings.show import settings_in_force

DEPLOY = ROOT / "deploy"
KUBERNETES = "1.34"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
COMMON_UNIT = DEPLOY / "systemd" / "tickfire-.service.d" / "common.conf"
MANIFESTS = [
    (path.name, manifest)
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    if path.name != "kustomization.yaml"
    for manifest in yaml.safe_load_all(path.read_text())
]
PROCESSES = ("ingest", "news", "infer", "record", "serve")


def compose() -> Any:
    return yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())


# --- container
def test_the_container_file_has_no_fault_by_hadolint() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    file = DEPLOY / "container" / "Dockerfile"
    done = subprocess.run([hadolint, file], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_container_is_not_root_and_has_what_it_copies() -> None:
    text = (DEPLOY / "container" / "Dockerfile").read_text()
    assert re.findall(r"^USER (.*)$", text, re.MULTILINE) == ["10001:10001"]
    ignored = (DEPLOY / "container" / "Dockerfile.dockerignore").read_text().splitlines()
    for source in re.findall(r"^COPY (?:--chmod=\S+ )?(?!--from)(\S+) ", text, re.MULTILINE):
        assert f"!{source}" in ignored, source
        assert source.startswith("dist/") or (ROOT / source).is_file(), source


def test_the_entrypoint_begins_with_the_kernels_of_the_image(tmp_path: Path) -> None:
    image, cache = tmp_path / "image", tmp_path / "cache"
    (image / "kernels").mkdir(parents=True)
    (image / "kernels" / "one").write_text("machine code")
    (tmp_path / "tickfire").write_text('#!/bin/sh\necho "$@"\n')
    (tmp_path / "tickfire").chmod(0o755)
    env = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "TICKFIRE_IMAGE_CACHE": str(image),
        "TICKFIRE_CACHE": str(cache),
    }
    for content in ("machine code", "of this machine"):
        said = subprocess.check_output(
            [DEPLOY / "container" / "entrypoint.sh", "serve", "--port", "1"], env=env, text=True
        )
        assert said == "serve --port 1\n"
        assert (cache / "kernels" / "one").read_text() == content
        (cache / "kernels" / "one").write_text("of this machine")


# --- compose
def test_the_compose_file_is_valid() -> None:
    ComposeSpecification.model_validate(compose())


def valkey_scripts() -> dict[str, str]:
    """Return the scripts that start Valkey, as their shells get them."""
    (pod,) = (each for each in workloads() if each["metadata"]["name"] == "valkey")
    (container,) = pod["spec"]["template"]["spec"]["containers"]
    return {
        "compose": compose()["services"]["valkey"]["command"][-1].replace("$$", "$"),
        "kubernetes": container["args"][-1],
    }


@pytest.mark.parametrize("folder", ["compose", "kubernetes"])
def test_valkey_asks_for_a_password_that_its_command_line_does_not_show(
    folder: str, tmp_path: Path
) -> None:
    port = free_port()
    script = valkey_scripts()[folder].replace("/data", str(tmp_path))
    script = script.replace("valkey-server", f"{binary()} --port {port}")
    env = {**os.environ, "REDISCLI_AUTH": "hunter2", "VALKEY_MAXMEMORY": "20mb"}
    process = subprocess.Popen(["sh", "-c", script], env=env, stdout=subprocess.DEVNULL)
    try:
        with Redis(port=port, password="hunter2") as redis:
            wait_until(lambda: answers(redis), "Valkey answers")
            assert redis.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        with Redis(port=port) as redis, pytest.raises(AuthenticationError):
            redis.ping()
        said = subprocess.check_output(["ps", "-wwo", "args=", "-p", str(process.pid)], text=True)
        assert said.startswith(binary()) and "hunter2" not in said
    finally:
        process.terminate()
        process.wait()


def answers(redis: Redis) -> bool:
    try:
        return bool(redis.ping())
    except ConnectionError:
        return False


def test_every_service_is_restricted() -> None:
    for name, service in compose()["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert re.search(r":v?\d|^tickfire:", service["image"]), name


def test_what_compose_mounts_is_there() -> None:
    for name, service in compose()["services"].items():
        for volume in service.get("volumes", ()):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (DEPLOY / "compose" / source).exists(), f"{name}: {source}"


def test_the_example_has_every_variable_that_compose_needs() -> None:
    text = (DEPLOY / "compose" / "compose.yaml").read_text()
    needed = set(re.findall(r"(?<!\$)\$\{(\w+):\?", text))
    example = (DEPLOY / "compose" / ".env.example").read_text()
    assert needed <= set(re.findall(r"^(\w+)=", example, re.MULTILINE))


def test_prometheus_scrapes_the_ports_of_the_compose_file() -> None:
    scraped = (DEPLOY / "compose" / "prometheus.yml").read_text()
    for name, service in compose()["services"].items():
        if "--metrics-port" in service.get("command", ()):
            port = service["command"][-1]
            assert re.search(rf"\b{name}\b.*\b{port}\b", scraped), name


def test_prometheus_finds_no_fault_in_its_settings() -> None:
    promtool = tool("promtool", "prometheus")
    file = str(DEPLOY / "compose" / "prometheus.yml")
    command = [promtool, "check", "config", "--syntax-only", file]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("process", PROCESSES)
def test_its_commands_take_their_options(process: str) -> None:
    services = compose()["services"]
    arguments = services["serve-1" if process == "serve" else process]["command"]
    assert arguments[0] == process
    command = COMMANDS[process].load()
    assert list(settings_in_force(command, process, arguments[1:], SettingsFile()))


@pytest.mark.parametrize("folder", ["compose", "kubernetes"])
def test_their_settings_are_valid(folder: str) -> None:
    file = SettingsFile.read(DEPLOY / folder / "tickfire.toml")
    assert list(problems(COMMANDS, lambda name: COMMANDS[name].load(), file)) == []


# --- Kubernetes
@pytest.mark.parametrize(
    "manifest", [pytest.param(each, id=f"{name}-{each['kind']}") for name, each in MANIFESTS]
)
def test_a_manifest_is_valid(manifest: Any) -> None:
    kubernetes_validate.validate(manifest, KUBERNETES, strict=True)


def workloads() -> list[Any]:
    return [each for _, each in MANIFESTS if each["kind"] in ("Deployment", "StatefulSet")]


def test_pods_meet_the_restricted_standard_and_are_probed() -> None:
    for workload in workloads():
        pod = workload["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["enableServiceLinks"] is False
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert {"startupProbe", "livenessProbe"} <= container.keys()
            assert container["resources"].keys() == {"requests", "limits"}


def test_the_ports_of_probes_are_those_of_the_settings() -> None:
    settings = tomllib.loads((DEPLOY / "kubernetes" / "tickfire.toml").read_text())
    by_name = {each["metadata"]["name"]: each for each in workloads()}
    for name in PROCESSES:
        (container,) = by_name[name]["spec"]["template"]["spec"]["containers"]
        (port,) = container["ports"]
        assert port["containerPort"] == settings[name].get("metrics-port", 4000)
        assert container["livenessProbe"]["httpGet"]["port"] == port["name"]
        assert container["args"] == [name]


def test_a_server_that_stops_has_the_time_for_it() -> None:
    settings = tomllib.loads((DEPLOY / "kubernetes" / "tickfire.toml").read_text())["serve"]
    (pod,) = [each for each in workloads() if each["metadata"]["name"] == "serve"]
    grace_s = pod["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace_s >= settings["drain-delay"] + settings.get("drain-seconds", 5) + 8


def test_every_pod_but_that_of_redis_has_a_disruption_budget() -> None:
    budgets = {
        each["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"]
        for _, each in MANIFESTS
        if each["kind"] == "PodDisruptionBudget"
    }
    assert budgets == set(PROCESSES)


PUBLIC = (
    *("/", "/pipeline", "/pyodide/current.json", "/assets/index-1.js", "/socket/websocket"),
    *("/socket/longpoll", "/openapi.json", "/chart.png", *REST_PATHS),
)
"""Paths of the server that clients need."""


def passes(rule: Any, path: str) -> bool:
    """Return whether a rule of an ingress passes a path on, as Kubernetes defines it."""
    wanted = rule["path"].rstrip("/")
    if rule["pathType"] == "Exact":
        return bool(path == rule["path"])
    return path == wanted or path.startswith(f"{wanted}/")


def test_the_ingress_passes_on_all_that_clients_need_and_nothing_else() -> None:
    (ingress,) = [each for _, each in MANIFESTS if each["kind"] == "Ingress"]
    (rule,) = ingress["spec"]["rules"]
    rules = rule["http"]["paths"]
    for path in PUBLIC:
        assert any(passes(each, path) for each in rules), path
    for each in rules:
        assert any(passes(each, path) for path in PUBLIC), each
    for path in ("/metrics", "/healthz", "/readyz"):
        assert not any(passes(each, path) for each in rules), path


def test_kustomize_lists_every_manifest() -> None:
    listed = yaml.safe_load((DEPLOY / "kubernetes" / "kustomization.yaml").read_text())
    files = {path.name for path in (DEPLOY / "kubernetes").glob("*.yaml")}
    assert set(listed["resources"]) == files - {"kustomization.yaml", "secret.example.yaml"}


# --- systemd
def unit(*paths: Path) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",), interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(paths)
    return parser


def test_there_is_a_unit_for_every_process() -> None:
    assert [path.name for path in UNITS] == sorted(f"tickfire-{name}.service" for name in PROCESSES)
    wanted = unit(DEPLOY / "systemd" / "tickfire.target")["Unit"]["Wants"].split()
    assert sorted(wanted) == [path.name for path in UNITS]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_a_unit_runs_a_command_that_notifies(path: Path) -> None:
    service = unit(COMMON_UNIT, path)["Service"]
    program, name = service["ExecStart"].split()
    assert program == "/opt/tickfire/bin/tickfire"
    assert name in COMMANDS
    assert service["Type"] == "notify"
    assert service["NoNewPrivileges"] == "yes"
    assert service["ProtectSystem"] == "strict"


def test_systemd_finds_no_fault_in_the_units(tmp_path: Path) -> None:
    analyze = tool("systemd-analyze", "systemd")
    shutil.copytree(DEPLOY / "systemd", tmp_path, dirs_exist_ok=True)
    env = {**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"}
    units: list[Path] = [*sorted(tmp_path.glob("*.service")), tmp_path / "tickfire.target"]
    for path in units:
        text = path.read_text().replace("/opt/tickfire/bin/tickfire", "/bin/true")
        path.write_text(text)
    done = subprocess.run(
        [analyze, "verify", "--man=no", *map(str, units)], env=env, capture_output=True, text=True
    )
    faults = [line for line in done.stderr.splitlines() if "tickfire" in line]
    assert (done.returncode, faults) == (0, []), done.stderr


# --- proxies
@pytest.mark.parametrize("name", ["Caddyfile", "Caddyfile.subpath"])
def test_caddy_finds_no_fault(name: str) -> None:
    caddy = tool("caddy", "caddy")
    file = DEPLOY / "caddy" / name
    command = [caddy, "validate", "--adapter", "caddyfile", "--config", str(file)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    formatted = subprocess.run([caddy, "fmt", "--diff", file], capture_output=True, text=True)
    assert formatted.returncode == 0, formatted.stdout
