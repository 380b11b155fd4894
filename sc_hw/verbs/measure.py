"""Verbs that tell what a design costs, and what is installed."""

import sys
from pathlib import Path
from typing import Any

import click

from ..options import (
    DEFAULT_TARGET,
    FILE,
    OUTLET,
    Verb,
    axis_names,
    block_option,
    complete,
    design_options,
    folder_argument,
    given,
    json_option,
    module_option,
    named_rule,
    placeable_names,
    rule_names,
    target_names,
    target_option,
)
from ..partial import SEEDS
from ..progress import progress

__all__ = ["absorb", "doctor", "estimate", "explore", "pnr", "synth"]


@click.command(cls=Verb)
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
    from ..console import Console
    from ..estimate.command import estimate_command

    names = target_names() if "all" in target else list(target)
    sys.exit(estimate_command(folder, options, names, module, json_path, Console(), given=given(context)))


@click.command(cls=Verb)
@folder_argument
@target_option(target_names)
@module_option
@block_option
@json_option
def synth(folder: Path, target: tuple[str, ...], module: str, block: str | None, json_path: Path | None) -> None:
    """Count LUT, FF, block RAM and DSP with Yosys, and prove that the state lands in memory."""
    from ..blocks.place import inside
    from ..console import Console
    from ..synth.command import synth_command

    folder, name = inside(folder, block)
    names = target_names() if "all" in target else list(target)
    sys.exit(synth_command(folder, names, module, json_path, Console(), name))


@click.command(cls=Verb)
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
@block_option
@json_option
def pnr(folder: Path, target: tuple[str, ...], module: str, seeds: int, block: str | None, json_path: Path | None) -> None:
    """Place and route with nextpnr: the clock over several seeds, use of the device, critical path, bitstream."""
    from ..blocks.place import inside
    from ..console import Console
    from ..pnr.command import pnr_command

    folder, name = inside(folder, block)
    names = placeable_names() if "all" in target else list(target)
    sys.exit(pnr_command(folder, names, module, seeds, json_path, Console(), name))


@click.command(cls=Verb)
@click.option(
    "--rule",
    callback=named_rule,
    shell_complete=complete(rule_names),
    help="Learning rule, by its name or by its Python file, which is run.  [default: r_stdp]",
)
@click.option(
    "--vary",
    multiple=True,
    metavar="KEY=VALUE,...",
    shell_complete=complete(axis_names),
    help="Values of a setting, preset, generator, synapses or lanes; repeated, all are combined.",
)
@click.option(
    "--target",
    multiple=True,
    shell_complete=complete(target_names),
    help=f"Device; repeat it for several, or all.  [default: {DEFAULT_TARGET}]",
)
@click.option("--config", type=FILE, metavar="FILE", help="TOML file with the sweep; the options win over it.")
@click.option("--pnr", is_flag=True, help="Place and route too: fronts of updates a second instead of updates a clock.")
@click.option("--seeds", type=click.IntRange(1, 1000), help="Seeds 1..SEEDS of --pnr; the median clock counts.  [default: 5]")
@click.option("--stimuli", type=click.IntRange(1, 1000), metavar="K", help="Seeds 0..K-1 of the learning error.  [default: 3]")
@click.option("--scheduler", metavar="ADDRESS", help="Work on a Dask cluster instead of this machine's processors.")
@click.option("--output", "-o", type=FILE, required=True, metavar="DIR", help="Folder to write.")
@click.option("--resume", is_flag=True, help="Go on in DIR, after a kill or Ctrl-C, or with a larger sweep.")
@json_option
def explore(
    config: Path | None,
    vary: tuple[str, ...],
    target: tuple[str, ...],
    pnr: bool,
    scheduler: str | None,
    output: Path,
    resume: bool,
    json_path: Path | None,
    **numbers: Any,
) -> None:
    """Measure many cores on many devices, in parallel, and find the Pareto front of throughput, cost and learning error.

    Example: sc-hw explore --vary weight_bits=8,12,16 --vary lanes=1,2,4 --target ecp5-25k -o build/explored
    """
    from ..console import Console
    from ..explore.command import explore_command

    names = (placeable_names() if pnr else target_names()) if "all" in target else list(target)
    options = {key: value for key, value in {**numbers, "target": names, "pnr": pnr}.items() if value}
    with progress("measuring", 1) as advance:
        sys.exit(
            explore_command(
                config,
                options,
                vary,
                output,
                resume=resume,
                scheduler=scheduler,
                json_path=json_path,
                console=Console(),
                progress=advance,
            )
        )


@click.command(cls=Verb)
@click.argument("netlist", metavar="NETLIST.json", type=FILE)
@click.option("--output", "-o", type=OUTLET, required=True, metavar="FILE", help="Netlist to write, - for standard output.")
@json_option
def absorb(netlist: Path, output: Path, json_path: Path | None) -> None:
    """Move the registers behind block RAM and multipliers of a mapped ECP5 netlist into these blocks: a faster clock.

    For a flow of your own; sc-hw pnr does it by itself. Example: sc-hw absorb in.json -o out.json, where yosys has written
    in.json (synth_ecp5 -json) and nextpnr-ecp5 reads out.json.
    """
    from ..absorb.command import absorb_command

    sys.exit(absorb_command(netlist, output, json_path, click.echo))


@click.command(cls=Verb)
@json_option
def doctor(json_path: Path | None) -> None:
    """List every tool with its path and version, what is needed, and the command that installs it."""
    from ..doctor.command import doctor_command

    sys.exit(doctor_command(json_path))
