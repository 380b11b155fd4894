"""Whether a rule's step can be a function, read from its code: it reaches nothing that changes or that knows kinds of values.

``functional`` runs a step and compares; what shows for one value in 2^30, or in another verb, no run of it finds. So the code of
the step of a rule's file, and of whatever it calls, must keep to what our rules are made of: its arguments, constants, functions
of ``sc_hw_models`` and functions of this kind. It asks no value for its kind (``isinstance``, ``try``, ``is``, text of a value),
and reads neither a variable that can change nor anything of the process, such as its environment or its command. What it reads of
its configuration are settings, constants, and methods and properties that are held to the same.
"""

import builtins
import dataclasses
import dis
from collections.abc import Iterator
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

__all__ = ["StepCodeError", "check_step_code"]

_OURS = str(Path(__file__).parent)
_BUILTINS = frozenset(
    """
    range len enumerate zip reversed sorted sum min max abs any all map dict list tuple set frozenset int bool pow divmod
    AssertionError ValueError TypeError
    """.split()  # noqa: SIM905 - a list of words
)
_CONSTANT = (int, str, bytes, float, np.integer, np.bool_, type(None), range)
_TELLING = {
    "PUSH_EXC_INFO": "catches an error, which tells kinds of values apart",
    "MATCH_CLASS": "matches a class, which tells kinds of values apart",
    "IMPORT_NAME": "imports a module",
    "STORE_GLOBAL": "changes a variable of its module",
    "DELETE_GLOBAL": "changes a variable of its module",
    "STORE_ATTR": "changes an attribute",
    "DELETE_ATTR": "changes an attribute",
    **dict.fromkeys(
        ("FORMAT_VALUE", "FORMAT_SIMPLE", "FORMAT_WITH_SPEC"), "makes text of a value, which tells kinds of values apart"
    ),
}
_ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD")
# What may be asked of any value: of mappings, lists and tuples, which a step makes. ``format`` and others of text are not here.
_METHODS = frozenset(name for kind in (dict, list, tuple, set) for name in vars(kind) if not name.startswith("_"))
_PLAIN = frozenset({"__post_init__"})  # of a configuration: run when it is made, and what it then holds is looked at
_OF_FUNCTIONS = frozenset({"__wrapped__"})  # what functools.wraps leaves


class StepCodeError(Exception):
    """What a step does that no function does; ``line`` is where, in ``file``."""

    def __init__(self, file: str, line: int, why: str) -> None:
        super().__init__(
            f"the step {why}, so that it is no function: it may depend on its arguments, constants and functions of "
            "these, such as those of sc_hw_models.fixed, and on nothing else"
        )
        self.file, self.line, self.why = file, line, why


def check_step_code(step: object, module: CodeType, config_type: type) -> None:
    """Raise ``StepCodeError`` unless a step's code can be that of a function of its values and its configuration.

    ``module`` is the code of its whole file, ``config_type`` the rule's configuration.
    """
    if not isinstance(step, FunctionType):
        raise StepCodeError(module.co_filename, 1, f"is a {type(step).__name__} instead of a def or lambda")
    changed = {
        i.argval
        for code in _codes(module)
        if code is not module
        for i in dis.get_instructions(code)
        if i.opname in ("STORE_GLOBAL", "DELETE_GLOBAL")
    }
    reader = _Reader(changed, module.co_filename, config_type)
    reader.operators(type(config_type), f"the class of {config_type.__name__}")
    for each in config_type.__mro__:
        reader.operators(each, each.__name__)
    reader.function(step)


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Yield a code and all that stands in it."""
    yield code
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _codes(inner)


class _Reader:
    """Reads a step's function and all that it reaches, each once; ``changed`` are globals that some function assigns."""

    def __init__(self, changed: set[str], file: str, config_type: type) -> None:
        self.changed, self.file, self.config_type = changed, file, config_type
        self.settings = {field.name for field in dataclasses.fields(config_type)}
        self.seen: set[int] = set()

    def operators(self, kind: type, name: str) -> None:
        """Refuse a class of configurations that says itself what an operator, an index or an unknown name of it gives."""
        for word, value in vars(kind).items():
            code = getattr(value, "__code__", None)
            dunder = word.startswith("__") and word.endswith("__") and word not in _PLAIN
            if dunder and code is not None and code.co_filename == self.file:
                raise StepCodeError(self.file, code.co_firstlineno, f"is given a configuration whose class {name} has a {word}")

    def attribute(self, name: str, file: str, line: int) -> None:
        """Refuse an attribute that is no setting, and of no mapping or list, but what the configuration has of this kind."""
        found = next((vars(kind)[name] for kind in self.config_type.__mro__ if name in vars(kind)), None)
        if name in self.settings or (found is None and name in _METHODS):
            return
        parts = [found.fget] if isinstance(found, property) else [getattr(found, "__func__", found)]
        if found is None or any(part is None for part in parts):
            raise StepCodeError(file, line, f"looks at {name}, which is neither a setting nor of a mapping or a list")
        for part in parts:
            self.value(part, name, file, line)

    def function(self, function: FunctionType) -> None:
        code = function.__code__
        if id(function) in self.seen or Path(code.co_filename).is_relative_to(_OURS):
            return
        self.seen.add(id(function))
        if held := sorted(vars(function).keys() - _OF_FUNCTIONS):
            raise StepCodeError(code.co_filename, code.co_firstlineno, f"reaches {function.__name__}, which holds {held[0]}")
        closed = dict(zip(code.co_freevars, function.__closure__ or (), strict=True))
        defaults = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
        for value in defaults:
            self.value(value, "a default of a parameter", code.co_filename, code.co_firstlineno)
        for inner in _codes(code):
            self.code(inner, function, closed)

    def code(self, code: CodeType, function: FunctionType, closed: dict[str, Any]) -> None:
        line, instructions = code.co_firstlineno, list(dis.get_instructions(code))
        followed: set[int] = set()  # attributes of modules and classes, whose values are known
        for number, instruction in enumerate(instructions):
            line = (instruction.positions and instruction.positions.lineno) or line
            name, argument = instruction.opname, instruction.argval
            if name in _TELLING:
                raise StepCodeError(code.co_filename, line, _TELLING[name])
            if name in _ATTRIBUTES and str(argument).startswith("_"):
                raise StepCodeError(code.co_filename, line, f"looks at {argument}")
            if name in _ATTRIBUTES and number not in followed:
                self.attribute(str(argument), code.co_filename, line)
            if name == "IS_OP" and (instructions[number - 1].opname, instructions[number - 1].argval) != ("LOAD_CONST", None):
                raise StepCodeError(code.co_filename, line, "asks with is, which tells kinds of values apart")
            if name == "LOAD_CONST":
                self.text(argument, code.co_filename, line)
            if name in ("STORE_DEREF", "DELETE_DEREF") and argument in closed:
                raise StepCodeError(code.co_filename, line, f"changes {argument}, which outlives it")
            if name in ("LOAD_GLOBAL", "LOAD_NAME"):
                if argument in self.changed:
                    raise StepCodeError(code.co_filename, line, f"reads {argument}, which a function of its file changes")
                if argument in function.__globals__:
                    value = function.__globals__[argument]
                elif argument in vars(builtins):
                    if argument not in _BUILTINS:
                        raise StepCodeError(code.co_filename, line, f"calls {argument}")
                    continue
                else:  # fails when it runs, and says so
                    continue
            elif name in ("LOAD_DEREF", "LOAD_CLASSDEREF") and argument in closed:
                value = closed[argument].cell_contents
            else:
                continue
            for place, following in enumerate(instructions[number + 1 :], number + 1):
                if following.opname not in _ATTRIBUTES or not isinstance(value, ModuleType | type):
                    break
                followed.add(place)
                argument, value = f"{argument}.{following.argval}", getattr(value, following.argval, None)
            self.value(value, argument, code.co_filename, line)

    def text(self, value: object, file: str, line: int) -> None:
        """Refuse text that makes text of values."""
        if isinstance(value, str | bytes) and ("%" in value if isinstance(value, str) else b"%" in value):
            raise StepCodeError(file, line, "makes text of a value with %, which tells kinds of values apart")

    def value(self, value: object, name: str, file: str, line: int) -> None:
        """Refuse what can change, or is neither a constant nor a function that can be read."""
        self.text(value, file, line)
        if isinstance(value, FunctionType):
            try:
                self.function(value)
            except StepCodeError as error:
                if error.file == self.file:
                    raise
                raise StepCodeError(file, line, f"reads {name}, which {error.why}") from error
        elif isinstance(value, tuple | frozenset):
            for each in value:
                self.value(each, name, file, line)
        elif isinstance(value, _CONSTANT) or (isinstance(value, type) and issubclass(value, np.integer | np.bool_ | int)):
            return
        elif isinstance(value, BuiltinFunctionType | type) and value in vars(builtins).values():
            if not any(vars(builtins)[known] is value for known in _BUILTINS):
                raise StepCodeError(file, line, f"calls {name}")
        elif not isinstance(value, BuiltinFunctionType) or value.__module__ != "math":
            kind = "the class" if isinstance(value, type) else f"a {type(value).__name__}"
            raise StepCodeError(file, line, f"reads {name}, {kind}")
