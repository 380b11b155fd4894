"""Accuracy: the fixed-point model of a rule beside its float reference, measured over seeds and named variants."""

import dataclasses
import time
from collections.abc import Mapping, Sequence
from math import inf, isfinite
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from sc_hw_models.registry import get_rule
from sc_hw_models.rule import ConfigError, Rule

from ..config import build_config
from ..errors import UserError
from ..folder import turn
from ..manifest import Core
from ..records import write_record, write_results
from .measure import Variant, figureless, measure_accuracy

__all__ = ["accuracy_command", "accuracy_markdown", "accuracy_table"]

MAX_SEEDS = 1000
_UNIT = "% of full scale"


def accuracy_command(
    rule_name: str,
    *,
    presets: Sequence[str] = (),
    settings: Sequence[str] = (),
    variants: Sequence[str] = (),
    seeds: int = 5,
    table: Mapping[str, Any] | None = None,
    markdown: bool = False,
    json_path: Path | None = None,
    console: Console | None = None,
    core: Core | None = None,
) -> int:
    """Measure and print how far a rule's fixed-point model lies from its float reference; return 0, or 1 without figures.

    Each of ``presets`` (or ``all``) and of ``variants``, ``name:key=value,key=value``, is measured on its own, a variant
    on top of the default preset; without any, the default preset is. ``table`` is a configuration as read from
    TOML, ``settings`` are ``key=value``; both change every one of them. Seeds 0..``seeds``-1 (1..1000) drive the spikes.
    ``markdown`` prints the text of a documentation table; ``json_path`` receives every run, and so do
    the results of ``core``, whose rule and configuration are measured if it is given.
    Errors: ``UserError`` for an unknown rule, key or value, a bad variant, or a file that cannot be written.
    """
    console = console or Console()
    if core:
        if presets or settings:
            raise UserError(f"{core.folder}: has a configuration; leave out --preset and --set, or leave out {core.folder}")
        rule_name, table = core.design.rule.name, core.manifest["config"]
    try:
        rule = get_rule(rule_name)
    except ConfigError as error:
        raise UserError(str(error)) from error
    if not 1 <= seeds <= MAX_SEEDS:
        raise UserError(f"--seeds {seeds}: out of range; allowed are 1..{MAX_SEEDS}")
    configs: dict[str, Any] = {}  # all are checked before the first of many seconds is spent
    chosen = list(rule.presets) if "all" in presets else presets
    rows: list[tuple[str, str, list[str]]] = [(name, name, []) for name in chosen] + [
        (name, "default", own) for name, own in map(_parse_variant, variants)
    ]
    for name, preset, own in rows or [("as configured", "default", [])]:
        if name in configs:
            raise UserError(f"{name!r}: given twice; name each preset and variant once")
        configs[name] = build_config(rule, table or {}, [*settings, *own], preset=preset)
    started = time.perf_counter()
    results = measure_accuracy(rule, configs, seeds=seeds, console=console)
    record = _record(rule, results) | {"seconds": round(time.perf_counter() - started, 2)}
    if core:
        with turn(core.folder):
            write_results(core, record, json_path)
    elif json_path:
        write_record(json_path, record)
    if markdown:
        console.print(accuracy_markdown(results), markup=False, highlight=False, soft_wrap=True)
    else:
        console.print(accuracy_table(rule.name, results))
    if without := figureless(results):
        console.print(
            f"FAIL {rule.name}: no figures of {', '.join(without)}: its accuracy(config, seed) gives no numbers; "
            "add deviations from a float reference",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    return 1 if without else 0


def accuracy_table(rule_name: str, results: Sequence[Variant]) -> Table:
    """Return the medians as a rich table: one row a variant, one column a field, in percent of full scale."""
    seeds = len(results[0].runs)
    table = Table(title=f"{rule_name}: fixed minus float, {_UNIT}, median of {seeds} seed{'s' if seeds > 1 else ''}")
    header, *rows = _cells(results)
    table.add_column(header[0])
    for title in header[1:]:
        table.add_column(title, justify="right")
    for row in rows:
        table.add_row(*row)
    return table


def accuracy_markdown(results: Sequence[Variant]) -> str:
    """Return the same cells as the text of a Markdown table."""
    header, *rows = _cells(results)
    rule = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (header, rule, *rows))


def _cells(results: Sequence[Variant]) -> list[list[str]]:
    """Return header and rows; a field's rms and maximum share a column."""
    figures = list(results[0].runs[0])
    fields = [figure.removesuffix("_rms") for figure in figures if figure.endswith("_rms")]
    paired = {f"{name}_{kind}" for name in fields for kind in ("rms", "max")}
    single = [figure for figure in figures if figure not in paired]
    rows = [["variant", *[f"{name} rms / max" for name in fields], *[figure.replace("_", " ") for figure in single]]]
    for result in results:
        values = result.medians
        pairs = [f"{_percent(values[f'{name}_rms'])} / {_percent(values[f'{name}_max'])}" for name in fields]
        rows.append([result.name, *pairs, *[_percent(values[figure], "+") for figure in single]])
    return rows


def _percent(value: float, sign: str = "") -> str:
    """Return two significant digits of the percentage."""
    return f"{100 * value:{sign}#.2g}".rstrip(".")


def _parse_variant(text: str) -> tuple[str, list[str]]:
    """Split ``name:key=value,key=value``; nothing after the colon means the configuration as it is."""
    name, colon, settings = text.partition(":")
    if not colon or not name.strip():
        raise UserError(f"--variant {text!r}: not a variant; write name:key=value,key=value")
    return name.strip(), [setting.strip() for setting in settings.split(",") if setting.strip()]


def _record(rule: Rule, results: Sequence[Variant]) -> dict[str, Any]:
    runs = [run for result in results for run in result.runs]
    numbers = [figure for figure in runs[0] if all(isfinite(run.get(figure, inf)) for run in runs)]  # JSON has no others
    return {
        "verb": "accuracy",
        "verdict": "fail" if figureless(results) else "pass",  # figures without a bound: they were measured
        "without_figures": figureless(results),
        "tools": {"numpy": np.__version__},
        "rule": rule.name,
        "seeds": list(range(len(results[0].runs))),
        "variants": [
            {
                "name": r.name,
                "config": dataclasses.asdict(r.config),
                "runs": [{figure: run[figure] for figure in numbers} for run in r.runs],
                "median": {figure: r.medians[figure] for figure in numbers},
            }
            for r in results
        ],
    }
