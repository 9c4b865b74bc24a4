"""Build of Python for the browser: Pyodide's core, our wheel, its lock file and a snapshot."""
