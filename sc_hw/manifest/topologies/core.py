"""The manifest of a core."""

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from msgspec import Meta

from ...rtl.design import MAX_SYNAPSES, CoreDesign
from ..schema import Count, StateField, Units, Whole, rule_of

__all__ = ["OLD_SCHEMAS", "SCHEMA", "Shape", "built", "entries", "modules"]

SCHEMA = "sc-hw/manifest/3"
OLD_SCHEMAS = (
    "sc-hw/manifest/1",
    "sc-hw/manifest/2",
)  # did not say how the datapath is made, nor of others' commands and of marks


class Shape(Whole):
    """Its entries."""

    words_per_lane: Units
    row_words: Annotated[int, Meta(ge=0, le=MAX_SYNAPSES)]
    queued: bool
    shared: bool
    checked: bool
    latency: Count
    pipeline_depth: Count
    state_bits: Count
    state_fields: Annotated[list[StateField], Meta(max_length=100)]
    random_bits_per_lane: Count


def entries(design: CoreDesign) -> dict[str, Any]:
    """Return what it says of its sizes and its state."""
    spec, positions = design.spec, design.spec.positions()
    return {
        "synapses": design.synapses,
        "lanes": design.lanes,
        "words_per_lane": design.words,
        "row_words": design.row_words,
        "queued": design.queued,
        "shared": design.shared,
        "checked": design.checked,
        "latency": spec.latency,
        "pipeline_depth": design.pipeline_depth,
        "state_bits": spec.state_bits,
        "state_fields": [
            {
                "name": f.name,
                "bits": f.bits,
                "signed": f.signed,
                "reset": f.reset,
                "position": positions[f.name],
                "meaning": f.meaning,
            }
            for f in spec.state
        ],
        "random_bits_per_lane": spec.lfsr.bits if spec.lfsr else 0,
    }


def modules(design: CoreDesign) -> dict[str, str]:
    """Return its modules that have a role."""
    return {"core": design.name, "lane": f"{design.name}_lane", "datapath": f"{design.name}_datapath"}


def built(manifest: Mapping[str, Any], initial: Mapping[str, dict[str, np.ndarray]]) -> CoreDesign:
    """Return the design that follows; ``initial`` is state by part."""
    rule, config = rule_of(manifest)
    design = CoreDesign(
        name=manifest["name"],
        rule=rule,
        config=config,
        synapses=manifest["synapses"],
        lanes=manifest["lanes"],
        initial=initial.get("", {}),
        row_words=manifest["row_words"],
        queued=manifest["queued"],
        shared=manifest["shared"],
        checked=manifest["checked"],
    )
    if design.row_words and (design.words % design.row_words or design.rule.whole is None or design.spec.rest is None):
        raise ValueError(f"row_words {design.row_words}: the {design.words} words of a lane of {rule.name} are no such rows")
    return design
