"""Write a manual page for sc-hw and for each verb from the command line itself: ``python docs/man_pages.py build/man``."""

import inspect
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import click

from sc_hw.cli import app

__all__ = ["pages"]


def pages() -> dict[str, str]:
    """Return the pages by file name."""
    return {f"{name.replace(' ', '-')}.1": _page(name, command) for name, command in _commands("sc-hw", app)}


def _commands(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    for word, below in command.commands.items() if isinstance(command, click.Group) else ():
        yield from _commands(f"{name} {word}", below)


def _page(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name)
    lines = [f'.TH "{name.replace(" ", "-").upper()}" "1" "" "sc-hw {version("sc-hw")}" "sc-hw"', ".SH NAME"]
    lines += [f"{_plain(name.replace(' ', '-'))} \\- {_plain(command.get_short_help_str(200))}", ".SH SYNOPSIS"]
    lines += [f".B {_plain(name)}", _plain(" ".join(command.collect_usage_pieces(context))), ".SH DESCRIPTION"]
    for paragraph in inspect.cleandoc(command.help or "").replace("\b\n", "").split("\n\n"):
        lines += [".PP", _plain(" ".join(paragraph.split()))]
    options = [record for parameter in command.get_params(context) if (record := parameter.get_help_record(context))]
    lines.append(".SH OPTIONS")
    for option, text in options:
        lines += [".TP", f"\\fB{_plain(option)}\\fR", _plain(text)]
    if isinstance(command, click.Group):
        lines.append(".SH COMMANDS")
        for word, below in command.commands.items():
            lines += [".TP", f"\\fB{_plain(f'{name} {word}'.replace(' ', '-'))}\\fR(1)", _plain(below.get_short_help_str(200))]
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    """Return a text whose every character means itself in a manual page."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return f"\\&{text}" if text[:1] in (".", "'") else text


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in pages().items():
        (folder / file).write_text(text, encoding="utf-8")
    print(f"{folder}: {len(pages())} pages; man -l {folder}/sc-hw.1")
