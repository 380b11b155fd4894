"""One core: nothing stands between cores."""

from ...rtl.design import CoreDesign
from ..engine import Part
from ..moment import Moment, Place, Registers

__all__ = ["blocks", "parts"]


def parts(design: CoreDesign, core: int) -> list[Part]:
    """Return the core itself."""
    return [Part(place=Place(f"core_{core}", f"core_{core}", "", 0), design=design)]


def blocks(_design: CoreDesign, _core: int, _idle: Moment) -> tuple[list[Moment], list[Registers]]:
    """Return nothing."""
    return [], []
