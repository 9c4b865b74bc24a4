"""Artifacts: trained models as files, arrays in an npz and a manifest in JSON.

``<name>.npz`` holds arrays only and is never unpickled. ``<name>.json`` beside it is the manifest:
what the arrays are, the data that they were trained on, the metrics reached, and golden vectors,
which are inputs with the outputs that a correct reader computes. A file that is incomplete, of
another kind, or at odds with its manifest is refused with an `ArtifactError`.

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
"""Version of the manifest's format."""
SHIPPED: Final = Path(__file__).with_name("artifacts")
"""Folder of the artifacts that ship with the package."""
MAX_NPZ_BYTES: Final = 64 << 20
MAX_ARRAY_BYTES: Final = 256 << 20
"""Maximum size of all arrays of one artifact, uncompressed."""
_KINDS: Final = "biuf"


class ArtifactError(UserError):
    """An artifact cannot be used; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A trained model, as data.

    Attributes
    ----------
    name : str
        Stem of the file names.
    kind : str
        Kind of model, such as ``"sentiment"``, which tells the reader that it needs.
    version : int
        Version of the kind's layout of arrays.
    arrays : mapping of str to ndarray
        Integers, floats and booleans; read-only once loaded.
    features : tuple of str
        Descriptions of the inputs.
    options : mapping
        Other parameters of the reader, as JSON values.
    data : mapping of str to str
        SHA-256 of each file of training data, by file name.
    versions : mapping of str to str
        Versions of the programs that trained it.
    metrics : mapping of str to float
        Scores reached in training, by name.
    golden : tuple of mapping
        Golden vectors, each ``{"input": ..., "output": ...}``.
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
    """Write an artifact and return the path of its manifest.

    Each file is replaced atomically, the manifest last. The same artifact gives the same bytes.

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
    """Read an artifact and verify its files against its manifest.

    Parameters
    ----------
    path : Path
        Path of the manifest, ``<name>.json``; the npz lies beside it.
    kind, version : str, int
        Kind and version that the caller can read.

    Raises
    ------
    ArtifactError
        A file is missing, of another kind or version, or was changed.
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
        raise _refuse(path, f"it is not a manifest of schema {SCHEMA}")
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
            info = zipfile.ZipInfo(f"{name}.npy")  # dated 1980, whenever it is written
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, member.getvalue())
    return out.getvalue()


def _unpacked(packed: bytes, specs: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        if sum(one.file_size for one in archive.infolist()) > MAX_ARRAY_BYTES:
            raise ValueError(f"they are larger than {MAX_ARRAY_BYTES >> 20} MiB")
    with np.load(io.BytesIO(packed), allow_pickle=False) as members:
        arrays = {name: members[name] for name in members.files}
    if {name: _spec(array) for name, array in arrays.items()} != dict(specs):
        raise ValueError("its arrays are not those named in the manifest")
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
        f"the artifact {path} is refused: {why}; train it again with `tickfire train`."
    )
