"""What every reader of a rule's step holds it to: integer algebra, no intermediate beyond int64, no result outside its field.

Once for each configuration the step is traced on symbolic integers. What is not the algebra of ``fixed`` fails there, with
its line, whoever reads the step; the intervals bound every intermediate, so that arrays of ``int64`` and C cannot overflow.
After each update on integers or arrays every result is compared with the range of its field. The compiled step does that
for the fields that the intervals leave open, ``open_fields``; a proof asks its solvers.
"""

import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from . import fixed, term
from .errors import StepError
from .term import Term, lift, subterms, variable

if TYPE_CHECKING:
    from .rule import Field, RuleSpec

__all__ = ["MOST_BITS", "CheckedStep", "open_fields", "unchecked"]

MOST_BITS = 63  # of an intermediate: what int64 holds with one bit to spare

Values = Mapping[str, Any]
Results = tuple[dict[str, Any], dict[str, Any]]
_INT64 = np.dtype(np.int64)
_ALGEBRA = {str(Path(str(module.__file__))) for module in (fixed, term)} | {__file__}  # frames that are not the step's own
_ALLOWED = "a step is + - * >> and comparisons of integers, and the functions of sc_hw_models.fixed"


@dataclass(frozen=True)
class _Group:
    """The fields of the state or of the outputs that a step must give, what such a field is called, and its range."""

    what: str
    fields: "Mapping[str, Field]"
    ranges: tuple[tuple[str, int, int], ...]


class CheckedStep:
    """A rule's step with these checks around it; called as the step is: ``(config, state, inputs) -> (state, outputs)``.

    Results on integers are plain ``int``, on arrays ``int64``. Errors: ``StepError``.
    """

    def __init__(self, rule: str, spec: "Callable[[Any], RuleSpec]", function: Callable[[Any, Values, Values], Results]) -> None:
        self.function, self._rule, self._spec = function, rule, spec
        self._known = lru_cache(maxsize=256)(self._traced)
        self._last: tuple[Any, tuple[_Group, _Group]] | None = None  # most calls have the configuration of the call before

    def __call__(self, config: Any, state: Values, inputs: Values) -> Results:
        """Return the next state and the outputs."""
        groups = self.contract(config)
        after, outputs = self.function(config, state, inputs)
        return self._fitting(groups[0], after), self._fitting(groups[1], outputs)

    def contract(self, config: Any) -> tuple[_Group, _Group]:
        """Trace the step of a configuration, the first time it is asked for, and return what it must give."""
        last = self._last
        if last is None or last[0] is not config:
            try:
                hash(config)
            except TypeError:  # it can change
                return self._traced(config)
            self._last = last = config, self._known(config)
        return last[1]

    def _traced(self, config: Any) -> tuple[_Group, _Group]:
        spec = self._spec(config)
        groups = tuple(_Group(what, {f.name: f for f in fields}, tuple((f.name, f.minimum, f.maximum) for f in fields))
                       for what, fields in (("state field", spec.state), ("output", spec.outputs)))  # fmt: skip
        values = {f.name: variable(f.name, f.minimum, f.maximum) for f in (*spec.state, *spec.inputs, *spec.noise)}
        state = {f.name: values[f.name] for f in spec.state}
        inputs = {f.name: values[f.name] for f in (*spec.inputs, *spec.noise)}
        try:
            results = self.function(config, state, inputs)
        except StepError:
            raise
        except Exception as error:
            reason = f"{error}" if isinstance(error, TypeError) else f"{type(error).__name__}: {error}"
            self._refuse(f"{_line(error)}: {' '.join(reason.split())}; {_ALLOWED}", error)
        if not isinstance(results, tuple) or len(results) != 2 or not all(isinstance(part, Mapping) for part in results):
            self._refuse(f" returns {type(results).__name__}; allowed are two mappings, the next state and the outputs")
        terms: list[Term] = []
        for group, part in zip(groups, results, strict=True):
            terms += [lift(value) for value in self._fitting(group, part).values()]
        bits = max((each.bits for each in subterms(terms)), default=1)
        if bits > MOST_BITS:
            raise StepError(f"{self._rule}: an intermediate of the step needs {bits} bits; allowed are at most {MOST_BITS}")
        return groups[0], groups[1]

    def _fitting(self, group: _Group, values: Values) -> dict[str, Any]:
        """Return results as integers that fit their fields; ``StepError`` names the first that does not."""
        if values.keys() != group.fields.keys():
            wrong = [f"no {name}" for name in group.fields if name not in values]
            wrong += [f"{name}, which is no {group.what}" for name in values if name not in group.fields]
            self._refuse(f" returns {', '.join(wrong)}; allowed are exactly {', '.join(group.fields) or 'none'}")
        result: dict[str, Any] = {}
        for name, low, high in group.ranges:
            value = values[name]
            if type(value) is not int:
                if isinstance(value, np.ndarray):
                    result[name] = self._array(group.fields[name], value, low, high)
                    continue
                if isinstance(value, Term):
                    if value.low > high or value.high < low:
                        self._left(group.fields[name], value.low if value.low > high else value.high)
                    result[name] = value
                    continue
                if not isinstance(value, int | np.integer | np.bool_):
                    self._refuse(f" gives {value!r} as {group.what} {name}; {_ALLOWED}")
                value = int(value)
            if not low <= value <= high:
                self._left(group.fields[name], value)
            result[name] = value
        return result

    def _array(self, f: "Field", array: np.ndarray, low: int, high: int) -> np.ndarray:
        if array.dtype is not _INT64:
            if array.dtype.kind not in "biu":
                self._refuse(f" gives {f.name} as {array.dtype}; {_ALLOWED}")
            if array.dtype == np.uint64:
                array = np.minimum(array, np.uint64(1 << 63 - 1))  # beyond every field, and still an int64
            array = array.astype(np.int64)
        if low:
            fits = low <= int(np.minimum.reduce(array, axis=None, initial=0)) and (
                int(np.maximum.reduce(array, axis=None, initial=0)) <= high
            )
        else:  # one pass: below 2^bits the union of all is, too
            fits = 0 <= int(np.bitwise_or.reduce(array, axis=None)) <= high
        if not fits:
            place = int(np.argmax((array < low) | (array > high)))
            self._left(f, int(array.reshape(-1)[place]), place)
        return array

    def _left(self, f: "Field", value: int, synapse: int | None = None) -> NoReturn:
        where = "" if synapse is None else f", synapse {synapse}"
        raise StepError(
            f"rule {self._rule}: the step gives {f.name}={value}{where}; allowed are {f.minimum}..{f.maximum}, "
            f"{f.bits} bit{'s' * (f.bits > 1)}{' signed' * f.signed}: clip it, or widen the field",
            field=f.name, value=value, synapse=synapse,
        )  # fmt: skip

    def _refuse(self, text: str, error: Exception | None = None) -> NoReturn:
        raise StepError(f"rule {self._rule}: the step{text}") from error


def open_fields(terms: Mapping[str, Term], fields: "Mapping[str, Field]") -> "dict[str, Field]":
    """Return the fields whose terms' intervals do not show that they fit, by the names of the terms."""
    return {name: f for name, f in fields.items() if not f.minimum <= terms[name].low <= terms[name].high <= f.maximum}


def unchecked(step: Callable[..., Results]) -> Callable[..., Results]:
    """Return a step without the checks around it, for whoever shows what it gives where it fails."""
    return step.function if isinstance(step, CheckedStep) else step


def _line(error: Exception) -> str:
    """Return where a step failed: its last line before the algebra took over."""
    frames: Iterable[traceback.FrameSummary] = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if str(Path(frame.filename)) not in _ALGEBRA]
    return f", line {own[-1].lineno} of {Path(own[-1].filename).name}, {own[-1].line!r}" if own else ""
