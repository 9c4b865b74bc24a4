"""Prove the distributions: build them, install them in clean environments, and use them there.

Run as ``make dist-check``. Needs the network, for the locked dependencies.

- `tickfire-phoenix` is installed alone: it imports quickly and nothing of its extras, and the first
  example of docs/starlette.md runs and is served.
- `tickfire-client` is installed with it, without numba.
- `tickfire` is installed with both: all modules can be imported, and the page is served.
- Each is removed: the others stay whole.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from websockets.sync.client import connect

from deploy.release.build import build_python
from deploy.release.checks import check_wheels
from deploy.release.distributions import PYTHON, Python
from tickfire.base.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
INSIDE = Path(__file__).with_name("inside")
GUIDE = ROOT / "docs" / "starlette.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LIVE = "tickfire is live at "
LIVE_TIMEOUT_S = 900.0
PATIENCE_S = 90.0
OURS = ("PORT", "HOST", "FEED", "REDIS_URL", "DATABENTO_API_KEY", "NEWS_FEEDS", "PYTHONPATH")


def say(text: str) -> None:
    print(f"dist-check: {text}", flush=True)


def run(*command: str | Path, cwd: Path) -> None:
    subprocess.run([str(part) for part in command], cwd=cwd, check=True, env=environment())


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in OURS}


# --- building
def build(distribution: Python, work: Path) -> Path:
    """Build a distribution, and return its wheel."""
    wheel = build_python(ROOT / distribution.folder, work / "dist")
    say(f"{wheel.name}, {wheel.stat().st_size / 1e6:.1f} MB")
    return wheel


# --- environments
@dataclass(frozen=True)
class Environment:
    """A virtual environment that contains only the distributions installed into it."""

    python: Path

    @classmethod
    def create(cls, folder: Path) -> Environment:
        folder.parent.mkdir(parents=True, exist_ok=True)
        run(sys.executable, "-m", "venv", folder, cwd=folder.parent)
        return cls(folder / "bin" / "python")

    def pip(self, *arguments: str | Path) -> None:
        quiet = ("--quiet", "--disable-pip-version-check")
        run(self.python, "-m", "pip", *arguments, *quiet, cwd=self.python.parent)

    def script(self, name: str, *arguments: str | Path) -> None:
        """Run a script of the folder `inside`."""
        run(self.python, "-I", INSIDE / name, *arguments, cwd=self.python.parent)


def versions(work: Path) -> Path:
    """Write the locked versions as constraints, without hashes, which local wheels have not."""
    constraints = work / "constraints.txt"
    lock = (ROOT / "requirements.lock").read_text()
    constraints.write_text("\n".join(re.findall(r"^([a-z0-9][^\\\n]*?) *\\$", lock, re.MULTILINE)))
    return constraints


def check_library(work: Path, phoenix: Path) -> None:
    """Use tickfire-phoenix alone: without extras, then under uvicorn."""
    alone = Environment.create(work / "alone")
    constraints = versions(work)
    alone.pip("install", "-c", constraints, phoenix)
    alone.script("light.py")
    alone.script("guide.py", GUIDE)
    alone.pip("install", "-c", constraints, f"{phoenix}[uvicorn]")
    check_example(work, alone.python)


def check_example(work: Path, python: Path) -> None:
    """Serve the first example of the guide as the guide says, and join it."""
    port = free_port()
    blocks = re.findall(
        r"^```python\n(.*?)^```$", GUIDE.read_text("utf8"), re.DOTALL | re.MULTILINE
    )
    program = work / "example.py"
    program.write_text("\n".join(blocks[:2]).replace("8000", str(port)))
    with subprocess.Popen([str(python), "-I", str(program)], env=environment()) as example:
        try:
            say(f"the example says {join(port)}")
        finally:
            example.terminate()


def join(port: int) -> object:
    """Join a room as soon as the example serves; return the reply."""
    url = f"ws://127.0.0.1:{port}/socket/websocket?vsn=2.0.0"
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            with connect(url, proxy=None, open_timeout=PATIENCE_S) as connection:
                connection.send(json.dumps(["1", "1", "room:lobby", "phx_join", {"name": "Ann"}]))
                *_, event, payload = json.loads(connection.recv(PATIENCE_S))
                assert event == "phx_reply", event
                assert payload == {"status": "ok", "response": {"room": "lobby"}}, payload
                return payload
        except ConnectionRefusedError:
            assert time.monotonic() < until, "the example does not serve"
            time.sleep(0.1)


def check_client(work: Path, phoenix: Path, client: Path) -> None:
    """Use tickfire-client without the market server."""
    alone = Environment.create(work / "client")
    alone.pip("install", "-c", versions(work), phoenix, client)
    alone.script("client.py")
    alone.script("whole.py", "tickfire-client", "tickfire.client", "tickfire.client.sync")


def install(work: Path, *wheels: Path) -> Environment:
    """Install all wheels with the locked dependencies."""
    every = Environment.create(work / "every")
    every.pip("install", "--require-hashes", "-r", ROOT / "requirements.lock")
    every.pip("install", "--no-deps", *wheels)
    run(every.python, "-m", "pip", "check", cwd=work)
    return every


def check_removal(every: Environment, phoenix: Path, client: Path, tickfire: Path) -> None:
    """Remove each distribution, and check that the others stay whole."""
    every.pip("uninstall", "-y", "tickfire")
    every.script("whole.py", "tickfire-phoenix", "tickfire.phoenix.testing")
    every.script("whole.py", "tickfire-client", "tickfire.client")
    every.pip("install", "--no-deps", tickfire)
    every.pip("uninstall", "-y", "tickfire-client")
    every.script("whole.py", "tickfire-phoenix", "tickfire.phoenix.testing")
    every.pip("install", "--no-deps", client)
    every.pip("uninstall", "-y", "tickfire-phoenix")
    every.script("whole.py", "tickfire", "tickfire.base", "tickfire.store", "tickfire.ingest")
    every.pip("install", "--no-deps", phoenix)


# --- the market server
def live_url(house: subprocess.Popen[str]) -> str:
    assert house.stdout is not None
    for line in house.stdout:
        if line.startswith(LIVE):
            return line.removeprefix(LIVE).strip()
    raise SystemExit(f"dist-check: tickfire dev ended with {house.wait()} before it was live")


def fetch(url: str, path: str) -> bytes:
    with urllib.request.urlopen(url + path, timeout=PATIENCE_S) as answer:
        body: bytes = answer.read()
        assert answer.status == 200 and body, (path, answer.status)
    say(f"GET /{path}: {answer.status}, {len(body)} bytes")
    return body


def serve(work: Path, python: Path) -> None:
    """Run the installed `tickfire dev` and fetch its page."""
    command = [str(python.with_name("tickfire")), "dev"]
    env = {**environment(), "PORT": "0", "TICKFIRE_CACHE": str(work / "cache")}
    began = time.monotonic()
    with subprocess.Popen(command, cwd=work, env=env, stdout=subprocess.PIPE, text=True) as house:
        try:
            signal.signal(signal.SIGALRM, lambda *_: house.terminate())
            signal.setitimer(signal.ITIMER_REAL, LIVE_TIMEOUT_S)
            url = live_url(house)
            signal.setitimer(signal.ITIMER_REAL, 0)
            say(f"live after {time.monotonic() - began:.1f} s")
            fetch(url, "readyz")
            page = fetch(url, "").decode()
            for path in re.findall(r'(?:src|href)="\.?/?([^":]+)"', page):
                fetch(url, path)
        finally:
            house.send_signal(signal.SIGINT)
    assert house.returncode == 0, f"tickfire dev ended with {house.returncode}"


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="tickfire-dist-") as folder:
        work = Path(folder)
        wheels = {each: build(each, work) for each in PYTHON}
        check_wheels(wheels)
        phoenix, client, tickfire = wheels.values()
        check_library(work, phoenix)
        check_client(work, phoenix, client)
        every = install(work, phoenix, client, tickfire)
        every.script("all_modules.py")
        serve(work, every.python)
        check_removal(every, phoenix, client, tickfire)
    say("all well")


if __name__ == "__main__":
    main()
