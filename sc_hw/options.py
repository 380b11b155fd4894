"""The options that several verbs of the command line share, and the completion of their values."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from sc_hw_models.defaults import DEFAULT_RULE

from .errors import UserError, shown
from .outlet import STANDARD_OUTPUT, check_not_read, check_outlet, outlet, standard_output_free
from .partial import SOLVERS, STEPS
from .records import ARGUMENTS

__all__ = [
    "DEFAULT_TARGET",
    "FILE",
    "OUTLET",
    "Verb",
    "Verbs",
    "axis_names",
    "block_option",
    "complete",
    "design_option_names",
    "design_options",
    "folder_argument",
    "given",
    "json_option",
    "module_option",
    "named_rule",
    "placeable_names",
    "preset_option",
    "rule_names",
    "rule_option",
    "seed_option",
    "settings_option",
    "solver_names",
    "solver_option",
    "steps_option",
    "target_names",
    "target_option",
    "timeout_option",
]

DEFAULT_TARGET = "ice40-hx8k"
FILE = click.Path(path_type=Path)


class _Outlet(click.ParamType):  # type: ignore[type-arg] # not generic in every click that will do
    """A file to write, or ``-``: then all else that the verb prints goes to standard error."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        if isinstance(value, Path):
            return value
        path = outlet(value)
        check_outlet(path, param.opts[0] if param else "")
        if path == STANDARD_OUTPUT and ctx:
            ctx.with_resource(standard_output_free())
        return path


OUTLET = _Outlet()


class Verb(click.Command):
    """A command whose outputs are different files, and whose records say what was asked of it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep the arguments for the records, then read them."""
        ctx.meta[ARGUMENTS] = tuple(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Check that, then do what the verb does."""
        output, record = ctx.params.get("output"), ctx.params.get("json_path")
        if output and record and STANDARD_OUTPUT != record == Path(os.path.abspath(output)):
            raise UserError(f"--json {record}: is also what --output names; give another file")
        if record and record != STANDARD_OUTPUT:
            check_not_read(record, ctx.meta.get(ARGUMENTS, ()))
        return super().invoke(ctx)


class Verbs(click.Group):
    """The verbs, or those of one."""

    command_class = Verb

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Ask for a verb where none is given; click has the whole help for an error, which is no line."""
        if not args and not ctx.resilient_parsing:
            raise click.UsageError(f"no verb given; allowed are {', '.join(self.list_commands(ctx))}", ctx)
        return super().parse_args(ctx, args)


def complete(names: Callable[[], list[str]]) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """Return a shell completion over names that are looked up only when asked for."""
    return lambda _context, _parameter, start: [CompletionItem(name) for name in names() if name.startswith(start)]


def target_names() -> list[str]:
    """Return the devices that can be counted."""
    from .targets import list_targets

    return list(list_targets())


def placeable_names() -> list[str]:
    """Return the devices that can be placed and routed."""
    from .pnr.place import placeable_targets

    return placeable_targets()


def rule_names() -> list[str]:
    """Return the learning rules."""
    from sc_hw_models.registry import RULES

    return list(RULES)


def preset_names() -> list[str]:
    """Return the presets of all rules."""
    from sc_hw_models.registry import RULES, get_rule

    return sorted({preset for name in RULES for preset in get_rule(name).presets})


def axis_names() -> list[str]:
    """Return what can be varied in a sweep, each with its equals sign."""
    from sc_hw_models.registry import RULES, get_rule

    from .explore.sweep import AXES

    return [f"{name}=" for name in (*AXES, *dict.fromkeys(key for rule in RULES for key in get_rule(rule).config_type.RANGES))]


def solver_names() -> list[str]:
    """Return the SMT solvers."""
    from .proof.solver import SOLVERS

    return list(SOLVERS)


def named_rule(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Return the name of a rule; one that is given as a file is run and named by what it defines."""
    if value is None or not value.endswith(".py"):
        return value
    from sc_hw_models.rule_file import add_rule_file

    return add_rule_file(Path(value)).rule.name


rule_option = click.option(
    "--rule",
    default=DEFAULT_RULE,
    show_default=True,
    callback=named_rule,
    shell_complete=complete(rule_names),
    help="Learning rule, by its name or by its Python file, FILE.py (see sc-hw rule new); the file is run.",
)
_rule_file_option = click.option(
    "--rule",
    "-r",
    callback=named_rule,
    expose_value=False,
    metavar="FILE.py",
    help="The file of the core's rule, if it has one of its own; it is run.",
)


def folder_argument(command: Any) -> Any:
    """Add the emitted folder that a verb works on, and the file of its rule."""
    return click.argument("folder", metavar="DIR", type=FILE)(_rule_file_option(command))


def folders_argument(command: Any) -> Any:
    """Add the emitted folders that a verb works on, and the file of their rule."""
    return click.argument("folders", metavar="DIR...", type=FILE, nargs=-1, required=True)(_rule_file_option(command))


preset_option = click.option(
    "--preset",
    default="default",
    show_default=True,
    help="Configuration to start from (see sc-hw rules).",
    shell_complete=complete(preset_names),
)
settings_option = click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="One setting of the rule; wins over --config and --preset."
)


def _block_names(context: click.Context, _parameter: click.Parameter, start: str) -> list[CompletionItem]:
    from .blocks.place import block_names

    # Where the option comes last, what stands before it has not been read yet.
    words = [context.params.get("folder"), *(context.params.get("folders") or ()), *context.args]
    folder = next((Path(word) for word in words if word), None)
    return [CompletionItem(name) for name in (block_names(folder) if folder else ()) if name.startswith(start)]


def _one_block(_context: click.Context, _parameter: click.Parameter, names: tuple[str, ...]) -> str | None:
    """Return the only name; of several the last would pass for all of them, and a run and its record are of one."""
    if len(names) > 1:
        raise UserError(f"--block {' --block '.join(map(shown, names))}: a run is of one block; give one, and run it for each")
    return names[0] if names else None


block_option = click.option(
    "--block",
    multiple=True,
    callback=_one_block,
    metavar="NAME",
    shell_complete=_block_names,
    help="Only this block inside, by its place (see docs/crossbar.md); a core inside is its own folder.",
)
json_option = click.option(
    "--json", "json_path", type=OUTLET, metavar="FILE", help="Also write the record to FILE, - for standard output."
)
steps_option = click.option(
    "--steps", type=click.IntRange(1, 10**9), default=STEPS, show_default=True, metavar="K", help="Timesteps."
)
seed_option = click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=1,
    show_default=True,
    help="Seed of everything random; the same seed repeats the run.",
)

solver_option = click.option(
    "--solver",
    "solvers",
    multiple=True,
    default=SOLVERS,
    show_default=True,
    help="yices, z3 or bitwuzla; repeat it, all must agree.",
    shell_complete=complete(solver_names),
)


def target_option(names: Callable[[], list[str]]) -> Callable[[Any], Any]:
    """Return the option that chooses devices among ``names``."""
    return click.option(
        "--target",
        multiple=True,
        default=[DEFAULT_TARGET],
        show_default=True,
        help="Device; repeat it for several, or all.",
        shell_complete=complete(names),
    )


module_option = click.option("--module", default="core", show_default=True, help="core, or lane for one lane without its memory.")
timeout_option = click.option(
    "--timeout",
    type=click.IntRange(1, 86400),
    default=60,
    show_default=True,
    metavar="S",
    help="Seconds each solver has for each obligation.",
)

_DESIGN = (
    click.option(
        "--synapses", "-n", type=int, metavar="N", help="Number of synapses, 1..16777216; needed without --from and --pre."
    ),
    click.option(
        "--from",
        "derived",
        type=FILE,
        metavar="FOLDER",
        help="What sc-hw derive wrote: rule, settings, synapses and initial state of a layer.",
    ),
    click.option("--layer", metavar="NAME", help="The layer of --from, if it has several."),
    rule_option,
    click.option("--lanes", type=int, default=1, show_default=True, metavar="P", help="Synapses updated in one clock, 1..256."),
    preset_option,
    click.option("--config", type=FILE, metavar="FILE", help="TOML file with the rule's settings; wins over --preset."),
    settings_option,
    click.option("--initial", type=FILE, metavar="FILE", help="Initial state: .npz or .csv, one integer column per state field."),
    click.option(
        "--presynaptic",
        metavar="RULE",
        help="A layer: presynaptic neurons of this rule in front of the synapses (see docs/layer.md).",
        shell_complete=complete(rule_names),
    ),
    click.option("--neurons", type=int, metavar="N", help="Number of presynaptic neurons; N of them have --synapses together."),
    click.option("--neuron-set", "neuron_settings", multiple=True, metavar="KEY=VALUE", help="One setting of --presynaptic."),
    click.option(
        "--pre", type=int, metavar="A", help="A crossbar: A presynaptic neurons, each with a synapse to every one of --post."
    ),
    click.option("--post", type=int, metavar="B", help="Postsynaptic neurons of the crossbar (see docs/crossbar.md)."),
    click.option(
        "--spikes",
        type=click.Choice(["bits", "addresses"]),
        default="bits",
        show_default=True,
        help="How spikes enter a crossbar: a bit for each neuron and timestep, or the numbers of those that spike.",
    ),
    click.option(
        "--results",
        type=click.Choice(["stall", "queue"]),
        default="stall",
        show_default=True,
        help="While a result waits: stop the lanes, or let results queue up and the lanes run on (faster with many lanes).",
    ),
)


_COMPILED = (
    click.option(
        "--datapath",
        type=click.Choice(["hand", "compiled"]),
        help="Hardware of the step: as written by hand, or compiled from the step.  [default: hand where there is one]",
    ),
    click.option("--clock", type=float, metavar="MHZ", help="Of a compiled datapath: as many stages as this clock takes."),
    click.option("--latency", type=int, metavar="N", help="Of a compiled datapath: N stages, as fast as that can be."),
    click.option(
        "--runtime",
        multiple=True,
        metavar="NAME",
        help="Of a compiled datapath: a setting that the core takes with every timestep (see docs/compiler.md).",
    ),
    click.option(
        "--device",
        metavar="TARGET",
        help="Of a compiled datapath: whose delays count.  [default: ecp5-25k]",
        shell_complete=complete(target_names),
    ),
)


def design_options(command: Any) -> Any:
    """Add the options that describe a core, layer or crossbar, as ``emit_command.design_of`` takes them."""
    for option in reversed((*_DESIGN, *_COMPILED)):
        command = option(command)
    return command


def design_option_names() -> dict[str, str]:
    """Return those options as they are typed, by the names of their values."""

    def nothing() -> None: ...

    return {option.name: option.opts[0] for option in design_options(nothing).__click_params__}


def given(context: click.Context) -> Callable[[str], bool]:
    """Return what tells whether the user gave an option."""
    return lambda option: context.get_parameter_source(option) is not click.core.ParameterSource.DEFAULT
