"""Every verb as a function: its keywords are the options of the command, None is an option that is not given.

What an option means and its default: ``sc-hw VERB --help``. ``folder`` is a path or what ``emit`` and ``load`` return. Errors
of all: those of ``call``.
"""

from collections.abc import Sequence

from .call import Folder, Settings, Value, call, joined
from .result import Result

__all__ = [
    "accuracy",
    "derive",
    "doctor",
    "estimate",
    "explore",
    "files",
    "fit",
    "mutate",
    "pnr",
    "prove",
    "replay",
    "report",
    "rule_check",
    "rule_new",
    "rules",
    "selftest",
    "sim",
    "synth",
    "train",
    "vectors",
]


def files(
    folder: Folder,
    *,
    rule: Folder | None = None,
) -> Result:
    """List the Verilog of an emitted folder, the top first, by absolute path: a file list for tools that run elsewhere."""
    return call("files", folder=folder, rule=rule)


def train(
    *,
    data: str | None = None,
    standardise: bool = False,
    protocol: str | None = None,
    tasks: int | None = None,
    hidden: str | None = None,
    method: str | None = None,
    strength: float | None = None,
    damping: float | None = None,
    decay: float | None = None,
    memory: int | None = None,
    biases: bool = False,
    optimiser: str | None = None,
    lr: float | None = None,
    batch: int | None = None,
    epochs: int | None = None,
    seed: int | None = None,
    output: Folder,
    resume: bool = False,
    force: bool = False,
    log: str | None = None,
    json: Folder | None = None,
) -> Result:
    """Train a network on one task after another and measure how much each weight matters, ready for sc-hw derive."""
    return call(
        "train",
        data=data,
        standardise=standardise,
        protocol=protocol,
        tasks=tasks,
        hidden=hidden,
        method=method,
        strength=strength,
        damping=damping,
        decay=decay,
        memory=memory,
        biases=biases,
        optimiser=optimiser,
        lr=lr,
        batch=batch,
        epochs=epochs,
        seed=seed,
        output=output,
        resume=resume,
        force=force,
        log=log,
        json=json,
    )


def fit(
    network: Folder,
    *,
    data: str | None = None,
    passes: int | None = None,
    held_out: int | None = None,
    settings: Settings | None = None,
    seed: int | None = None,
    output: Folder,
    resume: bool = False,
    force: bool = False,
    rtl: int | None = None,
    json: Folder | None = None,
) -> Result:
    """Let a network learn in its golden model, a sample at a time, as the chip does; measure it with learning off."""
    return call(
        "fit",
        network=network,
        data=data,
        passes=passes,
        held_out=held_out,
        settings=settings,
        seed=seed,
        output=output,
        resume=resume,
        force=force,
        rtl=rtl,
        json=json,
    )


def derive(
    weights: Folder,
    *,
    importance: Folder,
    output: Folder,
    rule: Folder | None = None,
    consolidation: str | None = None,
    scale: float | None = None,
    axes: str | None = None,
    bias: str | Sequence[str] | None = None,
    settings: Settings | None = None,
    force: bool = False,
    json: Folder | None = None,
) -> Result:
    """Turn a trained network into what learning cores start from: weights, anchors, codes and settings of each layer."""
    return call(
        "derive",
        weights=weights,
        importance=importance,
        output=output,
        rule=rule,
        consolidation=consolidation,
        scale=scale,
        axes=axes,
        bias=bias,
        settings=settings,
        force=force,
        json=json,
    )


def sim(
    folders: Folder | Sequence[Folder],
    *,
    rule: Folder | None = None,
    steps: int | None = None,
    seed: int | None = None,
    waves: bool = False,
    coverage: bool = False,
    stimulus: Folder | None = None,
    allow_system_tasks: bool = False,
    json: Folder | None = None,
) -> Result:
    """Compare every state bit of every synapse with the golden model, timestep by timestep, in Verilator under cocotb."""
    return call(
        "sim",
        folders=folders,
        rule=rule,
        steps=steps,
        seed=seed,
        waves=waves,
        coverage=coverage,
        stimulus=stimulus,
        allow_system_tasks=allow_system_tasks,
        json=json,
    )


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
    json: Folder | None = None,
) -> Result:
    """Count LUT, FF, block RAM and DSP with Yosys, and prove that the state lands in memory."""
    return call("synth", folder=folder, target=target, rule=rule, module=module, json=json)


def pnr(
    folder: Folder,
    target: str | Sequence[str] | None = None,
    *,
    rule: Folder | None = None,
    module: str | None = None,
    seeds: int | None = None,
    json: Folder | None = None,
) -> Result:
    """Place and route with nextpnr: the clock over several seeds, use of the device, critical path, bitstream."""
    return call("pnr", folder=folder, target=target, rule=rule, module=module, seeds=seeds, json=json)


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


def prove(
    folder: Folder,
    *,
    rule: Folder | None = None,
    solver: str | Sequence[str] | None = None,
    timeout: int | None = None,
    part: str | Sequence[str] | None = None,
    json: Folder | None = None,
) -> Result:
    """Prove that the lanes compute the golden model's step and that the engine applies it to every word once."""
    return call("prove", folder=folder, rule=rule, solver=solver, timeout=timeout, part=part, json=json)


def replay(
    folder: Folder,
    counterexample: Folder | None = None,
    *,
    rule: Folder | None = None,
    json: Folder | None = None,
) -> Result:
    """Simulate a counterexample of sc-hw prove on the lane, with a waveform."""
    return call("replay", folder=folder, counterexample=counterexample, rule=rule, json=json)


def selftest(
    folder: Folder,
    *,
    rule: Folder | None = None,
    steps: int | None = None,
    instances: int | None = None,
    seed: int | None = None,
    json: Folder | None = None,
) -> Result:
    """Plant known bugs in a copy of the core and demand that sc-hw sim catches each."""
    return call("selftest", folder=folder, rule=rule, steps=steps, instances=instances, seed=seed, json=json)


def mutate(
    folder: Folder,
    *,
    rule: Folder | None = None,
    count: int | None = None,
    seed: int | None = None,
    solver: str | Sequence[str] | None = None,
    timeout: int | None = None,
    json: Folder | None = None,
) -> Result:
    """Change single bits of the netlist and demand that simulation and proof notice each change that matters."""
    return call("mutate", folder=folder, rule=rule, count=count, seed=seed, solver=solver, timeout=timeout, json=json)


def report(
    folder: Folder,
    *,
    rule: Folder | None = None,
    output: Folder | None = None,
    json: Folder | None = None,
) -> Result:
    """Join the records of every verb into one table and one self-contained HTML page."""
    return call("report", folder=folder, rule=rule, output=output, json=json)


def accuracy(
    folder: Folder | None = None,
    *,
    rule: Folder | None = None,
    preset: str | Sequence[str] | None = None,
    settings: Settings | None = None,
    variant: str | Sequence[str] | None = None,
    seeds: int | None = None,
    markdown: bool = False,
    json: Folder | None = None,
) -> Result:
    """Measure how far the fixed-point model stands from its float reference."""
    return call(
        "accuracy",
        folder=folder,
        rule=rule,
        preset=preset,
        settings=settings,
        variant=variant,
        seeds=seeds,
        markdown=markdown,
        json=json,
    )


def rule_new(
    name: str,
    *,
    output: Folder | None = None,
    force: bool = False,
) -> Result:
    """Write a commented file to begin a rule with; it runs as it stands."""
    return call("rule", "new", name=name, output=output, force=force)


def rule_check(
    file: Folder,
    *,
    device: str | None = None,
) -> Result:
    """Run a rule's file and say what is wrong with it, a line each with file and line, or what its hardware will cost."""
    return call("rule", "check", file=file, device=device)


def rules() -> Result:
    """List the learning rules, their settings and their presets."""
    return call("rules")


def vectors(
    folder: Folder,
    *,
    rule: Folder | None = None,
    output: Folder,
    steps: int | None = None,
    seed: int | None = None,
    force: bool = False,
) -> Result:
    """Write stimulus and expected results as hex files, with a testbench in plain Verilog for any simulator; no Python in it."""
    return call("vectors", folder=folder, rule=rule, output=output, steps=steps, seed=seed, force=force)


def doctor(
    *,
    json: Folder | None = None,
) -> Result:
    """List every tool with its path and version, what is needed, and the command that installs it."""
    return call("doctor", json=json)
