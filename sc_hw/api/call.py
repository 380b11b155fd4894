"""A verb of the command line, called from Python: what both do is one implementation, below the command."""

import io
import json
import os
import threading
from collections.abc import Iterator, Mapping, Sequence, Set, ValuesView
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import click
import numpy as np

from sc_hw_models.errors import shown
from sc_hw_models.scratch import temporary_folder

from ..errors import UserError
from ..written import forget
from .result import Result

__all__ = ["Folder", "Settings", "Value", "call", "joined", "keywords", "path_of", "verbs"]

Folder = str | os.PathLike[str]
"""A path; what ``emit`` returns is one too."""
Value = str | int | float | bool | None
Settings = Mapping[str, Value] | Sequence[str]
"""Settings by name, or ``key=value`` each."""

_RENAMED = {"from": "from_", "set": "settings", "neuron_set": "neuron_settings"}
_one = threading.RLock()  # standard output belongs to the process: one verb at a time


def verbs() -> dict[tuple[str, ...], click.Command]:
    """Return every verb of the command line by the words that it is called by."""
    from ..cli import app

    found: dict[tuple[str, ...], click.Command] = {}

    def enter(command: click.Command, words: tuple[str, ...]) -> None:
        if isinstance(command, click.Group):
            for name, inside in command.commands.items():
                enter(inside, (*words, name))
        else:
            found[words] = command

    enter(app, ())
    return found


def joined(settings: Settings | None, rule_settings: Mapping[str, Value]) -> list[str]:
    """Return settings that were given as ``settings`` and those given as keywords, which come last."""
    return [_text("settings", one) for one in (*_several(() if settings is None else settings), *_several(rule_settings))]


def keywords(command: click.Command) -> dict[str, click.Parameter]:
    """Return the parameters of a verb by their keywords: an option's long name with ``_`` for ``-``.

    ``--from`` is ``from_``, ``--set`` is ``settings`` and ``--neuron-set`` is ``neuron_settings``.
    """
    found = {}
    for parameter in command.params:
        name = parameter.opts[0].lstrip("-").replace("-", "_")
        found[_RENAMED.get(name, name)] = parameter
    return found


def call(*words: str, **values: Any) -> Result:
    """Call a verb with what its function was given and return its outcome.

    A value of None is left out. Errors: ``UserError`` with the line of the command line where that ends with status 2,
    ``CheckError`` where a tool ended without a result. A check that failed is an outcome: ``passed`` is False.
    """
    command, record = verbs()[words], values.get("json")
    forget()
    with _one, temporary_folder(prefix="sc-hw-record-") as scratch, _told_as_the_command(" ".join(words)):
        if record is not None:
            values = values | {"json": record if record == "-" else path_of("--json", record)}
        if record is None and "json" in keywords(command):
            values = values | {"json": scratch / "record.json"}
        printed = io.StringIO()
        with redirect_stdout(printed):
            status = _invoke(command, words, _arguments(command, values))
        return Result(verb=" ".join(words), status=status, text=printed.getvalue(), record=_record(values.get("json")))


def _invoke(command: click.Command, words: tuple[str, ...], arguments: list[str]) -> int:
    """Run a verb and return its exit status; what it raises is raised."""
    try:
        status = command.main(arguments, prog_name=" ".join(("sc-hw", *words)), standalone_mode=False)
    except SystemExit as end:
        status = end.code
    except click.Abort as error:
        raise KeyboardInterrupt from error
    return status if isinstance(status, int) else 0


def _record(path: Any) -> dict[str, Any]:
    """Return the record that the verb wrote, empty when it writes none."""
    if path is None or not Path(path).is_file():
        return {}
    record = json.loads(Path(path).read_text(encoding="utf-8"))
    return record if isinstance(record, dict) else {}


def _arguments(command: click.Command, values: Mapping[str, Any]) -> list[str]:
    """Return what is typed to give these values; each stands behind ``=`` or ``--``, so that none is taken for an option."""
    named = keywords(command)
    options: list[str] = []
    positional: list[str] = []
    for keyword, value in values.items():
        parameter = named[keyword]
        if value is None:
            continue
        if isinstance(parameter, click.Argument):
            positional += [_text(keyword, one) for one in (_several(value) if parameter.nargs != 1 else [value])]
            continue
        option = parameter.opts[0]
        if isinstance(parameter, click.Option) and parameter.is_flag:
            if not isinstance(value, bool | np.bool_):
                raise UserError(f"{option} {shown(value)}: is a switch; allowed are True and False")
            options += [option] if value else []
        elif parameter.multiple:
            options += [f"{option}={_text(option, one)}" for one in _several(value)]
        else:
            options.append(f"{option}={_text(option, value)}")
    return [*options, "--", *positional]


def _several(value: Any) -> list[Any]:
    """Return the values of an option that may be repeated: settings by name, several in a row, or one."""
    if isinstance(value, Mapping):
        return [f"{key}={_text(str(key), one)}" for key, one in value.items()]
    if isinstance(value, np.ndarray) and value.ndim:
        return list(value.flat)
    return list(value) if isinstance(value, list | tuple | Set | ValuesView) else [value]


def _text(what: str, value: Any) -> str:
    """Return a value as it is typed. Errors: ``UserError`` for one that is no value of an option."""
    match value:
        case bool() | np.bool_():
            return str(bool(value)).lower()
        case str():
            text = value
        case os.PathLike():
            try:
                text = os.fsdecode(value)
            except Exception as error:  # of its own __fspath__
                raise UserError(f"{what}: {type(value).__name__} gives no path ({error}); give one") from error
        case None:
            return "none"
        case _:
            return _number(what, value)
    if "\0" in text:
        raise UserError(f"{what} {shown(text)}: has a zero byte, which no argument can; leave it out")
    try:
        os.fsencode(text)
    except UnicodeEncodeError as error:
        raise UserError(f"{what} {shown(text)}: has half a character, which no argument can; leave it out") from error
    return text


def _number(what: str, value: Any) -> str:
    """Return a number of any library as it is typed. Errors: ``UserError`` for what is none, and one of thousands of digits."""
    for kind, convert, written in (("__index__", int, str), ("__float__", float, repr)):
        if hasattr(value, kind):
            try:
                return written(convert(value))
            except Exception as error:  # of another library's number
                raise UserError(f"{what}: {type(value).__name__} that is no number to type ({error}); give one number") from error
    raise UserError(f"{what}: {type(value).__name__} given; allowed are text, numbers, paths, True and False")


def path_of(what: str, given: Any) -> Path:
    """Return what was given as a path. Errors: ``UserError`` for what is none."""
    if not isinstance(given, str | os.PathLike):
        raise UserError(f"{what} {shown(given)}: not a path; give one")
    return Path(_text(what, given))


@contextmanager
def _told_as_the_command(words: str) -> Iterator[None]:
    """Raise what is the user's to mend as ``UserError``, with the line that the command line says."""
    from ..boundary import ENVIRONMENT, failure

    try:
        yield
    except UserError:
        raise
    except Exception as error:
        line, status = failure(error, report=False)  # a defect is raised as it is
        if status != ENVIRONMENT:
            raise
        raise UserError(line.removeprefix("sc-hw: ")) from error
