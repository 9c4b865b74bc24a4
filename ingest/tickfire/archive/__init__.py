"""The archive: every tick and every other record of the streams, kept as Parquet files.

::

    target      a folder of this machine or of any file system of fsspec
    names       names of files: partition, stream and positions
    tables      the tables: stream entries to Arrow, and their columns
    commits     which files are written, and how far each stream is recorded
    files       the files of an archive, as their names tell what they hold
    pending     entries that wait to be written
    lane        the streams of one slot, followed and cut into batches
    epochs      the epochs of feeds, and where each ended
    compact     the small files of a past day, merged; `upkeep` says when
    recorder    `tickfire record`
    reading     the other direction: rows of a symbol and a range of time or positions
    in_order    the files that a page of rows needs, a few at a time
    query       `tickfire query`

docs/archive.md describes the files.
"""
