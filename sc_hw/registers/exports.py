"""The description of registers in the forms that others read, each a file beside the Verilog of the bus."""

from .layout import Layout
from .markdown import markdown

__all__ = ["register_files"]


def register_files(layout: Layout, bus: object) -> dict[str, str]:
    """Return the files by name."""
    return {"registers.md": markdown(layout)}
