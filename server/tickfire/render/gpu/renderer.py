"""`Renderer`: draws scenes into memory."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import wgpu
from numpy.typing import NDArray

from tickfire.render.assets import SHADER, read_asset
from tickfire.render.gpu.device import open_device
from tickfire.render.gpu.pipelines import FORMAT, RECORD_BYTES, create_pipelines
from tickfire.render.scene.rects import Rects
from tickfire.render.scene.scene import Scene

QUAD_VERTICES: Final = 6
CANDLE_VERTICES: Final = 2 * QUAD_VERTICES
WORKGROUP: Final = 64
"""Invocations in a workgroup of cs_lod."""

type Pixels = NDArray[np.uint8]
"""uint8[height, width, 4]: red, green, blue and alpha."""


class Renderer:
    """Renderer of scenes on one device.

    Raises
    ------
    NoAdapter
        The machine has no adapter.
    """

    def __init__(self) -> None:
        self.device = open_device()
        self._pipelines = create_pipelines(self.device, read_asset(SHADER))
        self._texture: wgpu.GPUTexture | None = None

    def draw(self, scene: Scene) -> Pixels:
        """Draw a scene; return its pixels, valid until the next call."""
        encoder = self.device.create_command_encoder()
        buckets = self._buckets(encoder, scene)
        target = self._target(scene.width, scene.height)
        self._encode(encoder, scene, buckets, target)
        self.device.queue.submit([encoder.finish()])
        return self._read(target)

    def _encode(
        self,
        encoder: wgpu.GPUCommandEncoder,
        scene: Scene,
        buckets: wgpu.GPUBuffer | None,
        target: wgpu.GPUTexture,
    ) -> None:
        red, green, blue = (channel / 255 for channel in scene.background)
        render = encoder.begin_render_pass(
            color_attachments=[
                {
                    "view": target.create_view(),
                    "load_op": "clear",
                    "store_op": "store",
                    "clear_value": (red, green, blue, 1),
                }
            ]
        )
        pipelines = self._pipelines
        render.set_bind_group(0, self._view_group(scene.view))
        self._draw_rects(render, scene.under)
        if buckets is not None:
            render.set_vertex_buffer(0, buckets, scene.first * RECORD_BYTES)
            for pipeline, vertices in (
                (pipelines.volume, QUAD_VERTICES),
                (pipelines.candle, CANDLE_VERTICES),
            ):
                render.set_pipeline(pipeline)
                render.draw(vertices, scene.last - scene.first)
        if scene.dashes:
            render.set_pipeline(pipelines.dash)
            render.draw(QUAD_VERTICES, scene.dashes)
        self._draw_rects(render, scene.over)
        render.end()

    def _draw_rects(self, render: wgpu.GPURenderPassEncoder, rects: Rects) -> None:
        if len(rects):
            render.set_pipeline(self._pipelines.rect)
            render.set_vertex_buffer(0, self._buffer(rects, wgpu.BufferUsage.VERTEX))
            render.draw(QUAD_VERTICES, len(rects))

    # --- candles
    def _buckets(self, encoder: wgpu.GPUCommandEncoder, scene: Scene) -> wgpu.GPUBuffer | None:
        """Return the buffer with the buckets of a scene; encode the work that computes them."""
        if scene.first >= scene.last:
            return None
        usage = wgpu.BufferUsage.VERTEX | wgpu.BufferUsage.STORAGE
        records = self._buffer(scene.records, usage)
        if scene.per == 1:
            return records
        count = len(scene.records)
        reduced = self.device.create_buffer(size=-(-count // scene.per) * RECORD_BYTES, usage=usage)
        span = np.array([count, scene.per, scene.first, scene.last], np.uint32)
        buffers = (records, reduced, self._buffer(span, wgpu.BufferUsage.UNIFORM))
        compute = encoder.begin_compute_pass()
        compute.set_pipeline(self._pipelines.lod)
        compute.set_bind_group(0, self._group(self._pipelines.lod_layout, 1, *buffers))
        compute.dispatch_workgroups(-(-(scene.last - scene.first) // WORKGROUP))
        compute.end()
        return reduced

    # --- resources
    def _view_group(self, view: NDArray[np.float32]) -> wgpu.GPUBindGroup:
        uniform = self._buffer(view, wgpu.BufferUsage.UNIFORM)
        return self._group(self._pipelines.view_layout, 0, uniform)

    def _group(
        self, layout: wgpu.GPUBindGroupLayout, first: int, *buffers: wgpu.GPUBuffer
    ) -> wgpu.GPUBindGroup:
        entries = [
            {"binding": at, "resource": {"buffer": buffer}}
            for at, buffer in enumerate(buffers, first)
        ]
        return self.device.create_bind_group(layout=layout, entries=entries)

    def _buffer(self, data: NDArray[Any], usage: int) -> wgpu.GPUBuffer:
        return self.device.create_buffer_with_data(data=np.ascontiguousarray(data), usage=usage)

    def _target(self, width: int, height: int) -> wgpu.GPUTexture:
        """Return the texture to draw on, that of the last scene if the size is the same."""
        if self._texture is None or self._texture.size[:2] != (width, height):
            self._texture = self.device.create_texture(
                size=(width, height, 1),
                format=FORMAT,
                usage=wgpu.TextureUsage.RENDER_ATTACHMENT | wgpu.TextureUsage.COPY_SRC,
            )
        return self._texture

    def _read(self, texture: wgpu.GPUTexture) -> Pixels:
        width, height, _ = texture.size
        data = self.device.queue.read_texture(
            {"texture": texture},
            {"bytes_per_row": width * 4, "rows_per_image": height},
            (width, height, 1),
        )
        return np.frombuffer(data, np.uint8).reshape(height, width, 4)
