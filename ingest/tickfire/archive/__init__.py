"""The archive: every tick and every other record of the streams, kept as Parquet files.

::

    target      a folder of this machine or of any file system of fsspec
    names       names of files: partition, stream and positions
    tables      the tables: stream entries to Arrow, and their columns
    commits     which files are written, and how far each stream is recorded
    batch       entries that wait to be written
    lane        the streams of one slot, followed and cut into batches
    epochs      the epochs of feeds, and where each ended
    recorder    `tickfire record`
    reading     the other direction: rows of a symbol and a range of time or positions
    query       `tickfire query`

docs/archive.md describes the files.
"""
