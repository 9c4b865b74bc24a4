"""The pipelines of candles.wgsl, as in ``client_js/src/chart/renderers/gpu-pipelines.ts``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import wgpu

from tickfire.render.scene.price_mapping import RECORD_FLOATS
from tickfire.render.scene.rects import RECT

FORMAT: Final = wgpu.TextureFormat.rgba8unorm
RECORD_BYTES: Final = RECORD_FLOATS * 4


@dataclass(frozen=True, slots=True)
class Pipelines:
    """The pipelines, and the layouts of their bind groups."""

    rect: wgpu.GPURenderPipeline
    volume: wgpu.GPURenderPipeline
    candle: wgpu.GPURenderPipeline
    dash: wgpu.GPURenderPipeline
    lod: wgpu.GPUComputePipeline
    view_layout: wgpu.GPUBindGroupLayout
    lod_layout: wgpu.GPUBindGroupLayout


def create_pipelines(device: wgpu.GPUDevice, code: str) -> Pipelines:
    """Compile candles.wgsl."""
    module = device.create_shader_module(code=code, label="candles.wgsl")
    view_layout = device.create_bind_group_layout(
        entries=[
            {"binding": 0, "visibility": wgpu.ShaderStage.VERTEX, "buffer": {"type": "uniform"}}
        ]
    )
    lod_layout = device.create_bind_group_layout(
        entries=[
            {"binding": at, "visibility": wgpu.ShaderStage.COMPUTE, "buffer": {"type": kind}}
            for at, kind in enumerate(("read-only-storage", "storage", "uniform"), 1)
        ]
    )
    layout = device.create_pipeline_layout(bind_group_layouts=[view_layout])

    def render(entry_point: str, *buffers: dict[str, Any]) -> wgpu.GPURenderPipeline:
        return device.create_render_pipeline(
            layout=layout,
            vertex={"module": module, "entry_point": entry_point, "buffers": list(buffers)},
            fragment={"module": module, "entry_point": "fs", "targets": [{"format": FORMAT}]},
            primitive={"topology": "triangle-list"},
        )

    record = _per_instance(RECORD_BYTES, ("float32x4", 0), ("float32", 16))
    rect = _per_instance(RECT.itemsize, ("float32x4", 0), ("unorm8x4", 16))
    return Pipelines(
        rect=render("vs_rect", rect),
        volume=render("vs_volume", record),
        candle=render("vs_candle", record),
        dash=render("vs_dash"),
        lod=device.create_compute_pipeline(
            layout=device.create_pipeline_layout(bind_group_layouts=[lod_layout]),
            compute={"module": module, "entry_point": "cs_lod"},
        ),
        view_layout=view_layout,
        lod_layout=lod_layout,
    )


def _per_instance(stride: int, *attributes: tuple[str, int]) -> dict[str, Any]:
    return {
        "array_stride": stride,
        "step_mode": "instance",
        "attributes": [
            {"format": kind, "offset": offset, "shader_location": at}
            for at, (kind, offset) in enumerate(attributes)
        ],
    }
