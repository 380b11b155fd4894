"""The manifest of a layer."""

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from ...rtl.design import CoreDesign
from ...rtl.layer import LayerDesign
from ..schema import Config, Digest, RuleName, Units, Whole, rule_of

__all__ = ["OLD_SCHEMAS", "SCHEMA", "Shape", "built", "entries", "modules"]

SCHEMA = "sc-hw/layer/5"
# What is in front only by its rule; nothing of how the datapath is made; events without marks; streams in one order only.
OLD_SCHEMAS = ("sc-hw/layer/1", "sc-hw/layer/2", "sc-hw/layer/3", "sc-hw/layer/4")


class Shape(Whole):
    """Its entries."""

    presynaptic_rule: RuleName
    presynaptic_config: Config
    presynaptic: Units
    postsynaptic: Units
    parts: dict[Literal["neurons", "synapses"], Digest]


def entries(design: LayerDesign) -> dict[str, Any]:
    """Return what it says of its neurons and its sizes."""
    front = design.presynaptic
    return {
        "presynaptic_rule": front.rule.name,
        "presynaptic_config": dataclasses.asdict(front.config),
        "presynaptic": front.synapses,
        "postsynaptic": design.postsynaptic,
        "synapses": design.synapses,
        "lanes": design.lanes,
    }


def modules(design: LayerDesign) -> dict[str, str]:
    """Return its modules that have a role."""
    return {"core": design.name, "fanout": design.fanout.name}


def built(manifest: Mapping[str, Any], initial: Mapping[str, dict[str, np.ndarray]]) -> CoreDesign:
    """Return the design that follows; ``initial`` is state by part."""
    (rule, config), (front, before) = rule_of(manifest), rule_of(manifest, "presynaptic_")
    name, lanes = manifest["name"], manifest["lanes"]
    neurons = CoreDesign(
        name=f"{name}_neurons",
        rule=front,
        config=before,
        synapses=manifest["presynaptic"],
        lanes=lanes,
        initial=initial.get("neurons", {}),
    )
    return LayerDesign(
        name=name,
        rule=rule,
        config=config,
        synapses=manifest["synapses"],
        lanes=lanes,
        initial=initial.get("synapses", {}),
        presynaptic=neurons,
    )
