"""Drawings of what callers meet: boxes and arrows with plain words, as SVG and as Mermaid."""

from collections.abc import Callable, Mapping
from typing import Final

from ccstate.render.graph.drawing import Drawing
from ccstate.render.graph.mermaid import mermaid
from ccstate.render.graph.svg import svg

FORMATS: Final[Mapping[str, Callable[[Drawing], str]]] = {"svg": svg, "mermaid": mermaid}
"""How a drawing can be written, by the name of the format."""
SUFFIXES: Final[Mapping[str, str]] = {".svg": "svg", ".mmd": "mermaid", ".mermaid": "mermaid"}
"""The formats by the ends of the names of files."""
