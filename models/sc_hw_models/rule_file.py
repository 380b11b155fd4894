"""Rules from files of their own, anywhere: whoever names such a file runs it.

A file is read once in a process; processes that this one starts find it by the environment. What it defines as ``RULE`` is
then known to ``registry.get_rule`` by its name.
"""

import hashlib
import json
import linecache
import os
import re
import stat
import sys
import traceback
import types
from dataclasses import dataclass
from pathlib import Path

from .checked import unchecked
from .errors import ConfigError
from .rule import Rule
from .step_code import StepCodeError, check_step_code

__all__ = ["RULE_FILES", "RuleFile", "add_rule_file", "rule_file", "rule_files", "where"]

RULE_FILES = "SC_HW_RULE_FILES"  # the environment: paths as in PATH
MOST_BYTES = 1 << 20
_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_KNOWN: dict[str, "RuleFile"] = {}


@dataclass(frozen=True, kw_only=True)
class RuleFile:
    """A rule and the file that defines it, as it was when it was read; ``sha256`` is of its bytes."""

    path: Path
    text: str
    sha256: str
    rule: Rule


def rule_file(name: str) -> RuleFile | None:
    """Return the file that a rule comes from, ``None`` for one of ours and for one that nobody gave a file of."""
    return rule_files().get(name)


def rule_files() -> dict[str, RuleFile]:
    """Return all rules from files by name, those that the environment names too. Errors: as ``add_rule_file``."""
    for path in os.environ.get(RULE_FILES, "").split(os.pathsep):
        if path and all(str(known.path) != path for known in _KNOWN.values()):
            add_rule_file(Path(path))
    return dict(_KNOWN)


def add_rule_file(path: Path) -> RuleFile:
    """Run a rule's file and make its rule known, here and to processes that are started from here.

    Errors: ``ConfigError`` with file and line for whatever is wrong with it, for a file inside an emitted folder, and for
    a name that another rule has.
    """
    path = Path(os.path.abspath(path))
    text = _text(path)
    _outside(path)
    rule = _run(path, text)
    found = RuleFile(path=path, text=text, sha256=hashlib.sha256(text.encode()).hexdigest(), rule=rule)
    other = _KNOWN.get(rule.name)
    if other and other.path != path:
        raise ConfigError(
            f"{where(path, text, 'name', rule.name)}: rule {rule.name!r} is that of {other.path} already; "
            "give one of them another name"
        )
    _KNOWN[rule.name] = found
    paths = dict.fromkeys([*filter(None, os.environ.get(RULE_FILES, "").split(os.pathsep)), str(path)])
    os.environ[RULE_FILES] = os.pathsep.join(paths)
    return found


def where(path: Path, text: str, key: str, value: str) -> str:
    """Return ``file:line`` of the line that says ``key="value"``, of the file's first line where none does."""
    pattern = re.compile(rf"""\b{re.escape(key)}\s*=\s*["']{re.escape(value)}["']""")
    line = next((number for number, each in enumerate(text.splitlines(), 1) if pattern.search(each)), 1)
    return f"{path}:{line}"


def _text(path: Path) -> str:
    what = "give the Python file of a rule (sc-hw rule new NAME writes one)"
    if os.pathsep in str(path) or not str(path).isprintable():
        raise ConfigError(f"{str(path)!r}: the path of a rule's file has no {os.pathsep!r} and no control characters; move it")
    try:
        found = os.stat(path)
        if not stat.S_ISREG(found.st_mode):
            raise ConfigError(f"{path}: not a regular file; {what}")
        if found.st_size > MOST_BYTES:
            raise ConfigError(f"{path}: {found.st_size:,} bytes; allowed are {MOST_BYTES:,}; {what}")
        return path.read_bytes().decode()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror or error}); {what}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 at byte {error.start}; {what}") from error


def _outside(path: Path) -> None:
    """Refuse a file in a folder that sc-hw emitted: that is data, maybe a stranger's, and data is not run."""
    for folder in path.resolve().parents:
        place = folder / "manifest.json"
        try:
            if not stat.S_ISREG(os.stat(place).st_mode):  # a queue would be waited for
                continue
            with place.open("rb") as file:
                manifest = json.loads(file.read(4 * MOST_BYTES))  # that of a network is as long
            schema = str(manifest["schema"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue
        if schema.startswith("sc-hw/"):
            raise ConfigError(
                f"{path}: lies in {folder}, which sc-hw emitted; what is emitted is never run: keep the rule's file elsewhere"
            )


def _run(path: Path, text: str) -> Rule:
    """Return the ``RULE`` of a file."""
    module = types.ModuleType(f"sc_hw_rule_{hashlib.sha256(str(path).encode()).hexdigest()[:16]}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # where dataclasses look for what annotations mean
    linecache.cache[str(path)] = (len(text), None, text.splitlines(keepends=True), str(path))
    try:
        code = compile(text, str(path), "exec", dont_inherit=True)
        exec(code, module.__dict__)  # noqa: S102 # the user's own file, as the help says
    except SyntaxError as error:
        raise ConfigError(f"{path}:{error.lineno or 1}: {error.msg}") from error
    except (Exception, SystemExit) as error:
        line = next((f.lineno for f in reversed(traceback.extract_tb(error.__traceback__)) if f.filename == str(path)), 1)
        reason = " ".join(str(error).split())
        kind = "" if isinstance(error, ConfigError) else f"{type(error).__name__}: "
        raise ConfigError(f"{path}:{line}: {kind}{reason}") from error
    rule = getattr(module, "RULE", None)
    if not isinstance(rule, Rule):
        found = "nothing" if rule is None else type(rule).__name__
        raise ConfigError(f"{path}:1: RULE is {found}; a rule's file defines RULE = Rule(...) (sc-hw rule new NAME writes one)")
    from .registry import RULES

    if not isinstance(rule.name, str) or not _NAME.fullmatch(rule.name) or len(rule.name) > 40 or rule.name in RULES:
        raise ConfigError(
            f"{where(path, text, 'name', str(rule.name))}: name {rule.name!r}: allowed are lower-case words "
            f"joined by _, at most 40 characters, and none of ours: {', '.join(RULES)}"
        )
    try:
        check_step_code(unchecked(rule.step), code, rule.config_type)
    except StepCodeError as error:
        raise ConfigError(f"{error.file}:{error.line}: {error}") from error
    return rule
