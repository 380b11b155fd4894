"""Which datapath a rule gets: the one by hand, or one compiled from its step."""

from collections.abc import Sequence

from sc_hw_models.rule import ConfigError, Rule
from sc_hw_models.rule_file import rule_file
from sc_hw_models.runtime import with_runtime

from .errors import UserError

__all__ = ["DATAPATHS", "with_datapath"]

DATAPATHS = ("hand", "compiled")


def with_datapath(
    rule: Rule,
    *,
    datapath: str | None = None,
    clock: float | None = None,
    latency: int | None = None,
    device: str | None = None,
    runtime: Sequence[str] = (),
) -> Rule:
    """Return a rule with the datapath that is asked for, by hand where there is one unless ``compiled`` is.

    ``clock``, ``latency`` and ``device`` are of a compiled one (``compiler.rule.Timing``), as are the settings ``runtime``, which
    with those that the rule marks are inputs of the timestep. Errors: ``UserError`` names the option.
    """
    source = rule_file(rule.name)
    if datapath == "hand" and source:
        raise UserError(f"--datapath hand: nobody wrote one for {source.path}; leave it out, or give --datapath compiled")
    if datapath != "compiled" and not source:
        for option, value in (("clock", clock), ("latency", latency), ("device", device)):
            if value is not None:
                raise UserError(f"--{option} {value}: is of a compiled datapath; give --datapath compiled too")
        for name in runtime:
            raise UserError(f"--runtime {name}: the datapath by hand has it built in; give --datapath compiled too")
        return rule
    from .compiler.rule import DEFAULT_TARGET, Timing, compiled

    for option, given, allowed in (("clock", clock, "1..1000 MHz"), ("latency", latency, "1..64 clocks")):
        if given == 0:  # which Timing takes for not given
            raise UserError(f"--{option} {given:g}: out of range; allowed are {allowed}")
    timing = Timing(target=DEFAULT_TARGET if device is None else device, clock=clock or 0, latency=latency or 0)
    try:
        rule = with_runtime(
            rule, [*rule.config_type.RUNTIME, *(name for name in runtime if name not in rule.config_type.RUNTIME)]
        )
    except ConfigError as error:
        raise UserError(f"--{error}") from error
    return compiled(rule, timing, source.sha256 if source else "")
