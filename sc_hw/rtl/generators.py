"""The names of the generators, the default first (docs/decisions/0020-verilog-by-default.md)."""

__all__ = ["DEFAULT_GENERATOR", "GENERATORS"]

GENERATORS = ("verilog", "amaranth")
DEFAULT_GENERATOR = GENERATORS[0]
