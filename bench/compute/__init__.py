"""Indicators in the browser: updates in the worker, and kernels beside native and JavaScript."""
