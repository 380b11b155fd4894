"""The manifest: everything parity, synthesis and report need to know about a folder of emitted IP."""

from .load import MANIFEST, Core, load_core

__all__ = ["MANIFEST", "Core", "load_core"]
