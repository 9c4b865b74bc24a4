"""Compiles shaders by wgpu: ``python -m tickfire.render.gpu.check FILE...``.

Exits with 1 after printing the errors of a shader, with its name and lines. A process of its own,
since the compiler may abort on a shader that is not valid.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import wgpu

from tickfire.render.errors import NoAdapter
from tickfire.render.gpu.device import open_device


def main(paths: list[str]) -> int:
    """Compile the shaders; return the exit code."""
    try:
        device = open_device()
    except NoAdapter as error:
        sys.stderr.write(f"{error}\n")
        return 2
    found = [text for path in paths if (text := check(device, Path(path)))]
    sys.stderr.write("".join(f"{text}\n" for text in found))
    return 1 if found else 0


def check(device: wgpu.GPUDevice, path: Path) -> str:
    """Return the errors of a shader, nothing if there are none."""
    sys.stderr.write(f"{path.name}\n")  # if the compiler aborts, the last name is the shader's
    sys.stderr.flush()
    try:
        device.create_shader_module(code=path.read_text("utf8"), label=path.name)
    except wgpu.GPUError as error:
        return re.sub(r"wgsl:(\d+):", rf"{path.name}:\1:", str(error))
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
