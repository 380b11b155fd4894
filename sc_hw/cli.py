"""The command line: verbs and their options, each handed on to its room; nothing large is imported before it is needed."""

import sys
from pathlib import Path
from typing import Any

import click

from .boundary import run
from .options import (
    DEFAULT_TARGET,
    FILE,
    OUTLET,
    Verbs,
    axis_names,
    complete,
    design_options,
    folder_argument,
    folders_argument,
    given,
    json_option,
    module_option,
    placeable_names,
    rule_names,
    rule_option,
    seed_option,
    settings_option,
    solver_option,
    steps_option,
    target_names,
    target_option,
    timeout_option,
)
from .partial import INSTANCES, MUTANTS, SEEDS
from .progress import note, progress
from .rtl.generators import DEFAULT_GENERATOR, GENERATORS

__all__ = ["app", "main"]


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="sc-hw", prog_name="sc-hw", message="%(prog)s %(version)s")
def app() -> None:
    r"""Synthesizable on-chip-learning cores from golden models: emitted, checked bit for bit, measured.

    \b
    Exit status: 0 all is well; 1 a check failed, or a tool did; 2 something given cannot be used, or the machine
    lacks something; 70 a defect of sc-hw, please report it; 129, 130, 143 ended by SIGHUP, Ctrl-C, SIGTERM.
    """
    from .toolchain import use_plain_temporary

    use_plain_temporary()


@app.command()
@design_options
@click.option("--output", "-o", type=FILE, required=True, metavar="DIR", help="Folder to write.")
@click.option(
    "--generator",
    default=DEFAULT_GENERATOR,
    show_default=True,
    help="verilog or amaranth; both give the same ports.",
    shell_complete=complete(lambda: list(GENERATORS)),
)
@click.option("--name", default="sc_core", show_default=True, help="Name of the top module.")
@click.option(
    "--network", type=FILE, metavar="FILE", help="A network that learns in the chip (see docs/networks.md); a TOML file."
)
@click.option("--force", is_flag=True, help="Replace DIR if sc-hw emitted it.")
@click.pass_context
def emit(context: click.Context, /, network: Path | None, **options: Any) -> None:
    """Write a learning core as a self-describing folder of Verilog.

    Example: sc-hw emit --synapses 1024 --set learning_shift=6 -o build/core
    """
    if network:
        from .network_emit import emit_network

        click.echo(emit_network(network, options["output"], force=options["force"], given=given(context)))
        return
    from .emit_command import emit_command

    click.echo(emit_command(**options, given=given(context)))


@app.command()
@folder_argument
def files(folder: Path) -> None:
    """List the Verilog of an emitted folder, the top first, by absolute path: a file list for tools that run elsewhere.

    Example: sc-hw files core > core.f; iverilog -g2012 -s top -o top.vvp top.v -f core.f
    """
    from .lists import files_text

    click.echo(files_text(folder))


@app.command()
@click.option("--data", default="digits", show_default=True, metavar="SET", help="digits, mnist5k, .npz file or idx folder.")
@click.option("--standardise", is_flag=True, help="Give every feature mean 0 and deviation 1.")
@click.option(
    "--protocol",
    default="split-task",
    show_default=True,
    help="single, split-task, split-domain, split-class or permuted-domain.",
)
@click.option("--tasks", type=click.IntRange(1, 1000), default=5, show_default=True, help="Tasks, one after another.")
@click.option("--hidden", default="64", show_default=True, metavar="N,...", help="Sizes of the hidden layers; '' for none.")
@click.option(
    "--method",
    default="ewc",
    show_default=True,
    help="What protects earlier tasks: none, ewc, online_ewc, si, mas, lwf, replay or joint.",
)
@click.option("--strength", type=float, help="Of the protection.  [default: what was chosen for protocol and method]")
@click.option("--damping", type=float, default=1e-3, show_default=True, help="Of si: xi.")
@click.option(
    "--decay", type=float, default=1.0, show_default=True, help="Of online_ewc and mas: what is left of earlier importance."
)
@click.option("--memory", type=int, default=200, show_default=True, metavar="N", help="Of replay: samples of each task.")
@click.option("--biases", is_flag=True, help="A bias for each neuron: the last column of its weights.")
@click.option("--optimiser", default="adam", show_default=True, help="adam or sgd.")
@click.option("--lr", type=float, help="Learning rate.  [default: adam 0.001, sgd 0.1]")
@click.option("--batch", type=int, default=64, show_default=True, metavar="N", help="Samples of a step.")
@click.option("--epochs", type=click.IntRange(1, 10**6), default=30, show_default=True, help="Passes over a task.")
@seed_option
@click.option("--output", "-o", type=FILE, required=True, metavar="DIR", help="Folder to write.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint in DIR, after a kill or Ctrl-C.")
@click.option("--force", is_flag=True, help="Replace DIR if sc-hw trained it.")
@click.option("--log", "board", help="Also log to tensorboard or wandb.")
@json_option
def train(output: Path, resume: bool, force: bool, board: str | None, json_path: Path | None, **options: Any) -> None:
    """Train a network on one task after another and measure how much each weight matters, ready for sc-hw derive.

    Example: sc-hw train --data mnist5k --hidden 256,256 -o build/trained
    """
    from .train.command import train_command

    with progress("training", 1) as advance:
        sys.exit(train_command(options, output, resume=resume, force=force, board=board, json_path=json_path, progress=advance,
                               echo=click.echo))  # fmt: skip


@app.command()
@click.argument("network", metavar="NETWORK.toml", type=FILE)
@click.option("--data", default="digits", show_default=True, metavar="SET",
              help="digits, mnist5k, a .npz or .csv file, or an idx folder.")  # fmt: skip
@click.option("--passes", type=click.IntRange(1, 10**6), default=10, show_default=True, help="Passes over the samples.")
@click.option("--held-out", type=click.IntRange(1, 90), metavar="PERCENT",
              help="Measure on so many of the samples to learn, drawn by the seed.  [default: the test part]")  # fmt: skip
@click.option("--set", "settings", multiple=True, metavar="TABLE.NAME.KEY=VALUE",
              help="Changes the file: population.input.jitter=1; KEY= takes a key out.")  # fmt: skip
@seed_option
@click.option("--output", "-o", type=FILE, required=True, metavar="DIR", help="Folder to write.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint in DIR, after a kill or Ctrl-C.")
@click.option("--force", is_flag=True, help="Replace DIR if sc-hw fitted it.")
@json_option
def fit(
    network: Path, output: Path, settings: tuple[str, ...], resume: bool, force: bool, json_path: Path | None, **options: Any
) -> None:
    """Let a network learn in its golden model, a sample at a time, as the chip does; measure it with learning off.

    Example: sc-hw fit examples/networks/digits.toml --data digits --passes 30 -o build/fitted
    """
    from .fit.command import fit_command
    from .fit.run import FitConfig

    with progress("learning", 1) as advance:
        sys.exit(fit_command(network, FitConfig(**options), output, settings=settings, resume=resume, force=force,
                             json_path=json_path, progress=advance, echo=click.echo))  # fmt: skip


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
@click.option("--rule", default="three_factor", show_default=True, help="Learning rule.", shell_complete=complete(rule_names))
@click.option("--consolidation", default="shift", show_default=True, help="How the codes protect (see sc-hw rules).")
@click.option(
    "--scale",
    type=float,
    metavar="S",
    help="Value of a weight's last bit.  [default: for each layer the smallest power of two that clips nothing]",
)
@click.option(
    "--axes", metavar="NAME,NAME", help="What the axes of every array are: post,pre for (outputs, inputs), or pre,post."
)
@click.option("--bias", "biases", multiple=True, metavar="LAYER=ARRAY",
              help="Biases of a layer become the weights of one more input, its last; repeat it for several.")  # fmt: skip
@settings_option
@click.option("--force", is_flag=True, help="Replace DIR if sc-hw derived it.")
@json_option
def derive(
    weights: Path, importance: Path, output: Path, rule: str, consolidation: str, scale: float | None, axes: str | None,
    biases: tuple[str, ...], settings: tuple[str, ...], force: bool, json_path: Path | None,
) -> None:  # fmt: skip
    """Turn a trained network into what learning cores start from: weights, anchors, codes and settings of each layer.

    WEIGHTS.npz holds one array for each layer, by name. Then sc-hw emit --from DIR --layer NAME builds the core.
    """
    from sc_hw_models.registry import get_rule

    from .console import Console
    from .derive import derive_command

    sys.exit(derive_command(weights, importance, output, get_rule(rule), {"consolidation": consolidation}, settings, scale=scale,
                            axes=axes, biases=biases, force=force, json_path=json_path, console=Console()))  # fmt: skip


@app.command()
@folders_argument
@steps_option
@seed_option
@click.option("--waves", is_flag=True, help="Record a waveform (slower; a build of its own).")
@click.option("--coverage", is_flag=True, help="Count coverage and prove what cannot be reached (slower; a build of its own).")
@click.option("--stimulus", type=FILE, metavar="FILE", help="Play recorded inputs (.npz) instead of the built-in campaign.")
@click.option(
    "--allow-system-tasks", "system_tasks", is_flag=True, help="Run $system, $fopen, DPI and the like in Verilog that was edited."
)
@json_option
def sim(
    folders: tuple[Path, ...], steps: int, seed: int, waves: bool, coverage: bool, stimulus: Path | None, system_tasks: bool,
    json_path: Path | None,
) -> None:  # fmt: skip
    """Compare every state bit of every synapse with the golden model, timestep by timestep, in Verilator under cocotb."""
    from .sim_command import sim_command

    sys.exit(sim_command(folders, steps=steps, seed=seed, waves=waves, coverage=coverage, stimulus=stimulus, json_path=json_path,
                         system_tasks=system_tasks))  # fmt: skip


@app.command()
@click.argument("folder", metavar="[DIR]", type=FILE, required=False)
@design_options
@target_option(target_names)
@module_option
@json_option
@click.pass_context
def estimate(
    context: click.Context, /, folder: Path | None, target: tuple[str, ...], module: str, json_path: Path | None, **options: Any
) -> None:
    """Estimate LUT, FF, block RAM and DSP in a moment, before anything is emitted or synthesised.

    With DIR, an emitted folder, its design is estimated; without it the one that the options describe, which are those of
    sc-hw emit. Example: sc-hw estimate --synapses 1024 --lanes 4 --target all
    """
    from .console import Console
    from .estimate.command import estimate_command

    names = target_names() if "all" in target else list(target)
    sys.exit(estimate_command(folder, options, names, module, json_path, Console(), given=given(context)))


@app.command()
@folder_argument
@target_option(target_names)
@module_option
@json_option
def synth(folder: Path, target: tuple[str, ...], module: str, json_path: Path | None) -> None:
    """Count LUT, FF, block RAM and DSP with Yosys, and prove that the state lands in memory."""
    from .console import Console
    from .synth import synth_command

    names = target_names() if "all" in target else list(target)
    sys.exit(synth_command(folder, names, module, json_path, Console()))


@app.command()
@folder_argument
@target_option(placeable_names)
@module_option
@click.option(
    "--seeds",
    type=click.IntRange(1, 1000),
    default=SEEDS,
    show_default=True,
    help="Seeds 1..SEEDS; the table shows their spread.",
)
@json_option
def pnr(folder: Path, target: tuple[str, ...], module: str, seeds: int, json_path: Path | None) -> None:
    """Place and route with nextpnr: the clock over several seeds, use of the device, critical path, bitstream."""
    from .console import Console
    from .pnr.command import pnr_command

    names = placeable_names() if "all" in target else list(target)
    sys.exit(pnr_command(folder, names, module, seeds, json_path, Console()))


@app.command()
@click.option("--rule", help="Learning rule.  [default: r_stdp]", shell_complete=complete(rule_names))
@click.option("--vary", multiple=True, metavar="KEY=VALUE,...", shell_complete=complete(axis_names),
              help="Values of a setting, preset, generator, synapses or lanes; repeated, all are combined.")  # fmt: skip
@click.option("--target", multiple=True, shell_complete=complete(target_names),
              help=f"Device; repeat it for several, or all.  [default: {DEFAULT_TARGET}]")  # fmt: skip
@click.option("--config", type=FILE, metavar="FILE", help="TOML file with the sweep; the options win over it.")
@click.option("--pnr", is_flag=True, help="Place and route too: fronts of updates a second instead of updates a clock.")
@click.option("--seeds", type=click.IntRange(1, 1000), help="Seeds 1..SEEDS of --pnr; the median clock counts.  [default: 5]")
@click.option("--stimuli", type=click.IntRange(1, 1000), metavar="K", help="Seeds 0..K-1 of the learning error.  [default: 3]")
@click.option("--scheduler", metavar="ADDRESS", help="Work on a Dask cluster instead of this machine's processors.")
@click.option("--output", "-o", type=FILE, required=True, metavar="DIR", help="Folder to write.")
@click.option("--resume", is_flag=True, help="Go on in DIR, after a kill or Ctrl-C, or with a larger sweep.")
@json_option
def explore(
    config: Path | None, vary: tuple[str, ...], target: tuple[str, ...], pnr: bool, scheduler: str | None, output: Path,
    resume: bool, json_path: Path | None, **numbers: Any,
) -> None:  # fmt: skip
    """Measure many cores on many devices, in parallel, and find the Pareto front of throughput, cost and learning error.

    Example: sc-hw explore --vary weight_bits=8,12,16 --vary lanes=1,2,4 --target ecp5-25k -o build/explored
    """
    from .console import Console
    from .explore.command import explore_command

    names = (placeable_names() if pnr else target_names()) if "all" in target else list(target)
    options = {key: value for key, value in {**numbers, "target": names, "pnr": pnr}.items() if value}
    with progress("measuring", 1) as advance:
        sys.exit(explore_command(config, options, vary, output, resume=resume, scheduler=scheduler, json_path=json_path,
                                 console=Console(), progress=advance))  # fmt: skip


@app.command()
@folder_argument
@solver_option
@timeout_option
@click.option("--part", "parts", type=click.Choice(["datapath", "lane", "engine"]), multiple=True,
              default=["datapath", "lane", "engine"], show_default=True, help="What to prove; can be repeated.")  # fmt: skip
@json_option
def prove(folder: Path, solvers: tuple[str, ...], timeout: int, parts: tuple[str, ...], json_path: Path | None) -> None:
    """Prove that the lanes compute the golden model's step and that the engine applies it to every word once."""
    from .console import Console
    from .proof.command import prove_command

    sys.exit(prove_command(folder, list(solvers), list(parts), timeout, json_path, Console(), note))


@app.command()
@folder_argument
@click.argument("counterexample", type=FILE, required=False)
@json_option
def replay(folder: Path, counterexample: Path | None, json_path: Path | None) -> None:
    """Simulate a counterexample of sc-hw prove on the lane, with a waveform.

    COUNTEREXAMPLE is the file to play; by default the one that the last sc-hw prove of DIR wrote.
    """
    from .replay import replay_command

    sys.exit(replay_command(folder, counterexample, json_path, click.echo, note))


@app.command()
@folder_argument
@click.option("--steps", type=click.IntRange(1, 10**9), metavar="K", help="Timesteps for each fault.  [default: 200 or more]")
@click.option("--instances", type=click.IntRange(0, 10_000), default=INSTANCES, show_default=True, metavar="N",
              help="Faults drawn from those at clocks, pins, parameters of instances and the modules behind.")  # fmt: skip
@seed_option
@json_option
def selftest(folder: Path, steps: int | None, instances: int, seed: int, json_path: Path | None) -> None:
    """Plant known bugs in a copy of the core and demand that sc-hw sim catches each."""
    from .console import Console
    from .selftest_command import selftest_command

    sys.exit(selftest_command(folder, steps=steps, seed=seed, instances=instances, json_path=json_path, console=Console()))


@app.command()
@folder_argument
@click.option("--count", type=click.IntRange(1, 10_000), default=MUTANTS, show_default=True, metavar="N", help="Mutants.")
@seed_option
@solver_option
@timeout_option
@json_option
def mutate(folder: Path, count: int, seed: int, solvers: tuple[str, ...], timeout: int, json_path: Path | None) -> None:
    """Change single bits of the netlist and demand that simulation and proof notice each change that matters."""
    from .console import Console
    from .mutate_command import mutate_command

    with progress("mutants", 1) as advance:
        sys.exit(mutate_command(folder, count=count, seed=seed, solvers=list(solvers), timeout=timeout, json_path=json_path,
                                console=Console(), note=note, progress=advance))  # fmt: skip


@app.command()
@folder_argument
@click.option(
    "--output",
    "-o",
    type=OUTLET,
    metavar="FILE",
    help="Page to write, - for standard output.  [default: DIR/results/report.html]",
)
@json_option
def report(folder: Path, output: Path | None, json_path: Path | None) -> None:
    """Join the records of every verb into one table and one self-contained HTML page."""
    from .console import Console
    from .report.command import report_command

    sys.exit(report_command(folder, output, json_path, list(app.commands), Console()))


@app.command()
@click.argument("folder", metavar="[DIR]", type=FILE, required=False)
@rule_option
@click.option("--preset", "presets", multiple=True, metavar="NAME", help="A row of the table: a preset of the rule, or all.")
@settings_option
@click.option(
    "--variant", "variants", multiple=True, metavar="NAME:KEY=VALUE,...", help="A row of the table, instead of the plain one."
)
@click.option(
    "--seeds", type=click.IntRange(1, 1000), default=3, show_default=True, help="Seeds 0..SEEDS-1; the table shows medians."
)
@click.option("--markdown", is_flag=True, help="Print the table as Markdown.")
@json_option
def accuracy(
    folder: Path | None, rule: str, presets: tuple[str, ...], settings: tuple[str, ...], variants: tuple[str, ...], seeds: int,
    markdown: bool, json_path: Path | None,
) -> None:  # fmt: skip
    """Measure how far the fixed-point model stands from its float reference.

    With DIR, an emitted folder, its rule and configuration are measured and its results keep the record.
    """
    from .accuracy import accuracy_command
    from .console import Console
    from .manifest import load_core

    sys.exit(accuracy_command(rule, presets=presets, settings=settings, variants=variants, seeds=seeds, markdown=markdown,
                              json_path=json_path, console=Console(), core=load_core(folder) if folder else None))  # fmt: skip


@app.group(cls=Verbs)
def rule() -> None:
    """Begin a rule's file, or look one through: one Python file is a rule, and sc-hw emit --rule FILE.py its core."""


@rule.command()
@click.argument("name")
@click.option("--output", "-o", type=FILE, metavar="FILE.py", help="File to write.  [default: NAME.py]")
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
def new(name: str, output: Path | None, force: bool) -> None:
    """Write a commented file to begin a rule with; it runs as it stands.

    Example: sc-hw rule new my_rule; sc-hw rule check my_rule.py
    """
    from .rule.new import new_rule

    click.echo(new_rule(name, output, force=force))


@rule.command()
@click.argument("file", metavar="FILE.py", type=FILE)
@click.option("--device", metavar="TARGET", help="Whose delays count in the cost.  [default: ecp5-25k]",
              shell_complete=complete(target_names))  # fmt: skip
def check(file: Path, device: str | None) -> None:
    """Run a rule's file and say what is wrong with it, a line each with file and line, or what its hardware will cost.

    Running it is running a Python program: check files that you trust.
    """
    from .rule.command import check_command

    sys.exit(check_command(file, device, click.echo))


@app.command()
def rules() -> None:
    """List the learning rules, their settings and their presets."""
    from .lists import rules_text

    click.echo(rules_text())


@app.command()
@json_option
def doctor(json_path: Path | None) -> None:
    """List every tool with its path and version, what is needed, and the command that installs it."""
    from .lists import doctor_command

    sys.exit(doctor_command(json_path))


def main() -> None:
    """Run the command line and leave with its exit status; every failure is one line on standard error."""
    sys.exit(run(lambda: app(prog_name="sc-hw", standalone_mode=False)))
