"""The verb ``estimate``: a table of what a design will take, and its record."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from ..emit.command import design_of, summary
from ..errors import UserError
from ..manifest import Core, load_core
from ..records import head, stamp, write_record
from ..rtl.design import CoreDesign
from ..synth.table import LABELS
from ..targets import load_target
from .estimate import Estimate, Range, estimates
from .fit import COVERAGE

__all__ = ["estimate_command", "estimate_table"]

_MODULES = ("core", "lane")


def estimate_command(
    folder: Path | None,
    options: Mapping[str, Any],
    targets: Sequence[str],
    module: str,
    json_path: Path | None,
    console: Console,
    *,
    given: Callable[[str], bool],
) -> int:
    """Print the estimate of an emitted folder, or of the design that the options describe, on each device; return 0.

    ``options`` are those of ``emit`` that describe a design. Nothing is written but ``json_path``.
    Errors: ``UserError`` for a folder that is none, for options beside it, and those of ``design_of`` and ``estimates``.
    """
    chosen = [load_target(name) for name in dict.fromkeys(targets)]
    if module not in _MODULES:
        raise UserError(f"--module {module!r}: unknown; allowed are {', '.join(_MODULES)}")
    core: Core | None = None
    if folder is None:
        design = design_of(name="sc_core", given=given, **options)
    else:
        if extra := [name for name in options if given(name)]:
            option = {"settings": "--set", "neuron_settings": "--neuron-set", "derived": "--from"}.get(extra[0], f"--{extra[0]}")
            raise UserError(f"{option}: describes a design, and so does {folder}; leave out one of the two")
        core = load_core(folder)
        design = core.design
    if module == "lane" and design.parts:
        raise UserError("--module lane: is of one core; leave it out with --pre and --post and with --presynaptic")
    found = estimates(design, chosen, module=module)
    if json_path is not None:
        write_record(json_path, _record(design, module, found, core))
    console.print(estimate_table(found, f"{summary(design)}{design.addition}" if module == "core" else "one lane"))
    for one in found:
        if one.outside:
            beyond = f"{one.target.name}: extrapolated, its interval promises nothing: {'; '.join(one.outside)}"
            console.print(beyond, markup=False, highlight=False)
    if core and core.edited:
        console.print(
            f"edited since it was emitted, which an estimate does not see: {', '.join(core.edited)}",
            markup=False,
            highlight=False,
        )
    return 0


def _record(design: CoreDesign, module: str, found: Sequence[Estimate], core: Core | None) -> dict[str, Any]:
    own = head(core) if core else stamp() | {"core": design.name}
    return own | {
        "verb": "estimate",
        "verdict": "pass",
        "rule": (design.rule.whole or design.rule).name,
        "module": module,
        "synapses": design.synapses,
        "lanes": design.lanes,
        "results": [one.to_dict() for one in found],
    }


def estimate_table(found: Sequence[Estimate], title: str) -> Table:
    """Return the estimates as a table, a device a row."""
    yosys = ", ".join(sorted({one.yosys for one in found}))
    caption = (
        f"Estimates of post-synthesis counts by Yosys {yosys}, with intervals that held {100 * COVERAGE:.0f} % of designs "
        "left out of the fit; BRAM and DSP are exact, by rule. sc-hw synth measures."
    )
    table = Table(title=title, caption=caption, box=SIMPLE_HEAD)
    for name in ("target", "LUT", "interval", "FF", "interval", LABELS["block_ram"], LABELS["dsp"], "fits"):
        table.add_column(
            name, justify="left" if name in ("target", "fits") else "right", no_wrap=name == "target", overflow="fold"
        )
    for one in found:
        table.add_row(one.target.name, *_cells(one.lut), *_cells(one.ff), f"{one.block_ram:,.10g}", f"{one.dsp:,.10g}", one.fits)
    return table


def _cells(found: Range) -> tuple[str, str]:
    return f"{found.estimate:,}", f"{found.least:,}..{found.most:,}"
