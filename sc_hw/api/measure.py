"""Verbs as functions: estimate, synthesise, place and route, and explore.

Keywords are the options of the command, None is an option that is not given. What an option means and its default:
``sc-hw VERB --help``. ``folder`` is a path or what ``emit`` and ``load`` return. Errors of all: those of ``call``.
"""

from collections.abc import Sequence

from .call import Folder, Settings, Value, call, joined
from .result import Result

__all__ = ["absorb", "doctor", "estimate", "explore", "pnr", "synth"]


def estimate(
    folder: Folder | None = None,
    *,
    synapses: int | None = None,
    from_: Folder | None = None,
    layer: str | None = None,
    rule: Folder | None = None,
    lanes: int | None = None,
    preset: str | None = None,
    config: Folder | None = None,
    settings: Settings | None = None,
    initial: Folder | None = None,
    presynaptic: str | None = None,
    neurons: int | None = None,
    neuron_settings: Settings | None = None,
    pre: int | None = None,
    post: int | None = None,
    spikes: str | None = None,
    results: str | None = None,
    datapath: str | None = None,
    clock: float | None = None,
    latency: int | None = None,
    runtime: str | Sequence[str] | None = None,
    device: str | None = None,
    target: str | Sequence[str] | None = None,
    module: str | None = None,
    json: Folder | None = None,
    **rule_settings: Value,
) -> Result:
    """Estimate LUT, FF, block RAM and DSP in a moment, before anything is emitted or synthesised."""
    return call(
        "estimate",
        folder=folder,
        synapses=synapses,
        from_=from_,
        layer=layer,
        rule=rule,
        lanes=lanes,
        preset=preset,
        config=config,
        settings=joined(settings, rule_settings),
        initial=initial,
        presynaptic=presynaptic,
        neurons=neurons,
        neuron_settings=neuron_settings,
        pre=pre,
        post=post,
        spikes=spikes,
        results=results,
        datapath=datapath,
        clock=clock,
        latency=latency,
        runtime=runtime,
        device=device,
        target=target,
        module=module,
        json=json,
    )


def synth(
    folder: Folder,
    target: str | Sequence[str] | None = None,
    *,
    rule: Folder | None = None,
    module: str | None = None,
    block: str | None = None,
    json: Folder | None = None,
) -> Result:
    """Count LUT, FF, block RAM and DSP with Yosys, and prove that the state lands in memory."""
    return call("synth", folder=folder, target=target, rule=rule, module=module, block=block, json=json)


def pnr(
    folder: Folder,
    target: str | Sequence[str] | None = None,
    *,
    rule: Folder | None = None,
    module: str | None = None,
    seeds: int | None = None,
    block: str | None = None,
    json: Folder | None = None,
) -> Result:
    """Place and route with nextpnr: the clock over several seeds, use of the device, critical path, bitstream."""
    return call("pnr", folder=folder, target=target, rule=rule, module=module, seeds=seeds, block=block, json=json)


def explore(
    *,
    rule: Folder | None = None,
    vary: str | Sequence[str] | None = None,
    target: str | Sequence[str] | None = None,
    config: Folder | None = None,
    pnr: bool = False,
    seeds: int | None = None,
    stimuli: int | None = None,
    scheduler: str | None = None,
    output: Folder,
    resume: bool = False,
    json: Folder | None = None,
) -> Result:
    """Measure many cores on many devices, in parallel, and find the Pareto front of throughput, cost and learning error."""
    return call(
        "explore",
        rule=rule,
        vary=vary,
        target=target,
        config=config,
        pnr=pnr,
        seeds=seeds,
        stimuli=stimuli,
        scheduler=scheduler,
        output=output,
        resume=resume,
        json=json,
    )


def absorb(
    netlist: Folder,
    output: Folder,
    *,
    json: Folder | None = None,
) -> Result:
    """Move the registers behind block RAM and multipliers of a mapped ECP5 netlist into these blocks: a faster clock.

    ``netlist`` is a file as Yosys's ``write_json`` writes it, ``output`` the one that nextpnr-ecp5 reads.
    """
    return call("absorb", netlist=netlist, output=output, json=json)


def doctor(
    *,
    json: Folder | None = None,
) -> Result:
    """List every tool with its path and version, what is needed, and the command that installs it."""
    return call("doctor", json=json)
