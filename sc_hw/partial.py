"""What a whole run of a verb is, and how a record says that one was less: so that no part is taken for the whole."""

__all__ = ["INSTANCES", "MUTANTS", "SEEDS", "SIMULATOR_ONLY", "SOLVERS", "STEPS", "fewer", "joined"]

STEPS = 200
"""Timesteps of ``sim``."""
INSTANCES = 24
"""Faults at instances of ``selftest``."""
MUTANTS = 200
"""Mutants of ``mutate``."""
SEEDS = 5
"""Seeds of ``pnr``."""
SOLVERS = ("yices", "bitwuzla")
"""Solvers of ``prove`` and ``mutate``: so many must agree, whichever they are."""

SIMULATOR_ONLY = "with what only a simulator can do"
"""Of a ``sim`` with ``--allow-system-tasks``: what such Verilog does, no other verb sees."""


def fewer(count: int, whole: int, what: str) -> str:
    """Return what to say of a run with fewer of something than a whole one has; nothing of one that has as many."""
    return f"{count:,} of {whole:,} {what}" if count < whole else ""


def joined(*reasons: str) -> str:
    """Return why a run was a part of a whole one, for the entry ``partial`` of its record; empty when it was whole."""
    return "; ".join(filter(None, reasons))
