"""Prove the distribution: sdist, wheel from it, a clean environment, and the house out of that.

Run as ``make dist-check``. Needs the network once, for the locked dependencies.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIVE = "tickfire is live at "
LIVE_TIMEOUT_S = 400.0
OURS = ("PORT", "HOST", "FEED", "REDIS_URL", "DATABENTO_API_KEY", "NEWS_FEEDS", "PYTHONPATH")

IMPORT_ALL = """
import importlib, pathlib, pkgutil, sys, tickfire
names = [m.name for m in pkgutil.walk_packages(tickfire.__path__, "tickfire.")]
for name in names:
    if not name.endswith("__main__"):
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            # What trains models needs the extra `train`, which is not installed here.
            assert error.name.split(".")[0] in ("sklearn", "scipy", "matplotlib"), name
            assert name.startswith("tickfire.models."), name
roots = [pathlib.Path(path) for path in tickfire.__path__]
assert all(str(root).startswith(sys.prefix) for root in roots), roots
packages = {name.split(".")[1] for name in names}
assert packages == {"phoenix", "server", "models", "ingest", "kernels"}, packages
data = [p for root in roots for p in root.rglob("*") if p.is_file() and p.suffix not in
        (".py", ".pyc", ".pyi") and "__pycache__" not in p.parts]
for path in data:
    assert path.read_bytes() or path.name == "py.typed", f"{path} is empty"
shipped = {p.name for p in data}
assert {"index.html", "candles.wgsl", "kernels.wasm", "py.typed", "sentiment.npz",
        "sentiment.json"} <= shipped, shipped
print(f"{len(names)} modules imported, {len(data)} data files read")
"""


def say(text: str) -> None:
    print(f"dist-check: {text}", flush=True)


def run(*command: str | Path, cwd: Path) -> None:
    subprocess.run([str(part) for part in command], cwd=cwd, check=True, env=environment())


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in OURS}


def only(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


def build(work: Path) -> Path:
    """Build the sdist, unpack it elsewhere, build the wheel there; return the wheel."""
    dist = work / "dist"
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", dist, cwd=ROOT)
    with tarfile.open(only(dist, "*.tar.gz")) as archive:
        archive.extractall(work / "source", filter="data")
    source = only(work / "source", "*")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", dist, cwd=source)
    wheel = only(dist, "*.whl")
    say(f"{wheel.name}, {wheel.stat().st_size / 1e6:.1f} MB")
    return wheel


def install(work: Path, wheel: Path) -> Path:
    """Install the wheel with the locked runtime dependencies; return the clean interpreter."""
    run(sys.executable, "-m", "venv", work / "venv", cwd=work)
    python = work / "venv" / "bin" / "python"
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run(*pip, "--require-hashes", "-r", ROOT / "requirements.lock", cwd=work)
    run(*pip, "--no-deps", wheel, cwd=work)
    run(python, "-m", "pip", "check", cwd=work)
    return python


def live_url(house: subprocess.Popen[str]) -> str:
    assert house.stdout is not None
    for line in house.stdout:
        if line.startswith(LIVE):
            return line.removeprefix(LIVE).strip()
    raise SystemExit(f"dist-check: tickfire dev ended with {house.wait()} before it was live")


def fetch(url: str, path: str) -> bytes:
    with urllib.request.urlopen(url + path, timeout=10) as answer:
        body: bytes = answer.read()
        assert answer.status == 200 and body, (path, answer.status)
    say(f"GET /{path}: {answer.status}, {len(body)} bytes")
    return body


def serve(work: Path, python: Path) -> None:
    """Run the installed house and fetch its page."""
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
        python = install(work, build(work))
        run(python, "-c", IMPORT_ALL, cwd=work)
        serve(work, python)
    say("all well")


if __name__ == "__main__":
    main()
