"""Numbers that stand in the edited Verilog of a core and not in what was emitted: what an edit may compare with."""

import re
from pathlib import PurePosixPath

from .manifest import Core
from .rtl.contents import without_contents
from .rtl.emit import core_files

__all__ = ["mined_numbers"]

_MOST = 16  # each costs some timesteps
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_NUMBER = re.compile(r"\d*\s*'[sS]?(?:[dD](?P<d>[\d_]+)|[hH](?P<h>[\da-fA-F_]+)|[bB](?P<b>[01_]+))|(?<![\w$'])(?P<plain>\d+)\b")
_BASES = {"d": 10, "h": 16, "b": 2, "plain": 10}


def mined_numbers(core: Core) -> list[int]:
    """Return the numbers above 1 that the edited files of a core have and the emitted ones have not, at most 16."""
    if not core.edited:
        return []
    emitted = core_files(core.design, core.manifest["generator"])
    known = {number for name, text in emitted.items() if name.endswith(".v") for number in _numbers(text)}
    files = {PurePosixPath(name).name for name in core.edited}
    found = [number for name, text in core.verilog_text.items() if PurePosixPath(name).name in files for number in _numbers(text)]
    return [number for number in dict.fromkeys(found) if number > 1 and number not in known][:_MOST]


def _numbers(text: str) -> list[int]:
    """Return the numbers of a Verilog text in their order, without those in comments and what memories hold at power-up."""
    plain = _COMMENT.sub(" ", without_contents(text))
    return [
        int(found[base].replace("_", ""), _BASES[base])
        for found in _NUMBER.finditer(plain)
        for base in _BASES
        if found[base] and found[base].strip("_")
    ]
