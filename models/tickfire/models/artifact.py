"""Artifacts: what training leaves and everything else loads. Arrays in an npz, a manifest in JSON.

``<name>.npz`` holds arrays only and is never unpickled. ``<name>.json`` beside it says what they
are, what they were made from, how good they are, and holds golden vectors: inputs with the outputs
that a right reader gives. A file that is not whole, not ours or not what its manifest says is
refused with one `ArtifactError`.

::

    UserError
    └── ArtifactError    an artifact cannot be used; the text says which and why
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tickfire.base.errors import UserError

__all__ = ["SCHEMA", "SHIPPED", "Arrays", "Artifact", "ArtifactError", "load", "save"]

type Arrays = Mapping[str, NDArray[Any]]

SCHEMA: Final = 1
"""Version of the manifest."""
SHIPPED: Final = Path(__file__).with_name("artifacts")
"""The folder of artifacts that come with the package."""
MAX_NPZ_BYTES: Final = 64 << 20
MAX_ARRAY_BYTES: Final = 256 << 20
"""Of all arrays of one artifact, unpacked."""
_KINDS: Final = "biuf"


class ArtifactError(UserError):
    """An artifact cannot be used."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A model as data.

    Attributes
    ----------
    name, kind : str
        The files' stem, and which reader it is for (``"sentiment"``).
    version : int
        Of the kind's own layout of arrays.
    arrays : mapping of str to ndarray
        Integers, floats and booleans; read-only once loaded.
    features : tuple of str
        What goes in, in words.
    options : mapping
        What the reader needs beside arrays; JSON.
    data : mapping of str to str
        SHA-256 of each file that it was trained on, by its name.
    versions : mapping of str to str
        Of the programs that made it.
    metrics : mapping of str to float
    golden : tuple of mapping
        ``{"input": ..., "output": ...}``.
    """

    name: str
    kind: str
    version: int
    arrays: Arrays
    features: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    golden: tuple[Mapping[str, Any], ...] = ()


def save(artifact: Artifact, folder: Path) -> Path:
    """Write both files, each in one step, the manifest last; return the manifest's path.

    The same artifact gives the same bytes.

    Raises
    ------
    ValueError
        An array holds objects or text.
    """
    specs = {name: _spec(array) for name, array in artifact.arrays.items()}
    folder.mkdir(parents=True, exist_ok=True)
    packed = _packed(artifact.arrays)
    manifest = _manifest(artifact) | {"arrays": specs, "npz_sha256": _sha256(packed)}
    manifest["manifest_sha256"] = _digest_of(manifest)
    _write(folder / f"{artifact.name}.npz", packed)
    path = folder / f"{artifact.name}.json"
    text = json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    _write(path, f"{text}\n".encode())
    return path


def load(path: Path, kind: str, version: int) -> Artifact:
    """Read an artifact by the path of its manifest and verify all that it says of itself.

    Parameters
    ----------
    path : Path
        ``<name>.json``; the npz is beside it.
    kind, version : str, int
        What the caller can read.

    Raises
    ------
    ArtifactError
        A file is missing, not ours, of another kind or version, or was changed.
    """
    manifest = _read_manifest(path)
    found = manifest.get("kind"), manifest.get("version")
    if found != (kind, version):
        raise _refuse(path, f"it is a {found[0]} of version {found[1]}, not {kind} {version}")
    npz = path.with_suffix(".npz")
    packed = _read(npz)
    if len(packed) > MAX_NPZ_BYTES or _sha256(packed) != manifest.get("npz_sha256"):
        raise _refuse(npz, "it is not the file that its manifest names")
    try:
        arrays = _unpacked(packed, manifest["arrays"])
        return Artifact(
            name=path.stem,
            kind=kind,
            version=version,
            arrays=arrays,
            features=tuple(manifest["features"]),
            options=manifest["options"],
            data=manifest["data"],
            versions=manifest["versions"],
            metrics=manifest["metrics"],
            golden=tuple(manifest["golden"]),
        )
    except (KeyError, TypeError, ValueError, OSError, zipfile.BadZipFile) as error:
        raise _refuse(npz, f"it cannot be read ({error})") from error


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _manifest(artifact: Artifact) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "name": artifact.name,
        "kind": artifact.kind,
        "version": artifact.version,
        "features": list(artifact.features),
        "options": dict(artifact.options),
        "data": dict(artifact.data),
        "versions": dict(artifact.versions),
        "metrics": dict(artifact.metrics),
        "golden": [dict(one) for one in artifact.golden],
    }


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(_read(path))
    except ValueError as error:
        raise _refuse(path, f"it is not JSON ({error})") from error
    if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA:
        raise _refuse(path, f"it is no manifest of schema {SCHEMA}")
    stated = manifest.pop("manifest_sha256", None)
    if stated != _digest_of(manifest):
        raise _refuse(path, "it was changed after it was written")
    if manifest.get("name") != path.stem:
        raise _refuse(path, f"it is the manifest of {manifest.get('name')}")
    return manifest


def _digest_of(manifest: Mapping[str, Any]) -> str:
    text = json.dumps(manifest, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return _sha256(text.encode())


def _spec(array: NDArray[Any]) -> list[Any]:
    if array.dtype.kind not in _KINDS:
        raise ValueError(f"an artifact holds numbers, not {array.dtype}")
    return [array.dtype.str, list(array.shape)]


def _packed(arrays: Arrays) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(arrays):
            member = io.BytesIO()
            np.lib.format.write_array(
                member, np.ascontiguousarray(arrays[name]), allow_pickle=False
            )
            info = zipfile.ZipInfo(f"{name}.npy")  # its date is that of 1980, whenever it is made
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, member.getvalue())
    return out.getvalue()


def _unpacked(packed: bytes, specs: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        if sum(one.file_size for one in archive.infolist()) > MAX_ARRAY_BYTES:
            raise ValueError(f"more than {MAX_ARRAY_BYTES >> 20} MiB")
    with np.load(io.BytesIO(packed), allow_pickle=False) as members:
        arrays = {name: members[name] for name in members.files}
    if {name: _spec(array) for name, array in arrays.items()} != dict(specs):
        raise ValueError("its arrays are not those of the manifest")
    for array in arrays.values():
        array.setflags(write=False)
    return arrays


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _refuse(path, error.strerror or "it cannot be read") from error


def _write(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_bytes(content)
    beside.replace(path)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _refuse(path: Path, why: str) -> ArtifactError:
    return ArtifactError(
        f"the artifact {path} is refused: {why}; make it anew by `tickfire train`."
    )
