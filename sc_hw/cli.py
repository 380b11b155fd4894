"""The command line. Exit status: 0 all is well, 1 a check failed, 2 the input cannot be used, 130 interrupted."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from sc_hw_models.registry import RULES, get_rule
from sc_hw_models.rule import ConfigError

from . import __version__
from .errors import UserError
from .records import WAVEFORM, head, results_folder, write_record, write_results, write_text

__all__ = ["app", "main"]

DEFAULT_TARGET = "ice40-hx8k"
FILE = click.Path(path_type=Path)


def _complete(names: Callable[[], list[str]]) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """Return a shell completion over names that are looked up only when asked for."""
    return lambda _context, _parameter, start: [CompletionItem(name) for name in names() if name.startswith(start)]


def _targets() -> list[str]:
    from .targets import list_targets

    return list(list_targets())


def _placeable() -> list[str]:
    from .pnr.place import placeable_targets

    return placeable_targets()


def _axes() -> list[str]:
    from .explore.sweep import AXES

    return [f"{name}=" for name in (*AXES, *dict.fromkeys(key for rule in RULES for key in get_rule(rule).config_type.RANGES))]


def _solvers() -> list[str]:
    from .proof.solver import SOLVERS

    return list(SOLVERS)


_rule = click.option(
    "--rule", default="r_stdp", show_default=True, help="Learning rule.", shell_complete=_complete(lambda: list(RULES))
)
_preset = click.option(
    "--preset",
    default="default",
    show_default=True,
    help="Configuration to start from (see sc-hw rules).",
    shell_complete=_complete(lambda: sorted({preset for name in RULES for preset in get_rule(name).presets})),
)
_settings = click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="One setting of the rule; wins over --config and --preset."
)
_folder = click.argument("folder", metavar="DIR", type=FILE)
_json = click.option("--json", "json_path", type=FILE, metavar="FILE", help="Also write the record to FILE.")
_steps = click.option("--steps", type=click.IntRange(1, 10**9), default=200, show_default=True, metavar="K", help="Timesteps.")
_seed = click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True,
                     help="Seed of everything random; the same seed repeats the run.")  # fmt: skip

_solver = click.option(
    "--solver", "solvers", multiple=True, default=["yices", "bitwuzla"], show_default=True,
    help="yices, z3 or bitwuzla; repeat it, all must agree.", shell_complete=_complete(_solvers),
)  # fmt: skip


def _target(names: Callable[[], list[str]]) -> Callable[[Any], Any]:
    """Return the option that chooses devices among ``names``."""
    return click.option("--target", multiple=True, default=[DEFAULT_TARGET], show_default=True,
                        help="Device; repeat it for several, or all.", shell_complete=_complete(names))  # fmt: skip


_module = click.option("--module", default="core", show_default=True, help="core, or lane for one lane without its memory.")
_timeout = click.option("--timeout", type=click.IntRange(1, 86400), default=60, show_default=True, metavar="S",
                        help="Seconds each solver has for each obligation.")  # fmt: skip


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="sc-hw", message="%(prog)s %(version)s")
def app() -> None:
    """Synthesizable on-chip-learning cores from golden models: emitted, checked bit for bit, measured."""


@app.command()
@click.option("--synapses", "-n", type=int, metavar="N", help="Number of synapses, 1..16777216; needed without --from and --pre.")
@click.option("--output", "-o", type=FILE, required=True, metavar="DIR", help="Folder to write.")
@click.option(
    "--from",
    "derived",
    type=FILE,
    metavar="FOLDER",
    help="What sc-hw derive wrote: rule, settings, synapses and initial state of a layer.",
)
@click.option("--layer", metavar="NAME", help="The layer of --from, if it has several.")
@_rule
@click.option(
    "--generator",
    default="amaranth",
    show_default=True,
    help="amaranth or verilog; both give the same ports.",
    shell_complete=_complete(lambda: ["amaranth", "verilog"]),
)
@click.option("--lanes", type=int, default=1, show_default=True, metavar="P", help="Synapses updated in one clock, 1..256.")
@_preset
@click.option("--config", type=FILE, metavar="FILE", help="TOML file with the rule's settings; wins over --preset.")
@_settings
@click.option("--initial", type=FILE, metavar="FILE", help="Initial state: .npz or .csv, one integer column per state field.")
@click.option(
    "--presynaptic",
    metavar="RULE",
    help="A layer: presynaptic neurons of this rule in front of the synapses (see docs/layer.md).",
    shell_complete=_complete(lambda: list(RULES)),
)
@click.option("--neurons", type=int, metavar="N", help="Number of presynaptic neurons; N of them have --synapses together.")
@click.option("--neuron-set", "neuron_settings", multiple=True, metavar="KEY=VALUE", help="One setting of --presynaptic.")
@click.option(
    "--pre", type=int, metavar="A", help="A crossbar: A presynaptic neurons, each with a synapse to every one of --post."
)
@click.option("--post", type=int, metavar="B", help="Postsynaptic neurons of the crossbar (see docs/crossbar.md).")
@click.option(
    "--spikes",
    type=click.Choice(["bits", "addresses"]),
    default="bits",
    show_default=True,
    help="How spikes enter a crossbar: a bit for each neuron and timestep, or the numbers of those that spike.",
)
@click.option("--name", default="sc_core", show_default=True, help="Name of the top module.")
@click.option("--force", is_flag=True, help="Replace DIR if sc-hw emitted it.")
@click.pass_context
def emit(
    context: click.Context, synapses: int | None, output: Path, derived: Path | None, layer: str | None, rule: str,
    generator: str, lanes: int, preset: str, config: Path | None, settings: tuple[str, ...], initial: Path | None,
    presynaptic: str | None, neurons: int | None, neuron_settings: tuple[str, ...],
    pre: int | None, post: int | None, spikes: str, name: str, force: bool,
) -> None:  # fmt: skip
    """Write a learning core as a self-describing folder of Verilog.

    Example: sc-hw emit --synapses 1024 --set learning_shift=6 -o build/core
    """
    from .config import build_config, read_toml
    from .derive import read_derived
    from .initial import check_initial, read_initial
    from .rtl.crossbar import CrossbarDesign
    from .rtl.design import CoreDesign
    from .rtl.emit import emit as write
    from .rtl.layer import LayerDesign

    if presynaptic and neurons is None:
        raise UserError(f"--presynaptic {presynaptic}: needs --neurons N, the number of presynaptic neurons")
    if not presynaptic and (neurons is not None or neuron_settings):
        raise UserError("--neurons and --neuron-set: are of presynaptic neurons; give --presynaptic RULE too")
    if (pre is None) != (post is None):
        raise UserError("--pre and --post: are the two sides of a crossbar; give both")
    if pre is not None and post is not None:
        for option, value in (("--synapses", synapses), ("--presynaptic", presynaptic), ("--from", derived)):
            if value is not None:
                raise UserError(
                    f"{option} {value}: does not go with --pre and --post, which are a crossbar; leave out one of the two"
                )
        synapses = pre * post
    elif spikes != "bits":
        raise UserError(f"--spikes {spikes}: is of a crossbar; give --pre A and --post B too")
    if derived:
        for option in ("synapses", "rule", "preset", "config", "initial"):
            if context.get_parameter_source(option) is not click.core.ParameterSource.DEFAULT:
                raise UserError(f"--{option}: comes from --from {derived}; leave out one of the two")
        source = read_derived(derived, layer)
        chosen, table, values, synapses = source.rule, source.table, source.initial, source.synapses
    elif layer is not None:
        raise UserError(f"--layer {layer!r}: is a layer of --from FOLDER; give that too")
    elif synapses is None:
        raise UserError("--synapses N is missing; give it, or --pre A and --post B, or --from FOLDER")
    else:
        chosen, table = get_rule(rule), read_toml(config) if config else {}
        values = read_initial(initial) if initial else {}
    resolved = build_config(chosen, table, settings, preset=preset)
    design: CoreDesign
    if pre is not None and post is not None:
        design = CrossbarDesign.made(name, chosen, resolved, pre=pre, post=post, lanes=lanes,
                                     addressed=spikes == "addresses")  # fmt: skip
    else:
        design = CoreDesign(name=name, rule=chosen, config=resolved, synapses=synapses, lanes=lanes)
    if initial or derived:
        design = replace(design, initial=check_initial(values, design.spec, synapses))
    if presynaptic and neurons is not None:
        front = get_rule(presynaptic)
        before = CoreDesign(name=f"{name}_neurons", rule=front, config=build_config(front, {}, neuron_settings), synapses=neurons,
                            lanes=lanes)  # fmt: skip
        design = LayerDesign(**vars(design), presynaptic=before)
    path = write(design, generator, output, force=force)
    click.echo(
        f"{path}: {synapses} synapses of {chosen.name}, {lanes} lane{'s' if lanes > 1 else ''}, "
        f"{design.spec.state_bits} state bits a synapse, "
        f"latency {design.spec.latency}, {generator}"
        + (f"; in front {neurons} neurons of {presynaptic}" if presynaptic else "")
        + (f"; between {pre} presynaptic and {post} postsynaptic neurons" if pre else "")
    )


@app.command()
@click.option("--data", default="digits", show_default=True, metavar="SET", help="digits, mnist5k, .npz file or idx folder.")
@click.option("--standardise", is_flag=True, help="Give every feature mean 0 and deviation 1.")
@click.option("--protocol", default="split", show_default=True, help="single, split or permuted.")
@click.option("--tasks", type=click.IntRange(1, 1000), default=5, show_default=True, help="Tasks, one after another.")
@click.option("--hidden", default="64", show_default=True, metavar="N,...", help="Sizes of the hidden layers; '' for none.")
@click.option("--method", default="ewc", show_default=True, help="What protects earlier tasks: none, ewc or si.")
@click.option("--strength", type=float, help="Of the protection.  [default: ewc 1e6, si 1.0; with sgd 10.0 and 0.1]")
@click.option("--damping", type=float, default=1e-3, show_default=True, help="Of si: xi.")
@click.option("--optimiser", default="adam", show_default=True, help="adam or sgd.")
@click.option("--lr", type=float, help="Learning rate.  [default: adam 0.001, sgd 0.1]")
@click.option("--batch", type=int, default=64, show_default=True, metavar="N", help="Samples of a step.")
@click.option("--epochs", type=click.IntRange(1, 10**6), default=30, show_default=True, help="Passes over a task.")
@_seed
@click.option("--output", "-o", type=FILE, required=True, metavar="DIR", help="Folder to write.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint in DIR, after a kill or Ctrl-C.")
@click.option("--force", is_flag=True, help="Replace DIR if sc-hw trained it.")
@click.option("--log", "board", help="Also log to tensorboard or wandb.")
@_json
def train(output: Path, resume: bool, force: bool, board: str | None, json_path: Path | None, **options: Any) -> None:
    """Train a network on one task after another and measure how much each weight matters, ready for sc-hw derive.

    Example: sc-hw train --data mnist5k --hidden 256,256 -o build/trained
    """
    from .train.command import train_command

    with _progress("training", 1) as advance:
        status = train_command(options, output, resume=resume, force=force, board=board, json_path=json_path, progress=advance,
                               echo=click.echo)  # fmt: skip
    sys.exit(status)


@app.command()
@click.argument("weights", metavar="WEIGHTS.npz", type=FILE)
@click.option(
    "--importance",
    type=FILE,
    required=True,
    metavar="FILE.npz",
    help="How much each weight matters (its Fisher information, say), arrays named and shaped as the weights.",
)
@click.option("--output", "-o", type=FILE, required=True, metavar="DIR", help="Folder to write.")
@click.option(
    "--rule", default="three_factor", show_default=True, help="Learning rule.", shell_complete=_complete(lambda: list(RULES))
)
@click.option("--consolidation", default="shift", show_default=True, help="How the codes protect (see sc-hw rules).")
@click.option(
    "--scale",
    type=float,
    metavar="S",
    help="Value of a weight's last bit.  [default: for each layer the smallest power of two that clips nothing]",
)
@_settings
@click.option("--force", is_flag=True, help="Replace DIR if sc-hw derived it.")
@_json
def derive(
    weights: Path, importance: Path, output: Path, rule: str, consolidation: str, scale: float | None,
    settings: tuple[str, ...], force: bool, json_path: Path | None,
) -> None:  # fmt: skip
    """Turn a trained network into what learning cores start from: weights, anchors, codes and settings of each layer.

    WEIGHTS.npz holds one array for each layer, by name. Then sc-hw emit --from DIR --layer NAME builds the core.
    """
    from rich.console import Console

    from .derive import derive_command

    sys.exit(derive_command(weights, importance, output, get_rule(rule), {"consolidation": consolidation}, settings, scale=scale,
                            force=force, json_path=json_path, console=Console()))  # fmt: skip


@app.command()
@click.argument("folders", metavar="DIR...", type=FILE, nargs=-1, required=True)
@_steps
@_seed
@click.option("--waves", is_flag=True, help="Record a waveform (slower; a build of its own).")
@click.option("--coverage", is_flag=True, help="Count coverage and prove what cannot be reached (slower; a build of its own).")
@click.option("--stimulus", type=FILE, metavar="FILE", help="Play recorded inputs (.npz) instead of the built-in campaign.")
@_json
def sim(
    folders: tuple[Path, ...], steps: int, seed: int, waves: bool, coverage: bool, stimulus: Path | None, json_path: Path | None
) -> None:
    """Compare every state bit of every synapse with the golden model, timestep by timestep, in Verilator under cocotb."""
    from .manifest import load_core
    from .simulate import check_stimulus, simulate

    cores = [load_core(folder) for folder in folders]
    if stimulus:
        if len(cores) > 1:
            raise UserError(f"--stimulus {stimulus}: recorded inputs fit one core; give one folder instead of {len(cores)}")
        steps = check_stimulus(stimulus, cores[0].design)
    results = [results_folder(folder) for folder in folders]  # each is refused before anything runs
    total = steps * sum(core.design.synapses for core in cores)
    with _progress("comparing", total) as advance:
        result = simulate(cores, steps=steps, seed=seed, output=results[0] / "sim", waves=waves, coverage=coverage,
                          stimulus=stimulus, demonstrate=True, note=_note, progress=advance)  # fmt: skip
    if json_path:
        write_record(json_path, head(cores[0]) | result.to_dict())
    for index, (core, outcome) in enumerate(zip(cores, result.cores, strict=True)):
        write_results(core, result.only(index).to_dict(), None)
        waveform = {"schema": "sc-hw/waveform/1", "core_sha256": core.digest, "demonstration": result.demonstrations[index]}
        write_text(results[index] / WAVEFORM, json.dumps(waveform) + "\n", option="results")
        if core.edited:
            _note(f"{core.folder}: edited since it was emitted: {', '.join(core.edited)}")
        if outcome["mismatch"]:
            click.echo(f"FAIL {core.design.name}: {outcome['mismatch']['text']}")
        else:
            values = outcome["state_values_compared"] + outcome["output_values_compared"] + outcome["host_values_compared"]
            click.echo(
                f"PASS {core.design.name}: {outcome['synapse_steps']:,} synapse-steps, {values:,} values equal, "
                f"{outcome['resets']} resets, {outcome['clears']} clears, {len(outcome['stimuli'])} kinds of stimulus, "
                f"seed {seed}"
            )
    rate = sum(outcome["synapse_steps"] for outcome in result.cores) / max(result.run_seconds, 1e-9)
    click.echo(f"{rate:,.0f} synapse-steps/s compared; log {result.log}" + (f"; waveform {result.waves}" if result.waves else ""))
    if coverage and result.passed:
        from .coverage.command import coverage_command

        coverage_command(cores, result, _note)
    if not result.passed:
        again = " ".join(str(folder) for folder in folders)
        length = f"--stimulus {stimulus}" if stimulus else f"--steps {steps}"
        click.echo(f"repeat with a waveform: sc-hw sim {again} {length} --seed {seed} --waves")
        sys.exit(1)


@app.command()
@_folder
@_target(_targets)
@_module
@_json
def synth(folder: Path, target: tuple[str, ...], module: str, json_path: Path | None) -> None:
    """Count LUT, FF, block RAM and DSP with Yosys, and prove that the state lands in memory."""
    from rich.console import Console

    from .synth import synth_command

    names = _targets() if "all" in target else list(target)
    sys.exit(synth_command(folder, names, module, json_path, Console()))


@app.command()
@_folder
@_target(_placeable)
@_module
@click.option(
    "--seeds", type=click.IntRange(1, 1000), default=5, show_default=True, help="Seeds 1..SEEDS; the table shows their spread."
)
@_json
def pnr(folder: Path, target: tuple[str, ...], module: str, seeds: int, json_path: Path | None) -> None:
    """Place and route with nextpnr: the clock over several seeds, use of the device, critical path, bitstream."""
    from rich.console import Console

    from .pnr.command import pnr_command

    names = _placeable() if "all" in target else list(target)
    sys.exit(pnr_command(folder, names, module, seeds, json_path, Console()))


@app.command()
@click.option("--rule", help="Learning rule.  [default: r_stdp]", shell_complete=_complete(lambda: list(RULES)))
@click.option("--vary", multiple=True, metavar="KEY=VALUE,...", shell_complete=_complete(_axes),
              help="Values of a setting, preset, generator, synapses or lanes; repeated, all are combined.")  # fmt: skip
@click.option("--target", multiple=True, shell_complete=_complete(_targets),
              help=f"Device; repeat it for several, or all.  [default: {DEFAULT_TARGET}]")  # fmt: skip
@click.option("--config", type=FILE, metavar="FILE", help="TOML file with the sweep; the options win over it.")
@click.option("--pnr", is_flag=True, help="Place and route too: fronts of updates a second instead of updates a clock.")
@click.option("--seeds", type=click.IntRange(1, 1000), help="Seeds 1..SEEDS of --pnr; the median clock counts.  [default: 5]")
@click.option("--stimuli", type=click.IntRange(1, 1000), metavar="K", help="Seeds 0..K-1 of the learning error.  [default: 3]")
@click.option("--scheduler", metavar="ADDRESS", help="Work on a Dask cluster instead of this machine's processors.")
@click.option("--output", "-o", type=FILE, required=True, metavar="DIR", help="Folder to write.")
@click.option("--resume", is_flag=True, help="Go on in DIR, after a kill or Ctrl-C, or with a larger sweep.")
@_json
def explore(
    config: Path | None, vary: tuple[str, ...], target: tuple[str, ...], pnr: bool, scheduler: str | None, output: Path,
    resume: bool, json_path: Path | None, **numbers: Any,
) -> None:  # fmt: skip
    """Measure many cores on many devices, in parallel, and find the Pareto front of throughput, cost and learning error.

    Example: sc-hw explore --vary weight_bits=8,12,16 --vary lanes=1,2,4 --target ecp5-25k -o build/explored
    """
    from rich.console import Console

    from .explore.command import explore_command

    options: dict[str, Any] = {key: value for key, value in numbers.items() if value is not None}
    if target:
        options["target"] = (_placeable() if pnr else _targets()) if "all" in target else list(target)
    if pnr:
        options["pnr"] = True
    with _progress("measuring", 1) as advance:
        status = explore_command(config, options, vary, output, resume=resume, scheduler=scheduler, json_path=json_path,
                                 console=Console(), progress=advance)  # fmt: skip
    sys.exit(status)


@app.command()
@_folder
@_solver
@_timeout
@click.option("--part", "parts", type=click.Choice(["datapath", "lane", "engine"]), multiple=True,
              default=["datapath", "lane", "engine"], show_default=True, help="What to prove; can be repeated.")  # fmt: skip
@_json
def prove(folder: Path, solvers: tuple[str, ...], timeout: int, parts: tuple[str, ...], json_path: Path | None) -> None:
    """Prove that the lanes compute the golden model's step and that the engine applies it to every word once."""
    from rich.console import Console

    from .proof.command import prove_command

    sys.exit(prove_command(folder, list(solvers), list(parts), timeout, json_path, Console(), _note))


@app.command()
@_folder
@click.argument("counterexample", type=FILE, required=False)
@_json
def replay(folder: Path, counterexample: Path | None, json_path: Path | None) -> None:
    """Simulate a counterexample of sc-hw prove on the lane, with a waveform.

    COUNTEREXAMPLE is the file to play; by default the one that the last sc-hw prove of DIR wrote.
    """
    from .replay import replay_command

    sys.exit(replay_command(folder, counterexample, json_path, click.echo, _note))


@app.command()
@_folder
@click.option("--steps", type=click.IntRange(1, 10**9), metavar="K", help="Timesteps for each fault.  [default: 200 or more]")
@_seed
@_json
def selftest(folder: Path, steps: int | None, seed: int, json_path: Path | None) -> None:
    """Plant known bugs in a copy of the core and demand that sc-hw sim catches each."""
    from rich.console import Console
    from rich.table import Table

    from .manifest import load_core
    from .selftest import enough_timesteps
    from .selftest import selftest as run
    from .simulate import simulation_tools

    core = load_core(folder)
    steps = steps or enough_timesteps(core)
    results = results_folder(folder)
    started = time.perf_counter()
    with _progress("faults", 1) as advance:
        outcomes = run(core, steps=steps, seed=seed, output=results / "selftest", note=_note, progress=advance)
    table = Table("fault", "verdict", "first difference", title=f"selftest of {core.design.name}, seed {seed}")
    for outcome in outcomes:
        table.add_row(f"{outcome.fault}: {outcome.description}", outcome.verdict, outcome.evidence)
    Console().print(table)
    passed = outcomes[0].verdict == "passes" and all(o.verdict != "missed" for o in outcomes)
    record = {"verb": "selftest", "verdict": "pass" if passed else "fail", "seed": seed, "steps": steps,
              "seconds": time.perf_counter() - started, "tools": simulation_tools(),
              "faults": [outcome.to_dict() for outcome in outcomes]}  # fmt: skip
    write_results(core, record, json_path)
    caught = sum(outcome.verdict == "caught" for outcome in outcomes)
    click.echo(f"{'PASS' if passed else 'FAIL'}: {caught} faults caught, {sum(o.verdict == 'missed' for o in outcomes)} missed")
    sys.exit(0 if passed else 1)


@app.command()
@_folder
@click.option("--count", type=click.IntRange(1, 10_000), default=200, show_default=True, metavar="N", help="Mutants.")
@_seed
@_solver
@_timeout
@_json
def mutate(folder: Path, count: int, seed: int, solvers: tuple[str, ...], timeout: int, json_path: Path | None) -> None:
    """Change single bits of the netlist and demand that simulation and proof notice each change that matters."""
    from rich.console import Console

    from .mutate_command import mutate_command

    with _progress("mutants", 1) as advance:
        status = mutate_command(folder, count=count, seed=seed, solvers=list(solvers), timeout=timeout, json_path=json_path,
                                console=Console(), note=_note, progress=advance)  # fmt: skip
    sys.exit(status)


@app.command()
@_folder
@click.option("--output", "-o", type=FILE, metavar="FILE", help="Page to write.  [default: DIR/results/report.html]")
@_json
def report(folder: Path, output: Path | None, json_path: Path | None) -> None:
    """Join the records of every verb into one table and one self-contained HTML page."""
    from rich.console import Console

    from .report.command import report_command

    sys.exit(report_command(folder, output, json_path, list(app.commands), Console()))


@app.command()
@click.argument("folder", metavar="[DIR]", type=FILE, required=False)
@_rule
@click.option("--preset", "presets", multiple=True, metavar="NAME", help="A row of the table: a preset of the rule, or all.")
@_settings
@click.option(
    "--variant", "variants", multiple=True, metavar="NAME:KEY=VALUE,...", help="A row of the table, instead of the plain one."
)
@click.option(
    "--seeds", type=click.IntRange(1, 1000), default=3, show_default=True, help="Seeds 0..SEEDS-1; the table shows medians."
)
@click.option("--markdown", is_flag=True, help="Print the table as Markdown.")
@_json
def accuracy(
    folder: Path | None, rule: str, presets: tuple[str, ...], settings: tuple[str, ...], variants: tuple[str, ...], seeds: int,
    markdown: bool, json_path: Path | None,
) -> None:  # fmt: skip
    """Measure how far the fixed-point model stands from its float reference.

    With DIR, an emitted folder, its rule and configuration are measured and its results keep the record.
    """
    from rich.console import Console

    from .accuracy import accuracy_command
    from .manifest import load_core

    core = load_core(folder) if folder else None
    if core and (presets or settings):
        raise UserError(f"{folder}: has a configuration; leave out --preset and --set, or leave out {folder}")
    sys.exit(accuracy_command(core.design.rule.name if core else rule, table=core.manifest["config"] if core else None,
                              presets=presets, settings=settings, variants=variants, seeds=seeds, markdown=markdown,
                              json_path=json_path, console=Console(), core=core))  # fmt: skip


@app.command()
def rules() -> None:
    """List the learning rules, their settings and their presets."""
    import dataclasses

    for name in RULES:
        rule = get_rule(name)
        click.echo(f"{name}: {rule.summary}")
        for field in dataclasses.fields(rule.config_type):
            low, high = rule.config_type.RANGES.get(field.name, ("", ""))
            allowed = ", ".join(rule.config_type.CHOICES.get(field.name, [f"{low}..{high}"]))
            click.echo(f"  {field.name} = {field.default} ({allowed})")
        for title, preset in rule.presets.items():
            click.echo(f"  --preset {title}: {preset.summary}")


@app.command()
@_json
def doctor(json_path: Path | None) -> None:
    """List every tool with its path and version, what is needed, and the command that installs it."""
    from .toolchain import doctor as tools

    found = tools()
    for tool in found:  # plain lines, so that paths and commands can be copied
        state = "ok" if tool.found else "optional" if tool.optional else "MISSING"
        click.echo(f"{state:<9}{tool.name:<11} {tool.version or 'not found'} (needed: {tool.needed})")
        click.echo(f"{'':<9}{tool.path or 'nowhere on PATH or in this environment'}; install with: {tool.install}")
    missing = [tool.name for tool in found if not tool.found and not tool.optional]
    if json_path:
        write_record(json_path, {"verb": "doctor", "verdict": "fail" if missing else "pass",
                                  "tools": [vars(tool) | {"found": tool.found} for tool in found]})  # fmt: skip
    click.echo(f"missing: {', '.join(missing)}" if missing else "everything is here")
    sys.exit(1 if missing else 0)


def _note(text: str) -> None:
    click.echo(text, err=True)


@contextmanager
def _progress(what: str, total: int) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar on a terminal, nothing elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    bar = Progress(TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(), console=console,
                   transient=True, disable=not console.is_terminal)  # fmt: skip
    with bar:
        task = bar.add_task(what, total=total)
        yield lambda done, everything: bar.update(task, completed=done, total=everything)


def main() -> None:
    """Run the command line and leave with its exit status; errors are one line on standard error."""
    from .simulate import SimulationError
    from .yosys import YosysError

    try:
        status = app(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except KeyboardInterrupt:
        _note("sc-hw: interrupted")
        sys.exit(130)
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "sc-hw"
        _note(f"{command}: {' '.join(error.format_message().split())} (see {command} --help)")
        sys.exit(2)
    except (UserError, ConfigError) as error:
        _note(f"sc-hw: {error}")
        sys.exit(2)
    except (SimulationError, YosysError, RuntimeError) as error:
        _note(f"sc-hw: {error}")
        sys.exit(1)
    sys.exit(status if isinstance(status, int) else 0)
