"""The verb ``emit``: the core, layer or crossbar that the options describe, checked whole, then written."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from sc_hw_models.registry import get_rule
from sc_hw_models.rule_file import rule_file

from .config import build_config
from .datapath import with_datapath
from .errors import UserError
from .initial import check_initial, read_initial
from .reading import read_toml
from .rtl.crossbar import CrossbarDesign
from .rtl.design import CoreDesign
from .rtl.emit import emit
from .rtl.layer import LayerDesign

__all__ = ["design_of", "emit_command", "summary"]


def emit_command(output: Path, *, generator: str, force: bool, **options: Any) -> str:
    """Write the folder of the design that the options describe (``design_of``) and return a line about it.

    Errors: those of ``design_of`` and ``emit``.
    """
    design = design_of(**options)
    path = emit(design, generator, output, force=force)
    return f"{path}: {summary(design)}, latency {design.spec.latency}, {generator}{design.addition}"


def summary(design: CoreDesign) -> str:
    """Return how many synapses of what on how many lanes a design has."""
    rule, lanes = design.rule.whole or design.rule, f"{design.lanes} lane{'s' if design.lanes > 1 else ''}"
    return f"{design.synapses} synapses of {rule.name}, {lanes}, {design.spec.state_bits} state bits a synapse"


def design_of(
    *, name: str, lanes: int, synapses: int | None, rule: str, preset: str, config: Path | None, settings: Sequence[str],
    initial: Path | None, derived: Path | None, layer: str | None, presynaptic: str | None, neurons: int | None,
    neuron_settings: Sequence[str], pre: int | None, post: int | None, spikes: str, results: str, datapath: str | None,
    clock: float | None, latency: int | None, device: str | None, runtime: Sequence[str], given: Callable[[str], bool],
) -> CoreDesign:  # fmt: skip
    """Return the design that the options describe; ``given`` tells whether the user gave an option.

    Errors: ``UserError`` for options that do not go together and for values that are not allowed.
    """
    _check_together(presynaptic, neurons, neuron_settings, pre, post, spikes)
    if results != "stall" and (presynaptic or pre is not None):
        raise UserError(f"--results {results}: is of one core; leave it out with --pre and --post and with --presynaptic")
    if pre is not None and post is not None:
        for option, value in (("--synapses", synapses), ("--presynaptic", presynaptic)):
            if value is not None:
                raise UserError(
                    f"{option} {value}: does not go with --pre and --post, which are a crossbar; leave out one of the two"
                )
        synapses = pre * post
    if derived:
        for option in ("synapses", "rule", "preset", "config", "initial"):
            if given(option):
                raise UserError(f"--{option}: comes from --from {derived}; leave out one of the two")
        from .derive import read_derived  # with rich, it costs a tenth of the time that this verb takes

        source = read_derived(derived, layer)
        chosen, table, values, synapses = source.rule, source.table, source.initial, source.synapses
        if pre is not None and post is not None:
            values, synapses = source.ordered(("pre", "post"), {"pre": pre, "post": post}), pre * post
        elif presynaptic and neurons and synapses % neurons == 0 and len(source.shape) == 2:
            values = source.ordered(("post", "pre"), {"pre": neurons, "post": synapses // neurons})
    elif layer is not None:
        raise UserError(f"--layer {layer!r}: is a layer of --from FOLDER; give that too")
    elif synapses is None:
        raise UserError("--synapses N is missing; give it, or --pre A and --post B, or --from FOLDER")
    else:
        chosen, table = get_rule(rule), read_toml(config, option="--config") if config else {}
        values = read_initial(initial) if initial else {}
    made = partial(with_datapath, datapath=datapath, clock=clock, latency=latency, device=device)
    chosen = made(chosen, runtime=runtime)
    resolved = build_config(chosen, table, settings, preset=preset)
    if given_file := rule_file(chosen.name):
        from .rule.check import refuse

        refuse(given_file, resolved)
    design: CoreDesign
    if pre is not None and post is not None:
        design = CrossbarDesign.made(name, chosen, resolved, pre=pre, post=post, lanes=lanes, addressed=spikes == "addresses")
    else:
        design = CoreDesign(name=name, rule=chosen, config=resolved, synapses=synapses, lanes=lanes, queued=results == "queue")
    if initial or derived:
        design = replace(design, initial=check_initial(values, design.spec, synapses))
    if presynaptic and neurons is not None:
        front = made(get_rule(presynaptic))
        before = CoreDesign(name=f"{name}_neurons", rule=front, config=build_config(front, {}, neuron_settings), synapses=neurons,
                            lanes=lanes)  # fmt: skip
        design = LayerDesign(**vars(design), presynaptic=before)
    return design


def _check_together(
    presynaptic: str | None, neurons: int | None, neuron_settings: Sequence[str], pre: int | None, post: int | None, spikes: str
) -> None:
    """Raise ``UserError`` for an option without the one it belongs to."""
    if presynaptic and neurons is None:
        raise UserError(f"--presynaptic {presynaptic}: needs --neurons N, the number of presynaptic neurons")
    if not presynaptic and (neurons is not None or neuron_settings):
        raise UserError("--neurons and --neuron-set: are of presynaptic neurons; give --presynaptic RULE too")
    if (pre is None) != (post is None):
        raise UserError("--pre and --post: are the two sides of a crossbar; give both")
    if pre is None and spikes != "bits":
        raise UserError(f"--spikes {spikes}: is of a crossbar; give --pre A and --post B too")
