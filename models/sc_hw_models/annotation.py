"""What a network exchange format says of a learning rule: its settings and all that a synapse keeps."""

from collections.abc import Mapping
from typing import Any

from .errors import shown
from .rule import ConfigError, RuleSpec

__all__ = ["annotation"]


def annotation(schema: str, rule_id: str, settings: Mapping[str, Any], spec: RuleSpec) -> dict[str, Any]:
    """Return a JSON-ready description of a configured rule; ``rule_id`` names the instance.

    Errors: ``ConfigError`` for a ``rule_id`` that is no string or empty.
    """
    if not isinstance(rule_id, str) or not rule_id:
        raise ConfigError(f"rule_id={shown(rule_id)}: allowed are non-empty strings")
    return {
        "schema_version": schema,
        "rule_id": rule_id,
        **settings,
        "state_fields": [{"name": f.name, "bits": f.bits, "signed": f.signed, "reset": f.reset} for f in spec.state],
        "per_synapse_state_bits": spec.state_bits,
        "per_lane_random_bits": spec.lfsr.bits if spec.lfsr else 0,
        "saturation_policy": "clip every stored value to its field; intermediates never wrap",
        "sequence_length_independent": True,
        "hidden_history_fields": [],
    }
