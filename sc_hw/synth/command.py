"""The verb ``synth``: what an emitted folder costs on devices, as a table and a record."""

from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ..blocks.cost import begun, costed
from ..targets import list_targets, load_target
from .synthesise import synthesise_many, top_module
from .table import render_table

__all__ = ["synth_command"]


def synth_command(
    folder: Path, targets: list[str], module: str, json_path: Path | None, console: Console, block: str = ""
) -> int:
    """Synthesise an emitted folder, or a ``block`` inside, and print the table; no target named means all of them.

    Returns 0 when every verdict of every target holds, else 1. Errors: ``UserError`` before or instead of
    any output. With ``json_path`` the results are written there, failed verdicts included.
    """
    chosen = [load_target(name) for name in dict.fromkeys(targets or list_targets())]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with begun("synth", folder, block, module) as run:
        core = run.core
        one = costed(core, block) if block else None
        top_module(core, module)
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("synthesis", total=len(chosen))
            results = synthesise_many(core, chosen, module=module, block=one, progress=lambda _result: bar.advance(task))
        passed = all(result.passed for result in results)
        run.publish(
            [
                {
                    "verb": "synth",
                    "verdict": "pass" if passed else "fail",
                    "seconds": round(sum(r.seconds for r in results), 2),
                    "tools": {"yosys": results[0].tool_version},
                    "results": [result.to_dict() for result in results],
                    **(one.named if one else {}),
                }
            ],
            json_path,
            partial="" if module == "core" else f"only the {module}",
        )
    console.print(render_table(results))
    if core.edited:
        console.print(f"edited since it was emitted: {', '.join(core.edited)}", markup=False, highlight=False)
    for result in results:
        for failure in result.failures:
            console.print(f"{result.target}: {failure}", markup=False, highlight=False)
    return 0 if passed else 1
