"""PNGs hold exactly the pixels that were drawn."""

from __future__ import annotations

import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tickfire.render.picture.png import png_of


@given(st.integers(1, 40), st.integers(1, 40), st.integers(3, 4), st.integers(0, 2**32 - 1))
def test_a_png_reads_back_as_its_pixels(height: int, width: int, channels: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)
    with Image.open(io.BytesIO(png_of(Image.fromarray(pixels)))) as image:
        assert image.mode == "RGB"
        assert (np.asarray(image) == pixels[..., :3]).all()
