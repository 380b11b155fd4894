"""The verb ``pnr``: clocks, device use and critical paths of an emitted core after place and route."""

import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ..blocks.cost import begun, costed
from ..partial import SEEDS, fewer, joined
from .place import load_placeable, place_many
from .table import path_line, render_table

__all__ = ["pnr_command"]


def pnr_command(
    folder: Path, targets: list[str], module: str, seeds: int, json_path: Path | None, console: Console, block: str = ""
) -> int:
    """Place and route an emitted folder, or a ``block`` inside, from seeds 1..``seeds`` and print the table.

    Returns 0 when every seed of every target was routed, else 1. Errors: ``UserError`` before or instead of any output.
    """
    chosen, start = [load_placeable(name) for name in dict.fromkeys(targets)], time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with begun("pnr", folder, block, module) as run:
        core = run.core
        one = costed(core, block) if block else None
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("place and route, seeds", total=len(chosen) * seeds)
            results = place_many(
                core,
                chosen,
                range(1, seeds + 1),
                module=module,
                keep=run.files,
                progress=lambda _result: bar.advance(task),
                block=one,
            )
        passed = all(result.passed for result in results)
        tools = {"yosys": results[0].yosys_version} | {result.device.tool: result.tool_version for result in results}
        partial = joined("" if module == "core" else f"only the {module}", fewer(seeds, SEEDS, "seeds"))
        run.publish(
            [
                {
                    "verb": "pnr",
                    "verdict": "pass" if passed else "fail",
                    "seconds": round(time.monotonic() - start, 2),
                    "tools": tools,
                    **(one.named if one else {"module": module}),
                    "results": [result.to_dict() for result in results],
                }
            ],
            json_path,
            partial=partial,
        )
    console.print(render_table(results))
    lines = [f"edited since it was emitted: {', '.join(core.edited)}"] if core.edited else []
    for result in results:
        lines += [f"{result.target.name}: {failure}" for failure in result.failures]
        if result.median:
            lines.append(f"{result.target.name}, critical path of seed {result.median.seed}: {path_line(result)}")
        if result.device.untimed:
            lines.append(f"{result.target.name}, not timed by nextpnr: {result.device.untimed}")
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    return 0 if passed else 1
