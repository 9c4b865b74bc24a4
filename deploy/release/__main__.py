"""``python -m deploy.release``: builds all distributions into a folder, checked.

Run as ``make release``; docs/release.md says how a release is made. With ``--set-version`` it only
writes a version to all of them, as ``make version VERSION=1.2.3`` does.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from deploy.release.build import build_python, pack_npm, run
from deploy.release.checks import check_npm, check_python, check_wheels, only_known
from deploy.release.distributions import (
    CHANGELOG,
    PYTHON,
    ROOT,
    UNRELEASED,
    ReleaseError,
    notes_of,
    npm_version,
    set_version,
    version_of,
)


def main() -> None:
    """Build a release, or set the version."""
    parser = argparse.ArgumentParser(prog="python -m deploy.release", description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=ROOT / "dist" / "release", metavar="FOLDER",
        help="folder for the files; its folders python and npm are made anew (dist/release)",
    )  # fmt: skip
    parser.add_argument(
        "--set-version", metavar="VERSION", help="write a version to all distributions, and end"
    )
    options = parser.parse_args()
    try:
        if options.set_version:
            changed = set_version(options.set_version, datetime.now(UTC).date())
            say(f"version {options.set_version} in {', '.join(map(str, changed))}")
        else:
            release(options.out)
    except ReleaseError as error:
        sys.exit(f"release: {error}")


def say(text: str) -> None:
    """Print a line of progress."""
    print(f"release: {text}", flush=True)


def release(out: Path) -> None:
    """Build everything into a folder, whose folders python and npm are made anew, and check it.

    Raises
    ------
    ReleaseError
    """
    version = version_of()
    say(f"version {version}, into {out}")
    for folder in ("python", "npm"):
        shutil.rmtree(out / folder, ignore_errors=True)
    wheels = {each: build_python(ROOT / each.folder, out / "python") for each in PYTHON}
    tarball = pack_npm(out / "npm")
    files = sorted(path for path in out.rglob("*") if path.is_file())
    for path in files:
        say(f"{path.relative_to(out)}, {path.stat().st_size / 1e6:.2f} MB")
    only_known(out / "python")
    check_wheels(wheels)
    check_python(sorted((out / "python").iterdir()))
    check_npm(tarball, npm_version(version))
    say("twine, publint and attw find no fault; no two wheels have a file in common")
    sums = [f"{_sha256(path)}  {path.relative_to(out)}\n" for path in files]
    (out / "SHA256SUMS").write_text("".join(sums))
    (out / "NOTES.md").write_text(_notes(version) + "\n", "utf8")
    say("NOTES.md and SHA256SUMS are beside them")
    if missing := list(_missing(version)):
        say(f"this is a draft, not to be uploaded: {'; '.join(missing)}")
    else:
        say("ready to upload; docs/release.md says how")


def _notes(version: str) -> str:
    changelog = (ROOT / CHANGELOG).read_text("utf8")
    return notes_of(version, changelog) or notes_of(UNRELEASED, changelog)


def _missing(version: str) -> Iterator[str]:
    """Yield what is missing before the files may be uploaded."""
    if not notes_of(version, (ROOT / CHANGELOG).read_text("utf8")):
        yield f"{CHANGELOG} has no section {version} (make version VERSION=…)"
    if run("git", "status", "--porcelain", cwd=ROOT).strip():
        yield "the working tree has changes that are not committed"
    if f"v{version}" not in run("git", "tag", "--points-at", "HEAD", cwd=ROOT).split():
        yield f"the commit has no tag v{version}"


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
