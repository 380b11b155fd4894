"""The shape of ``manifest.json``: every entry, its type and its bounds; no other entry, and none missing."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from ..rtl.design import MAX_LANES, MAX_SYNAPSES

__all__ = ["CROSSBAR_SCHEMA", "FILE_NAME", "LAYER_SCHEMA", "OLD_SCHEMAS", "SCHEMA", "SHAPES"]

SCHEMA, LAYER_SCHEMA, CROSSBAR_SCHEMA = "sc-hw/manifest/2", "sc-hw/layer/3", "sc-hw/crossbar/2"
# Said what is in front only by its rule, not by its configuration; did not say how the datapath is made.
OLD_SCHEMAS = ("sc-hw/layer/1", "sc-hw/manifest/1", "sc-hw/layer/2", "sc-hw/crossbar/1")

# \Z, because $ also matches before a line's end.
FILE_NAME = r"^[A-Za-z][A-Za-z0-9_]*\.(v|f|csv|toml)\Z"
_Name = Annotated[str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9_]*\Z", max_length=80)]
_Rule = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*(\.(pre|post|synapse))?\Z", max_length=80)]
_Verilog = Annotated[str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9_]*\.v\Z", max_length=80)]
_File = Annotated[str, Meta(pattern=FILE_NAME, max_length=80)]
_Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
_Version = Annotated[str, Meta(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+!_-]*\Z", max_length=64)]
_Text = Annotated[str, Meta(max_length=400)]
_Units = Annotated[int, Meta(ge=1, le=MAX_SYNAPSES)]
_Lanes = Annotated[int, Meta(ge=1, le=MAX_LANES)]
_Count = Annotated[int, Meta(ge=0, le=1 << 40)]
_Signed = Annotated[int, Meta(ge=-(1 << 62), le=1 << 62)]
_Config = Annotated[dict[_Name, _Signed | float | bool | _Text | None], Meta(max_length=100)]


class _Entry(Struct, forbid_unknown_fields=True, kw_only=True):
    pass


class _Port(_Entry):
    name: _Name
    direction: Literal["input", "output"]
    bits: _Count
    signed: bool
    meaning: _Text


class _Field(_Entry):
    name: _Name
    bits: _Count
    signed: bool
    reset: _Signed
    position: _Count
    meaning: _Text


class _Tools(_Entry, rename={"sc_hw": "sc-hw"}):
    sc_hw: _Version
    amaranth: _Version
    jinja2: _Version
    pyosys: _Version


class _ByHand(_Entry, tag_field="kind", tag="hand"):
    pass


class _Compiled(_Entry, tag_field="kind", tag="compiled"):
    target: Annotated[str, Meta(pattern=r"^[a-z0-9-]+\Z", max_length=40)]
    clock_mhz: Annotated[float, Meta(ge=0, le=1000)]
    latency: Annotated[int, Meta(ge=0, le=64)]
    rule_sha256: Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?\Z")]


class _Any(_Entry):
    schema: str
    name: _Name
    top: _Name
    rule: _Rule
    generator: Literal["amaranth", "verilog"]
    datapath: _ByHand | _Compiled
    config: _Config
    synapses: _Units
    lanes: _Lanes
    ports: Annotated[list[_Port], Meta(max_length=400)]
    modules: Annotated[dict[_Name, _Name], Meta(max_length=10)]
    verilog: Annotated[list[_Verilog], Meta(max_length=2 * MAX_LANES)]
    tools: _Tools
    sha256: Annotated[dict[_File, _Digest], Meta(max_length=3 * MAX_LANES)]


class _Core(_Any):
    words_per_lane: _Units
    row_words: Annotated[int, Meta(ge=0, le=MAX_SYNAPSES)]
    queued: bool
    latency: _Count
    pipeline_depth: _Count
    state_bits: _Count
    state_fields: Annotated[list[_Field], Meta(max_length=100)]
    random_bits_per_lane: _Count


class _Layer(_Any):
    presynaptic_rule: _Rule
    presynaptic_config: _Config
    presynaptic: _Units
    postsynaptic: _Units
    parts: dict[Literal["neurons", "synapses"], _Digest]


class _Crossbar(_Any):
    presynaptic: _Units
    postsynaptic: _Units
    addressed: bool
    parts: dict[Literal["pre", "post", "synapses"], _Digest]


SHAPES: dict[str, Any] = {SCHEMA: _Core, LAYER_SCHEMA: _Layer, CROSSBAR_SCHEMA: _Crossbar}
