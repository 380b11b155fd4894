"""What every ``manifest.json`` has, with types and bounds; a topology adds its own, and there is nothing else in it."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from sc_hw_models.registry import get_rule
from sc_hw_models.rule import Rule

from ..config import build_config
from ..rtl.design import MAX_LANES, MAX_SYNAPSES

__all__ = ["FILE_NAME", "Config", "Count", "Digest", "RuleName", "StateField", "Units", "Version", "Whole", "rule_of"]

# \Z, because $ also matches before a line's end.
FILE_NAME = r"^[A-Za-z][A-Za-z0-9_]*\.(v|f|csv|toml|v\.txt)\Z"
_Name = Annotated[str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9_]*\Z", max_length=80)]
RuleName = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*(\.(pre|post|synapse))?\Z", max_length=80)]
_Verilog = Annotated[str, Meta(pattern=r"^[A-Za-z][A-Za-z0-9_]*\.v\Z", max_length=80)]
_File = Annotated[str, Meta(pattern=FILE_NAME, max_length=80)]
Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
Version = Annotated[str, Meta(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+!_-]*\Z", max_length=64)]
_Text = Annotated[str, Meta(max_length=400)]
Units = Annotated[int, Meta(ge=1, le=MAX_SYNAPSES)]
_Lanes = Annotated[int, Meta(ge=1, le=MAX_LANES)]
Count = Annotated[int, Meta(ge=0, le=1 << 40)]
_Signed = Annotated[int, Meta(ge=-(1 << 62), le=1 << 62)]
Config = Annotated[dict[_Name, _Signed | float | bool | _Text | None], Meta(max_length=100)]


class _Entry(Struct, forbid_unknown_fields=True, kw_only=True):
    pass


class _Port(_Entry):
    name: _Name
    direction: Literal["input", "output"]
    bits: Count
    signed: bool
    meaning: _Text


class StateField(_Entry):
    """A field of the state."""

    name: _Name
    bits: Count
    signed: bool
    reset: _Signed
    position: Count
    meaning: _Text


class _Tools(_Entry, rename={"sc_hw": "sc-hw"}):
    sc_hw: Version
    amaranth: Version
    jinja2: Version
    pyosys: Version


class _ByHand(_Entry, tag_field="kind", tag="hand"):
    pass


class _Compiled(_Entry, tag_field="kind", tag="compiled"):
    target: Annotated[str, Meta(pattern=r"^[a-z0-9-]+\Z", max_length=40)]
    clock_mhz: Annotated[float, Meta(ge=0, le=1000)]
    latency: Annotated[int, Meta(ge=0, le=64)]
    rule_sha256: Annotated[str, Meta(pattern=r"^([0-9a-f]{64})?\Z")]
    runtime: Annotated[list[_Name], Meta(max_length=32)]


class Whole(_Entry):
    """The entries of every manifest."""

    schema: str
    name: _Name
    top: _Name
    rule: RuleName
    generator: Literal["amaranth", "verilog"]
    datapath: _ByHand | _Compiled
    config: Config
    synapses: Units
    lanes: _Lanes
    ports: Annotated[list[_Port], Meta(max_length=400)]
    modules: Annotated[dict[_Name, _Name], Meta(max_length=10)]
    verilog: Annotated[list[_Verilog], Meta(max_length=2 * MAX_LANES)]
    tools: _Tools
    sha256: Annotated[dict[_File, Digest], Meta(max_length=3 * MAX_LANES)]


def rule_of(manifest: Mapping[str, Any], prefix: str = "") -> tuple[Rule, Any]:
    """Return the rule that a manifest names and its configuration; those of what it says with the prefix."""
    name, datapath = manifest[f"{prefix}rule"], manifest["datapath"]
    if datapath["kind"] == "hand":
        rule = get_rule(name)
    else:
        from ..compiler.rule import recorded_rule

        # What the record says of settings at run time is of the synapses; a rule in front has those that it marks.
        own = {"runtime": get_rule(name).config_type.RUNTIME} if prefix else {}
        rule = recorded_rule(name, datapath | own)
    return rule, build_config(rule, manifest[f"{prefix}config"])
