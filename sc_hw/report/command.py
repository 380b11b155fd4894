"""The verb ``report``: a table on the terminal and one self-contained page."""

from collections.abc import Collection
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..errors import shown
from ..folder import turn
from ..network_folder import EmittedNetwork, load_emitted
from ..records import head, results_folder, write_record, write_text
from .blocks import with_blocks
from .join import Report, join
from .network import network_report
from .network_page import render_network
from .page import render

__all__ = ["report_command"]

_STYLES = {"pass": "green", "fail": "bold red", "stale": "yellow", "unknown": "yellow", "partial": "yellow"}


def report_command(folder: Path, output: Path | None, json_path: Path | None, verbs: Collection[str], console: Console) -> int:
    """Join the records of an emitted folder; return 0 when there is one and all are good, whole and current, else 1.

    Errors: ``UserError`` before any output for a folder or a record that cannot be used.
    """
    with turn(folder):
        core = load_emitted(folder, system_tasks=True)  # it reads records and runs nothing
        path = output or results_folder(folder) / "report.html"
        report = network_report(core) if isinstance(core, EmittedNetwork) else with_blocks(join(core, verbs))
        page = render_network(report) if isinstance(core, EmittedNetwork) else render(report)
        write_text(path, page, option="--output")
        if json_path:
            write_record(json_path, head(core) | report.to_dict())
    console.print(_table(report))
    if report.blocks:
        console.print(_blocks(report))
    if core.edited:
        console.print(f"edited since it was emitted: {', '.join(core.edited)}", markup=False, highlight=False)
    good, missing = sum(entry.status == "pass" for entry in report.present), len(report.missing)
    partly = [
        f"{entry.verb} ({entry.record['partial']})"
        for entry in report.present
        if entry.status != "pass" and entry.record and entry.record["partial"]
    ]
    counts = [
        f"{good} of {len(report.present)} records good",
        *([f"partial: {', '.join(partly)}"] if partly else []),
        f"{missing} verb{'' if missing == 1 else 's'} not run",
        *(f"block {place} fails" for place, block in report.blocks.items() if block.verdict == "fail"),
    ]
    console.print(
        f"{report.verdict.upper()} {core.design.name}{' as edited' if core.edited else ''}: {', '.join(counts)}; "
        f"page {shown(path)}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    return 0 if report.verdict == "pass" else 1


def _table(report: Report) -> Table:
    table = Table("verb", "verdict", "what it says", title=f"{report.core.design.name}: results")
    for entry in report.entries:  # as Text: what records hold is data, not markup
        table.add_row(entry.verb, Text(entry.status, style=_STYLES.get(entry.status, "dim")), Text(entry.summary))
    return table


def _blocks(report: Report) -> Table:
    table = Table("block", "verb", "verdict", "what it says", title=f"{report.core.design.name}: blocks inside")
    for place, block in report.blocks.items():
        for k, entry in enumerate(block.present):
            status = Text(entry.status, style=_STYLES.get(entry.status, "dim"))
            table.add_row("" if k else place, entry.verb, status, Text(entry.summary))
    return table
