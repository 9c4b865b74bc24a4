"""`Target`: the folder of an archive, on this machine or on any file system of fsspec.

A file appears whole or not at all. On this machine it is written under a temporary name, synced and
renamed. Object stores show an object only once all of it is there. On other file systems it is
written under a temporary name and moved.
"""

from __future__ import annotations

import contextlib
import errno
import os
import posixpath
import time
from collections.abc import Iterator
from typing import Any, Final

import fsspec
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from tickfire.archive.names import COMMITS
from tickfire.base.errors import UsageError, UserError
from tickfire.store.url import redacted

OBJECT_STORES: Final = frozenset(
    {"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "adl", "oci", "oss", "memory"}
)
"""Protocols of fsspec whose writes are atomic."""
TEMPORARY: Final = ".tmp-"
"""Prefix of the name of a file that is being written."""
FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


class TargetError(OSError):
    """Raised for an error of a file system of fsspec that is no `OSError` by itself."""


class Target:
    """The folder of an archive. Its methods raise no other errors than `OSError`.

    Parameters
    ----------
    url : str
        A path, or an address of fsspec such as ``s3://bucket/ticks``; its options come from the
        environment or the configuration of fsspec.

    Attributes
    ----------
    fs : fsspec.AbstractFileSystem
    root : str
        Path of the folder in the file system.
    shown : str
        The address without credentials, for logs and errors.

    Raises
    ------
    UsageError
        The file system is not known, or the package that it needs is not installed.
    """

    def __init__(self, url: str) -> None:
        self.shown = shown(url)
        try:
            self.fs, root = url_to_fs(url)
        except ImportError as error:
            module = getattr(error.__cause__, "name", None) or ""
            command = f": pip install {module}" if module and module in str(error) else ""
            raise UsageError(
                f"the archive {self.shown} cannot be opened: {error}{command}."
            ) from None
        except ValueError as error:
            raise UsageError(f"the archive {self.shown} cannot be opened: {error}.") from None
        self.root = root.rstrip("/")
        self._is_local = isinstance(self.fs, LocalFileSystem)
        self._is_atomic = bool(OBJECT_STORES.intersection(_protocols(self.fs)))

    @property
    def is_local(self) -> bool:
        """True if it is a folder of this machine."""
        return self._is_local

    def path(self, name: str) -> str:
        """Return the path of a file in the file system."""
        return f"{self.root}/{name}"

    def address(self, name: str) -> str:
        """Return the address of a file, by which DuckDB finds the file system."""
        path = self.path(name)
        return path if self._is_local else f"{_protocols(self.fs)[0]}://{path.lstrip('/')}"

    def write(self, name: str, data: Any) -> None:
        """Write a file, which replaces one of the same name; its folders are made.

        Raises
        ------
        OSError
            It cannot be written; nothing of it remains under its name.
        """
        with _os_errors():
            self._write(self.path(name), data)

    def _write(self, path: str, data: Any) -> None:
        folder, own = posixpath.split(path)
        if self._is_atomic:
            self.fs.pipe_file(path, bytes(data))
            return
        self.fs.makedirs(folder, exist_ok=True)
        temporary = f"{folder}/{TEMPORARY}{own}.part"
        try:
            if self._is_local:
                _write_synced(temporary, data)
                os.replace(temporary, path)
                _sync_folder(folder)
            else:
                self.fs.pipe_file(temporary, bytes(data))
                self.fs.mv(temporary, path)
        except BaseException:
            self._discard(temporary)
            raise

    def read(self, name: str) -> bytes:
        """Return the content of a file.

        Raises
        ------
        FileNotFoundError
            There is none.
        """
        with _os_errors():
            content: bytes = self.fs.cat_file(self.path(name))
        return content

    def size(self, name: str) -> int:
        """Return the size of a file in bytes.

        Raises
        ------
        FileNotFoundError
            There is none.
        """
        with _os_errors():
            return int(self.fs.size(self.path(name)))

    def names(self, folder: str) -> list[str]:
        """Return the names of the files and folders in a folder, sorted; none if there is none."""
        path = self.path(folder).rstrip("/")
        try:
            with _os_errors():
                self.fs.invalidate_cache(path)
                found = self.fs.ls(path, detail=False)
        except (FileNotFoundError, NotADirectoryError):
            return []
        own = (posixpath.basename(path.rstrip("/")) for path in found)
        return sorted(name for name in own if name and not name.startswith(TEMPORARY))

    def find(self, folder: str) -> list[str]:
        """Return the names, from the root, of all files below a folder, sorted."""
        with _os_errors():
            self.fs.invalidate_cache()
            found = self.fs.find(self.path(folder))
        begin = len(self.root) + 1
        own = (path[begin:] for path in found)
        return sorted(name for name in own if not posixpath.basename(name).startswith(TEMPORARY))

    def remove(self, name: str) -> None:
        """Remove a file, if it exists, and its folder, if that is empty then."""
        try:
            with _os_errors():
                self.fs.rm_file(self.path(name))
        except FileNotFoundError:
            return
        if self._is_local:
            self._prune(posixpath.dirname(name))

    def sweep(self, folder: str, least_age_s: float = 0.0) -> None:
        """Remove the temporary files that a killed process left in a folder, if they are so old."""
        path = self.path(folder)
        if self._is_local and os.path.isdir(path):
            for own in os.listdir(path):
                if own.startswith(TEMPORARY) and _age_s(f"{path}/{own}") >= least_age_s:
                    self._discard(f"{path}/{own}")

    def check(self) -> None:
        """Check that the folder can be written.

        Raises
        ------
        UserError
            It cannot, for another reason than that it is full.
        """
        name = f"{COMMITS}/{TEMPORARY}check-{os.getpid()}"  # which readers do not see
        try:
            self.write(name, b"")
            with _os_errors():
                self.fs.rm_file(self.path(name))
        except OSError as error:
            if not is_full(error):
                reason = error.strerror or str(error)
                raise UserError(f"the archive {self.shown} cannot be written: {reason}.") from None

    def _discard(self, path: str) -> None:
        with contextlib.suppress(OSError), _os_errors():
            self.fs.rm_file(path)

    def _prune(self, folder: str) -> None:
        """Remove a folder that is empty, and the folders above it, up to the root."""
        while folder:
            try:
                os.rmdir(self.path(folder))
            except OSError:
                return
            folder = posixpath.dirname(folder)


def shown(url: str) -> str:
    """Return the path or address of an archive without credentials.

    >>> shown("sftp://ann:secret@host/ticks"), shown("./a@b")
    ('sftp://***@host/ticks', './a@b')
    """
    return redacted(url) if "://" in url else url


def is_full(error: OSError) -> bool:
    """Return whether an error means that there is no room left."""
    return error.errno in FULL


@contextlib.contextmanager
def _os_errors() -> Iterator[None]:
    """Raise every error of a file system as an `OSError`: those of some are none by themselves."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        raise TargetError(f"{type(error).__name__}: {error}") from error


def _age_s(path: str) -> float:
    """Return the age of a file in seconds, 0 if there is none."""
    try:
        return time.time() - os.stat(path).st_mtime
    except FileNotFoundError:
        return 0.0


def _protocols(fs: fsspec.AbstractFileSystem) -> tuple[str, ...]:
    protocol = fs.protocol
    return (protocol,) if isinstance(protocol, str) else tuple(protocol)


def _write_synced(path: str, data: Any) -> None:
    with open(path, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(path: str) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
