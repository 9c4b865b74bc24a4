"""Order books, built by kernels from MBO records, or copied from MBP-10 records."""
