"""One core."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import UserError
from ..rtl.design import CoreDesign
from .request import Request

__all__ = ["KEY", "axes", "check", "check_chosen", "make", "synapses"]

KEY = ""


def check(options: Mapping[str, Any], others: Sequence[str]) -> None:
    """Raise ``UserError`` for what is of one core only, with an option of ``others``."""
    results = options.get("results")
    if results not in (None, "stall") and any(options.get(key) is not None for key in others):
        raise UserError(f"--results {results}: is of one core; leave it out with --pre and --post and with --presynaptic")


def check_chosen(_options: Mapping[str, Any]) -> None:
    """Nothing more is asked."""


def synapses(_options: Mapping[str, Any]) -> int | None:
    """Return nothing: the user says how many."""
    return None


def axes(_options: Mapping[str, Any], _synapses: int, _shape: Sequence[int]) -> dict[str, int] | None:
    """Return nothing: weights stay in their order."""
    return None


def make(request: Request) -> CoreDesign:
    """Return the core."""
    return CoreDesign(
        name=request.name,
        rule=request.rule,
        config=request.config,
        synapses=request.synapses,
        lanes=request.lanes,
        queued=request.options.get("results") == "queue",
    )
