"""Drawings of what callers meet: boxes and arrows with plain words, as SVG and as Mermaid."""
