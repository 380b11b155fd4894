"""Templates of Verilog: how all of them are read."""

from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined

__all__ = ["verilog_templates"]


def verilog_templates(loader: BaseLoader, **more: Any) -> Environment:
    """Return an environment in which an unknown name is an error, a line of a block alone leaves none, and nothing is escaped."""
    return Environment(
        loader=loader,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        autoescape=False,  # noqa: S701 - Verilog, not HTML; every name passed the allow-list
        **more,
    )
