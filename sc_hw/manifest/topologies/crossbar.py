"""The manifest of a crossbar."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from ...rtl.crossbar import CrossbarDesign
from ...rtl.design import CoreDesign
from ..schema import Digest, Units, Whole, rule_of

__all__ = ["OLD_SCHEMAS", "SCHEMA", "Shape", "built", "entries", "modules"]

SCHEMA = "sc-hw/crossbar/4"
# Did not say how the datapath is made; events without marks; streams in one order only.
OLD_SCHEMAS = ("sc-hw/crossbar/1", "sc-hw/crossbar/2", "sc-hw/crossbar/3")


class Shape(Whole):
    """Its entries."""

    presynaptic: Units
    postsynaptic: Units
    addressed: bool
    parts: dict[Literal["pre", "post", "synapses"], Digest]


def entries(design: CrossbarDesign) -> dict[str, Any]:
    """Return what it says of its neurons and its sizes."""
    return {
        "presynaptic": design.pre.synapses,
        "postsynaptic": design.post.synapses,
        "addressed": design.addressed,
        "synapses": design.synapses,
        "lanes": design.lanes,
    }


def modules(design: CrossbarDesign) -> dict[str, str]:
    """Return its modules that have a role."""
    return {"core": design.name, "fanout": design.fanout.name}


def built(manifest: Mapping[str, Any], initial: Mapping[str, dict[str, np.ndarray]]) -> CoreDesign:
    """Return the design that follows; ``initial`` is state by part."""
    rule, config = rule_of(manifest)
    return CrossbarDesign.made(
        manifest["name"],
        rule.whole or rule,
        config,
        pre=manifest["presynaptic"],
        post=manifest["postsynaptic"],
        lanes=manifest["lanes"],
        addressed=manifest["addressed"],
        initial=initial.get("synapses", {}),
    )
