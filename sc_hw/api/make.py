"""Verbs as functions: list what is in folders, write vectors, and begin and check rules.

Keywords are the options of the command, None is an option that is not given. What an option means and its default:
``sc-hw VERB --help``. ``folder`` is a path or what ``emit`` and ``load`` return. Errors of all: those of ``call``.
"""

from .call import Folder, call
from .result import Result

__all__ = ["files", "rule_check", "rule_new", "rules", "vectors"]


def files(
    folder: Folder,
    *,
    rule: Folder | None = None,
) -> Result:
    """List the Verilog of an emitted folder, the top first, by absolute path: a file list for tools that run elsewhere."""
    return call("files", folder=folder, rule=rule)


def vectors(
    folder: Folder,
    *,
    rule: Folder | None = None,
    output: Folder,
    steps: int | None = None,
    seed: int | None = None,
    force: bool = False,
) -> Result:
    """Write stimulus and expected results as hex files, with a testbench in plain Verilog for any simulator; no Python in it."""
    return call("vectors", folder=folder, rule=rule, output=output, steps=steps, seed=seed, force=force)


def rule_new(
    name: str,
    *,
    output: Folder | None = None,
    force: bool = False,
) -> Result:
    """Write a commented file to begin a rule with; it runs as it stands."""
    return call("rule", "new", name=name, output=output, force=force)


def rule_check(
    file: Folder,
    *,
    device: str | None = None,
) -> Result:
    """Run a rule's file and say what is wrong with it, a line each with file and line, or what its hardware will cost."""
    return call("rule", "check", file=file, device=device)


def rules() -> Result:
    """List the learning rules, their settings and their presets."""
    return call("rules")
