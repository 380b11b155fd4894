"""Verbs that learn in software, and carry over what was learned."""

import sys
from pathlib import Path
from typing import Any

import click

from sc_hw_models.defaults import RULE_OF_TRAINED_WEIGHTS
from sc_hw_models.kinds import FIRST_CHOICE

from ..options import (
    FILE,
    Verb,
    complete,
    json_option,
    rule_names,
    rule_option,
    seed_option,
    settings_option,
)
from ..progress import progress

__all__ = ["accuracy", "derive", "fit", "import_", "train"]


@click.command(cls=Verb)
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
    from ..train.command import train_command

    with progress("training", 1) as advance:
        sys.exit(
            train_command(
                options, output, resume=resume, force=force, board=board, json_path=json_path, progress=advance, echo=click.echo
            )
        )


@click.command(cls=Verb)
@click.argument("network", metavar="NETWORK.toml", type=FILE)
@click.option(
    "--data", default="digits", show_default=True, metavar="SET", help="digits, mnist5k, a .npz or .csv file, or an idx folder."
)
@click.option("--passes", type=click.IntRange(1, 10**6), default=10, show_default=True, help="Passes over the samples.")
@click.option(
    "--tasks",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    help="Tasks, one after another: the data, then their pixels in other orders; a task's end is a command to the network.",
)
@click.option(
    "--held-out",
    type=click.IntRange(1, 90),
    metavar="PERCENT",
    help="Measure on so many of the samples to learn, drawn by the seed.  [default: the test part]",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="TABLE.NAME.KEY=VALUE",
    help="Changes the file: population.input.jitter=1; KEY= takes a key out.",
)
@seed_option
@click.option("--output", "-o", type=FILE, required=True, metavar="DIR", help="Folder to write.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint in DIR, after a kill or Ctrl-C.")
@click.option("--force", is_flag=True, help="Replace DIR if sc-hw fitted it.")
@click.option(
    "--rtl",
    type=click.IntRange(1, 10**6),
    metavar="N",
    help="Let the chip learn the first N samples of each task in Verilator, too, and compare all it holds.",
)
@json_option
def fit(
    network: Path,
    output: Path,
    settings: tuple[str, ...],
    resume: bool,
    force: bool,
    rtl: int | None,
    json_path: Path | None,
    **options: Any,
) -> None:
    """Let a network learn in its golden model, a sample at a time, as the chip does; measure it with learning off.

    Example: sc-hw fit examples/networks/digits.toml --data digits --passes 30 -o build/fitted
    """
    from ..fit.command import fit_command
    from ..fit.run import FitConfig

    with progress("learning", 1) as advance:
        sys.exit(
            fit_command(
                network,
                FitConfig(**options),
                output,
                settings=settings,
                resume=resume,
                force=force,
                rtl=rtl or 0,
                json_path=json_path,
                progress=advance,
                echo=click.echo,
            )
        )


@click.command(cls=Verb)
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
    "--rule", default=RULE_OF_TRAINED_WEIGHTS, show_default=True, help="Learning rule.", shell_complete=complete(rule_names)
)
@click.option("--consolidation", default=FIRST_CHOICE, show_default=True, help="How the codes protect (see sc-hw rules).")
@click.option(
    "--scale",
    type=float,
    metavar="S",
    help="Value of a weight's last bit.  [default: for each layer the smallest power of two that clips nothing]",
)
@click.option(
    "--axes", metavar="NAME,NAME", help="What the axes of every array are: post,pre for (outputs, inputs), or pre,post."
)
@click.option(
    "--bias",
    "biases",
    multiple=True,
    metavar="LAYER=ARRAY",
    help="Biases of a layer become the weights of one more input, its last; repeat it for several.",
)
@settings_option
@click.option("--force", is_flag=True, help="Replace DIR if sc-hw derived it.")
@json_option
def derive(
    weights: Path,
    importance: Path,
    output: Path,
    rule: str,
    consolidation: str,
    scale: float | None,
    axes: str | None,
    biases: tuple[str, ...],
    settings: tuple[str, ...],
    force: bool,
    json_path: Path | None,
) -> None:
    """Turn a trained network into what learning cores start from: weights, anchors, codes and settings of each layer.

    WEIGHTS.npz holds one array for each layer, by name. Then sc-hw emit --from DIR --layer NAME builds the core.
    """
    from sc_hw_models.registry import get_rule

    from ..console import Console
    from ..derive.command import derive_command

    sys.exit(
        derive_command(
            weights,
            importance,
            output,
            get_rule(rule),
            {"consolidation": consolidation},
            settings,
            scale=scale,
            axes=axes,
            biases=biases,
            force=force,
            json_path=json_path,
            console=Console(),
        )
    )


@click.command(cls=Verb)
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
    folder: Path | None,
    rule: str,
    presets: tuple[str, ...],
    settings: tuple[str, ...],
    variants: tuple[str, ...],
    seeds: int,
    markdown: bool,
    json_path: Path | None,
) -> None:
    """Measure how far the fixed-point model stands from its float reference.

    With DIR, an emitted folder, its rule and configuration are measured and its results keep the record.
    """
    from ..accuracy.command import accuracy_command
    from ..console import Console
    from ..manifest import load_core

    sys.exit(
        accuracy_command(
            rule,
            presets=presets,
            settings=settings,
            variants=variants,
            seeds=seeds,
            markdown=markdown,
            json_path=json_path,
            console=Console(),
            core=load_core(folder) if folder else None,
        )
    )


@click.command("import", cls=Verb)
@click.argument("file", metavar="FILE", type=FILE)
@click.option("--output", "-o", type=FILE, required=True, metavar="DIR", help="Folder to write.")
@click.option("--timesteps", type=click.IntRange(1, 255), required=True, metavar="T", help="Of a sample.")
@click.option(
    "--dt", type=float, metavar="SECONDS", help="Of a timestep when it was trained; neurons with a time constant need it."
)
@click.option("--reset", help="How spiking neurons reset when it was trained: subtract, subtract-late or zero.")
@click.option("--code", help="What a pixel becomes in a timestep: constant, poisson or latency.")
@click.option(
    "--full-scale", type=float, default=1.0, show_default=True, metavar="X", help="Input that a pixel of 255 stands for."
)
@click.option("--threshold", type=float, metavar="X", help="Of dense layers: the activation at which a neuron always spikes.")
@click.option(
    "--axes", metavar="NAME,NAME", help="Of dense layers: what the axes of every matrix are: post,pre for (outputs, inputs)."
)
@click.option("--weight-bits", type=click.IntRange(2, 14), default=12, show_default=True, metavar="N", help="Of all weights.")
@click.option(
    "--approximate", multiple=True, metavar="WHAT", help="Take the nearest that a chip has of leak, reset or clip; repeat it."
)
@click.option("--data", metavar="SET", help="Compare on samples as sc-hw fit takes them.  [default: bytes by chance]")
@click.option("--samples", type=click.IntRange(1, 10**6), default=50, show_default=True, metavar="N", help="To compare on.")
@seed_option
@click.option("--force", is_flag=True, help="Replace DIR if sc-hw imported it.")
@json_option
def import_(
    file: Path,
    output: Path,
    data: str | None,
    samples: int,
    seed: int,
    force: bool,
    json_path: Path | None,
    approximate: tuple[str, ...],
    **options: Any,
) -> None:
    """Make a network of one that was trained elsewhere: NIR, PyTorch, Keras; say what rounding lost, layer by layer.

    Example: sc-hw import net.nir --timesteps 16 --dt 1e-4 --reset subtract --code constant -o net
    """
    from ..console import Console
    from ..imports.command import import_command
    from ..imports.graph import Options

    sys.exit(
        import_command(
            file,
            output,
            Options(approximate=approximate, **options),
            data=data,
            samples=samples,
            seed=seed,
            force=force,
            json_path=json_path,
            echo=click.echo,
            console=Console(),
        )
    )
