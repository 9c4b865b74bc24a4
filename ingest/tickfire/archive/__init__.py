"""The archive: every tick and every other record of the streams, kept as Parquet files.

::

    target      a folder of this machine or of any file system of fsspec
    names       names of files: partition, stream and positions
    tables      the tables: stream entries to Arrow, and their columns
    partition   the rows of a batch by day and symbol, each part a file
    commits     the files that are written, and how far each stream is recorded
    files       the files of an archive, by their names
    epochs      the epochs of feeds, and where each ended; `epoch_log` keeps them

    process     `tickfire record`: one recorder, and others that stand by
    recorder    the recording of all streams
    lane        the streams of one slot, followed and cut into batches
    pending     entries that wait to be written, by `writer`
    naming      the instrument table, by which rows are filed
    pauses      the times at which the target refuses to be written
    compact     the merging of the small files of a past day; `upkeep` decides when
    retention   the removal of files that are too old

    reading     rows of a symbol and a range of time or positions
    in_order    the files that a page of rows needs, a few at a time
    query       `tickfire query`, on the tables of `views`

docs/archive.md describes the files.
"""
