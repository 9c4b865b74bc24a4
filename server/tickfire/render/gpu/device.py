"""The device that draws: a GPU, or the software adapter that stands in for one."""

from __future__ import annotations

import wgpu
from wgpu.backends.wgpu_native.extras import set_instance_extras

from tickfire.render.errors import NoAdapter


def open_device() -> wgpu.GPUDevice:
    """Open the device of the best adapter of this machine.

    Raises
    ------
    NoAdapter
        There is none.
    """
    # OpenGL would work, too, but looks for a display, and complains where there is none.
    set_instance_extras(backends=["Vulkan", "Metal", "DX12"])
    try:
        adapter = wgpu.gpu.request_adapter_sync(power_preference="high-performance")
    except RuntimeError:
        raise NoAdapter from None
    device: wgpu.GPUDevice = adapter.request_device_sync()
    return device


def describe(device: wgpu.GPUDevice) -> str:
    """Return the name of a device's adapter."""
    return str(device.adapter.summary)
