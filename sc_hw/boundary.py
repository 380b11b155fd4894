"""The boundary: every verb runs inside it, and every failure leaves it as one line and one documented status."""

import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .errors import LONGEST, CheckError, UserError, one_line
from .written import forget, standing

__all__ = ["CHECK", "DEFECT", "ENVIRONMENT", "failure", "run"]

CHECK, ENVIRONMENT, DEFECT = 1, 2, 70


def run(verb: Callable[[], Any]) -> int:
    """Call ``verb`` and return the exit status, after a line on standard error if it failed.

    ``verb`` is a command of click, called with ``standalone_mode=False``: it returns or raises the status.
    """
    forget()
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, ValueError):  # a name that the terminal cannot show is escaped
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        try:
            status = verb()
            sys.stdout.flush()
        except SystemExit as end:
            status = end.code
            sys.stdout.flush()
        return status if isinstance(status, int) else 0
    except BaseException as error:
        return _told(error)


def _told(error: BaseException) -> int:
    """Say in a line what failed, and return the status of its kind."""
    _wait_for_the_end()
    with suppress(UserError, OSError, ValueError):
        sys.stdout.flush()
    line, status = failure(error)
    with suppress(OSError, ValueError, AttributeError):
        print(one_line(line, LONGEST), file=sys.stderr, flush=True)
    return status


def failure(error: BaseException, *, report: bool = True) -> tuple[str, int]:
    """Return what to say of a failure, and its status; of a defect with a ``report``, which leaves a file.

    With status 2 nothing is written, but for what the line names: what was whole before, as a result that could not be told.
    """
    line, status = _kind(error, report=report)
    stands = f"; written before that: {', '.join(standing())}" if status == ENVIRONMENT and standing() else ""
    return line + stands, status


def _kind(error: BaseException, *, report: bool) -> tuple[str, int]:
    import click

    rule = sys.modules.get("sc_hw_models.rule")  # a failure of its import is told too
    if rule and isinstance(error, rule.ConfigError):
        return f"sc-hw: {error}", ENVIRONMENT
    compiled = sys.modules.get("sc_hw_models.compiled")
    if compiled and isinstance(error, compiled.CompileError):  # a tool failed, wherever a golden model was made or ran
        return f"sc-hw: {error}", CHECK
    match error:
        case KeyboardInterrupt() | click.Abort():
            return "sc-hw: interrupted", 130
        case click.UsageError():
            command = error.ctx.command_path if error.ctx else "sc-hw"
            return f"{command}: {error.format_message()} (see {command} --help)", ENVIRONMENT
        case UserError():
            return f"sc-hw: {error}", ENVIRONMENT
        case CheckError():
            lines = [line for line in str(error).splitlines() if line.strip()] or ["a tool failed"]
            return f"sc-hw: {lines[0]}" + (f": {lines[-1].strip()}" if len(lines) > 1 else ""), CHECK
        case MemoryError():
            return "sc-hw: not enough memory; give it more, or something smaller", ENVIRONMENT
        case OSError():
            return (
                f"sc-hw: {_place(error)}{_reason(error)}; see that it exists, may be written and has room (df, ulimit -a)",
                ENVIRONMENT,
            )
        case ImportError() if not (error.name or "").startswith(("sc_hw.", "sc_hw_models", "sc_hw_sim")):
            return f"sc-hw: this installation lacks something ({error}); install sc-hw again", ENVIRONMENT
        case RuntimeError() if "can't start new thread" in str(error):
            return "sc-hw: no more threads or memory for them; raise the limits (ulimit)", ENVIRONMENT
        case _:
            return f"sc-hw: {_defect(error) if report else error}", DEFECT


def _place(error: OSError) -> str:
    """Return what an error of the system is about."""
    if error.filename is not None:
        return f"{os.fsdecode(error.filename) if isinstance(error.filename, bytes) else error.filename}: "
    try:
        os.getcwd()
    except OSError:
        return "the working directory is gone; change to one that exists: "
    return "a file or process of this command: "


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _defect(error: BaseException) -> str:
    """Return the report of a defect of ours; the traceback goes to a file, or to standard error with SC_HW_TRACEBACK=1."""
    text = "".join(traceback.format_exception(error))
    last = traceback.extract_tb(error.__traceback__)[-1:]
    where = f" at {os.path.basename(last[0].filename)}:{last[0].lineno}" if last else ""
    kept = "set SC_HW_TRACEBACK=1 for the traceback"
    if os.environ.get("SC_HW_TRACEBACK") == "1":
        print(text, file=sys.stderr)
        kept = "see the traceback above"
    else:
        with suppress(OSError):
            number, path = tempfile.mkstemp(prefix="sc-hw-traceback-", suffix=".txt")
            with open(number, "w", encoding="utf-8", errors="backslashreplace") as file:
                file.write(f"{sys.argv!r}\n{text}")
            kept = f"the traceback is in {path}"
    return f"a defect of sc-hw, {type(error).__name__}: {error}{where}; please report it with the command; {kept}"


def _wait_for_the_end() -> None:
    """Do not return once a signal is ending this process: what fails now fails because of that."""
    scratch = sys.modules.get("sc_hw_models.scratch")
    if scratch:
        with scratch.held():
            pass
