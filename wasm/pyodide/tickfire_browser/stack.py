"""Limit on the depth of calls through C, which the engine's own stack would end otherwise.

A RecursionError ends the user's run; an overflow of the JavaScript engine's stack ends Python.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any, Final

__all__ = ["limit_stack"]

SIZE: Final = 64 * 1024
"""Bytes of WebAssembly's stack for calls. With twice as many, `json.loads`, `repr` of nested values
and cached functions overflow the engine's own stack in Chromium's workers; with these, the standard
library's larger modules are imported and 900 nested calls of a function still run."""


def limit_stack() -> None:
    """Make calls that need more than `SIZE` bytes of the stack raise RecursionError."""
    if sys.platform != "emscripten":
        return
    api: Any = ctypes.pythonapi
    api.PyThreadState_Get.restype = ctypes.c_void_p
    api.emscripten_stack_get_base.restype = ctypes.c_void_p
    protect = api.PyUnstable_ThreadState_SetStackProtection
    protect.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
    protect(api.PyThreadState_Get(), api.emscripten_stack_get_base() - SIZE, SIZE)
