"""The verb ``package`` as a function.

Keywords are the options of the command: ``sc-hw package --help``. ``folder`` is a path or what ``emit`` and ``load`` return.
Errors: those of ``call``.
"""

from .call import Folder, call
from .result import Result

__all__ = ["package"]


def package(folder: Folder, *, rule: Folder | None = None, format: str, output: Folder, force: bool = False) -> Result:
    """Write a design with a bus as a package of another tool."""
    return call("package", folder=folder, rule=rule, format=format, output=output, force=force)
