"""The report as one HTML page that needs nothing else: style and drawings inside, no script, no request."""

import dataclasses
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from .. import __version__
from ..records import head
from .diagram import diagram
from .join import Report
from .waves import LEFT, WIDTH, draw

__all__ = ["page_of", "render"]

_SECTIONS = (
    ("core", "Core"),
    ("resources", "Resources"),
    ("clocks", "Clocks"),
    ("proof", "Proof"),
    ("parity", "Parity"),
    ("coverage", "Coverage"),
    ("mutants", "Mutants"),
    ("faults", "Planted faults"),
    ("waveforms", "Waveforms"),
    ("accuracy", "Accuracy"),
    ("provenance", "Provenance"),
)

RESOURCE_LABELS = {"lut": "LUT", "ff": "flip-flop", "block_ram": "block RAM", "large_ram": "large RAM", "dsp": "DSP"}


@cache
def _template(name: str) -> Template:
    """Return a page's template, which is compiled once in a process."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {"number": _number, "solver_seconds": _solver_seconds, "percent": _percent}
    return environment.get_template(name)


def render(report: Report) -> str:
    """Return the page. Everything that records hold is data and is escaped."""
    drawing = draw(report.waveform) if report.waveform and report.waveform["inputs"][0]["values"] else None
    design: Any = report.core.design
    return page_of(
        "page.html.j2",
        report,
        sections=_SECTIONS,
        proof_title="Proof of the datapath",
        spec=design.spec,
        config=dataclasses.asdict(design.config),
        defaults=dataclasses.asdict(design.rule.config_type()),
        drawing=drawing,
        left=LEFT,
        width=WIDTH,
    )


def page_of(template: str, report: Report, **values: Any) -> str:
    """Return a page of records and of what its template draws besides, ``values``."""
    design = report.core.design
    return _template(template).render(
        report=report,
        core=report.core,
        design=design,
        manifest=report.core.manifest,
        picture=Markup(diagram(design)),  # noqa: S704 - made of elements, which escape what they hold
        labels=RESOURCE_LABELS,
        head=("verb", "verdict", "seconds", "tools", *head(report.core)),
        version=__version__,
        **values,
    )


def _number(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}".rstrip("0").rstrip(".")


def _percent(value: float) -> str:
    """Return two significant digits, and whole percents from ten on."""
    return f"{100 * value:.0f}" if abs(value) >= 0.1 else f"{100 * value:.2g}"


def _solver_seconds(obligation: Mapping[str, Any]) -> dict[str, float]:
    """Return each solver's time for an obligation."""
    seconds: dict[str, float] = {}
    for answer in obligation["answers"]:
        seconds[answer["solver"]] = seconds.get(answer["solver"], 0.0) + answer["seconds"]
    return seconds
