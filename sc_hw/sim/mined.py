"""Numbers that stand in the edited Verilog of a folder and not in what was emitted: what an edit may compare with."""

import re
from collections import Counter
from itertools import pairwise
from pathlib import PurePosixPath

from ..manifest import Core
from ..network_folder import EmittedNetwork
from ..rtl.contents import without_contents
from ..rtl.emit import core_files
from ..rtl.networks.files import network_files

__all__ = ["mined_numbers"]

_MOST = 16  # each costs some timesteps
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_NUMBER = re.compile(
    r"(?P<bits>\d*)\s*'[sS]?(?:[dD](?P<d>[\d_]+)|[hH](?P<h>[\da-fA-F_]+)|[bB](?P<b>[01_]+))|(?<![\w$'])(?P<plain>\d+)\b"
)
_BASES = {"d": 10, "h": 16, "b": 2, "plain": 10}


def mined_numbers(folder: Core | EmittedNetwork) -> list[int]:
    """Return the numbers above 1 that the edited files of a folder have more often than the emitted ones, at most 16.

    Behind them two that follow each other, side by side: a value may be compared with in parts.
    """
    if not folder.edited:
        return []
    emitted, files = _emitted(folder), {PurePosixPath(name).name for name in folder.edited}
    found = [each for name, text in folder.verilog_text.items() if name in files for each in _more(text, emitted.get(name, ""))]
    joined = [left << bits | right for (left, _), (right, bits) in pairwise(found) if bits]
    joined += [right << bits | left for (left, bits), (right, _) in pairwise(found) if bits]
    return [number for number in dict.fromkeys([value for value, _ in found] + joined) if number > 1][:_MOST]


def _emitted(folder: Core | EmittedNetwork) -> dict[str, str]:
    """Return the Verilog that the design of a folder is emitted as, by the name of the file."""
    if isinstance(folder, EmittedNetwork):
        return network_files(folder.design, folder.generator)
    files = core_files(folder.design, folder.manifest["generator"])
    return {PurePosixPath(name).name: text for name, text in files.items() if name.endswith(".v")}


def _more(text: str, emitted: str) -> list[tuple[int, int]]:
    """Return the numbers that lines of a text have more often than the lines of the emitted one in their place, with their bits.

    The bits are 0 where the text does not say.
    """
    new, old = _lines(text), _lines(emitted)
    left = Counter(value for line in old if line not in new for value, _ in _numbers(line))
    found = list[tuple[int, int]]()
    for line in new:
        for value, bits in _numbers(line) if line not in old else ():
            if not left[value]:
                found.append((value, bits))
            left[value] -= left[value] > 0
    return list(dict.fromkeys(found))


def _lines(text: str) -> dict[str, None]:
    """Return the lines of a Verilog text in their order, without comments and what memories hold at power-up."""
    return dict.fromkeys(_COMMENT.sub(" ", without_contents(text)).splitlines())


def _numbers(line: str) -> list[tuple[int, int]]:
    """Return the numbers of a line in their order, each with its bits."""
    return [
        (int(found[base].replace("_", ""), _BASES[base]), int(found["bits"] or 0))
        for found in _NUMBER.finditer(line)
        for base in _BASES
        if found[base] and found[base].strip("_")
    ]
