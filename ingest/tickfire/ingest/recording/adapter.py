"""`FileAdapter`: the records of a DBN file, as fast as ingest takes them."""

from __future__ import annotations

from pathlib import Path

from tickfire.ingest.adapter.protocol import FeedFinished, Inlet, Resume, Source
from tickfire.ingest.dbn.file import DbnFile, open_dbn
from tickfire.ingest.dbn.metadata import Metadata
from tickfire.store.schema import REPLAY


class FileAdapter:
    """Adapter of a DBN file, compressed or not.

    A session reads the whole file, whatever its start: ingest leaves out what it has already taken,
    so that reading a file a second time, or after a crash, writes nothing twice.

    Parameters
    ----------
    path : Path

    Attributes
    ----------
    name : str
        The dataset of the file, or ``FILE`` if it names none.
    silence_s : None
    """

    silence_s = None

    def __init__(self, path: Path) -> None:
        self._file: DbnFile = open_dbn(path)
        self._path = path
        self.name = self._file.metadata.dataset or "FILE"

    async def connect(self) -> Source:
        """Return the origin of the records; the recording is named after the file."""
        return Source(REPLAY, self._path.name, replays=True)

    async def subscribe(self, resume: Resume) -> Metadata:
        """Return the metadata of the file."""
        return self._file.metadata

    async def run(self, inlet: Inlet) -> None:
        """Put all records into the inlet."""
        for chunk in self._file.chunks():
            await inlet.put(memoryview(chunk))
        raise FeedFinished(f"{self._path} is read to its end")

    async def close(self) -> None:
        """Release nothing: the file is open only while it is read."""
