"""The verb ``emit``: the design that the options describe, checked whole, then written."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from sc_hw_models.registry import get_rule
from sc_hw_models.rule_file import rule_file

from ..bus.folder import bus_files, bus_line, chosen_bus
from ..config import build_config
from ..datapath import with_datapath
from ..errors import UserError, shown
from ..initial import check_initial, read_initial
from ..reading import read_toml
from ..rtl.design import CoreDesign
from ..rtl.emit import emit
from ..topologies import Request, check_options, design_from
from ..topologies import chosen as chosen_topology

__all__ = ["design_of", "emit_command", "summary"]


def emit_command(output: Path, *, generator: str, force: bool, bus: str, bus_streams: str, **options: Any) -> str:
    """Write the folder of the design that the options describe (``design_of``) and return a line about it.

    With a ``bus`` other than none what stands around the design goes into its folder, too.

    Errors: those of ``design_of`` and ``emit``.
    """
    chosen = chosen_bus(bus, bus_streams, options["given"])
    design = design_of(**options)
    text = f"{summary(design)}, latency {design.spec.latency}, {generator}{design.addition}"
    path = emit(
        design,
        generator,
        output,
        force=force,
        around=lambda files: bus_files(design, files, chosen, bus_streams) if chosen else {},
    )
    return f"{shown(path)}: {text}{bus_line(chosen)}"


def summary(design: CoreDesign) -> str:
    """Return how many synapses of what on how many lanes a design has."""
    rule, lanes = design.rule.whole or design.rule, f"{design.lanes} lane{'s' if design.lanes > 1 else ''}"
    return f"{design.synapses} synapses of {rule.name}, {lanes}, {design.spec.state_bits} state bits a synapse"


def design_of(
    *,
    name: str,
    lanes: int,
    synapses: int | None,
    rule: str,
    preset: str,
    config: Path | None,
    settings: Sequence[str],
    initial: Path | None,
    derived: Path | None,
    layer: str | None,
    datapath: str | None,
    clock: float | None,
    latency: int | None,
    device: str | None,
    runtime: Sequence[str],
    given: Callable[[str], bool],
    **shape: Any,
) -> CoreDesign:
    """Return the design that the options describe; ``given`` tells whether the user gave an option.

    ``shape`` are those of topologies, each of which knows its own.
    Errors: ``UserError`` for options that do not go together and for values that are not allowed.
    """
    options = {"synapses": synapses, **shape}
    check_options(options)
    topology = chosen_topology(options)
    following = topology.synapses(options)
    synapses = synapses if following is None else following
    if derived:
        for option in ("synapses", "rule", "preset", "config", "initial"):
            if given(option):
                raise UserError(f"--{option}: comes from --from {derived}; leave out one of the two")
        from ..derive.folder import read_derived  # with rich, it costs a tenth of the time that this verb takes

        source = read_derived(derived, layer)
        found, table, values = source.rule, source.table, source.initial
        synapses = source.synapses if following is None else following
        if axes := topology.axes(options, synapses, source.shape):
            values = source.ordered(tuple(axes), axes)
    elif layer is not None:
        raise UserError(f"--layer {layer!r}: is a layer of --from FOLDER; give that too")
    elif synapses is None:
        raise UserError("--synapses N is missing; give it, or --pre A and --post B, or --from FOLDER")
    else:
        found, table = get_rule(rule), read_toml(config, option="--config") if config else {}
        values = read_initial(initial) if initial else {}
    made = partial(with_datapath, datapath=datapath, clock=clock, latency=latency, device=device)
    found = made(found, runtime=runtime)
    resolved = build_config(found, table, settings, preset=preset)
    if given_file := rule_file(found.name):
        from ..rule.check import refuse

        refuse(given_file, resolved)
    request = Request(
        name=name,
        rule=found,
        config=resolved,
        lanes=lanes,
        synapses=synapses,
        options=options,
        rule_of=lambda other: made(get_rule(other)),
    )
    design = design_from(request)
    if initial or derived:
        design = replace(design, initial=check_initial(values, design.spec, synapses))
    return design
