"""Files that the browser and the server share: the shader and the colours.

A wheel holds copies of them, in the folder ``assets`` beside this module. In a checkout they are
read where the client has them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

_PACKAGED: Final = Path(__file__).parent / "assets"
_CLIENT: Final = Path(__file__).parents[3] / "client_js"

SHADER: Final = "shaders/candles.wgsl"
COLORS: Final = "src/chart/colors.json"


def read_asset(name: str) -> str:
    """Return the text of a file, given its path in the folder ``client_js``."""
    packaged = _PACKAGED / Path(name).name
    return (packaged if packaged.exists() else _CLIENT / name).read_text("utf8")
