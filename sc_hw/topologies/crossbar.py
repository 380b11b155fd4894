"""A crossbar: every presynaptic neuron to every postsynaptic one."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import UserError
from ..rtl.crossbar import CrossbarDesign
from ..rtl.design import CoreDesign
from .request import Request

__all__ = ["KEY", "axes", "check", "check_chosen", "make", "synapses"]

KEY = "pre"


def check(options: Mapping[str, Any]) -> None:
    """Raise ``UserError`` for an option without the one it belongs to."""
    pre, post, spikes = options.get("pre"), options.get("post"), options.get("spikes")
    if (pre is None) != (post is None):
        raise UserError("--pre and --post: are the two sides of a crossbar; give both")
    if pre is None and spikes not in (None, "bits"):
        raise UserError(f"--spikes {spikes}: is of a crossbar; give --pre A and --post B too")


def check_chosen(options: Mapping[str, Any]) -> None:
    """Raise ``UserError`` for what a crossbar does not take."""
    for name in ("synapses", "presynaptic"):
        if (value := options.get(name)) is not None:
            raise UserError(
                f"--{name} {value}: does not go with --pre and --post, which are a crossbar; leave out one of the two"
            )


def synapses(options: Mapping[str, Any]) -> int | None:
    """Return how many synapses the sides have."""
    return int(options["pre"] * options["post"])


def axes(options: Mapping[str, Any], _synapses: int, _shape: Sequence[int]) -> dict[str, int] | None:
    """Return the order of the weights and the lengths of its axes, outermost first."""
    return {"pre": options["pre"], "post": options["post"]}


def make(request: Request) -> CoreDesign:
    """Return the crossbar."""
    o, lanes = request.options, request.lanes
    addressed = o.get("spikes") == "addresses"
    return CrossbarDesign.made(
        request.name, request.rule, request.config, pre=o["pre"], post=o["post"], lanes=lanes, addressed=addressed
    )
