"""What every reader of a rule's step holds it to: integer algebra, no intermediate beyond int64, no result outside its field.

Once for each configuration the step is traced on symbolic integers. What is not the algebra of ``fixed`` fails there, with
its line, whoever reads the step; the intervals bound every intermediate, so that arrays of ``int64`` and C cannot overflow.
After each update on integers or arrays every result is compared with the range of its field. The compiled step does that
for the fields that the intervals leave open, ``open_fields``; a proof asks its solvers.

All of them believe a trace, so the step must be a function (see ``functional``): every trace is compared with the first, and
at first use, and again by ``check_function`` when a verdict rests on it, so are results on plain integers and on arrays.
"""

import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from . import fixed, functional, term
from .errors import StepError
from .functional import FIRST, LAST, as_variables, different_terms, different_values
from .term import Term, lift, subterms, variable

if TYPE_CHECKING:
    from .rule import Field, RuleSpec

__all__ = ["MOST_BITS", "CheckedStep", "check_function", "open_fields", "unchecked"]

MOST_BITS = 63  # of an intermediate: what int64 holds with one bit to spare

Values = Mapping[str, Any]
Results = tuple[dict[str, Any], dict[str, Any]]
_INT64 = np.dtype(np.int64)
_ALGEBRA = {str(Path(str(module.__file__))) for module in (fixed, functional, term)} | {__file__}  # frames that are not its own
_ALLOWED = "a step is + - * >> and comparisons of integers, and the functions of sc_hw_models.fixed"


@dataclass(frozen=True)
class _Group:
    """The fields of the state or of the outputs that a step must give, what such a field is called, and its range."""

    what: str
    fields: "Mapping[str, Field]"
    ranges: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class _Contract:
    """What a step must give for one configuration, and its first trace: results over variables, which stand for fields."""

    groups: tuple[_Group, _Group]
    spec: "RuleSpec"
    terms: Mapping[str, Term]
    named: Mapping[int, str]


class CheckedStep:
    """A rule's step with these checks around it; called as the step is: ``(config, state, inputs) -> (state, outputs)``.

    Results on integers are plain ``int``, on arrays ``int64``. Errors: ``StepError``.
    """

    def __init__(self, rule: str, spec: "Callable[[Any], RuleSpec]", function: Callable[[Any, Values, Values], Results]) -> None:
        self.function, self._rule, self._spec = function, rule, spec
        self._known = lru_cache(maxsize=256)(self._traced)
        self._last: tuple[Any, _Contract] | None = None  # most calls have the configuration of the call before

    def __call__(self, config: Any, state: Values, inputs: Values) -> Results:
        """Return the next state and the outputs."""
        contract = self._contract(config)
        after, outputs = self.function(config, state, inputs)
        results = self._fitting(contract.groups[0], after), self._fitting(contract.groups[1], outputs)
        if isinstance(next(iter((state or inputs).values()), None), Term):
            self._compare(contract, state, inputs, results)
        return results

    def check_function(self, config: Any, seed: int) -> None:
        """Trace the step once more and run it on many integers; ``StepError`` when it is not what it was at first."""
        contract = self._contract(config)
        self._trace(config, contract.spec, contract)
        self._run(config, contract, LAST, seed)

    def _contract(self, config: Any) -> _Contract:
        """Trace the step of a configuration, the first time it is asked for."""
        last = self._last
        if last is None or last[0] is not config:
            try:
                hash(config)
            except TypeError:  # it can change
                return self._traced(config)
            self._last = last = config, self._known(config)
        return last[1]

    def _traced(self, config: Any) -> _Contract:
        for name, value in vars(config).items() if hasattr(config, "__dict__") else ():
            if not _plain(value):
                self._refuse(
                    f" is given the setting {name}, a {type(value).__name__}; allowed are numbers, words and tuples of these"
                )
        spec = self._spec(config)
        contract = self._trace(config, spec)
        bits = max((each.bits for each in subterms(contract.terms.values())), default=1)
        if bits > MOST_BITS:
            raise StepError(f"{self._rule}: an intermediate of the step needs {bits} bits; allowed are at most {MOST_BITS}")
        self._trace(config, spec, contract)
        self._run(config, contract, FIRST, seed=1)
        return contract

    def _trace(self, config: Any, spec: "RuleSpec", first: _Contract | None = None) -> _Contract:
        """Return a trace of the step; one that is not as the ``first`` is refused."""
        groups = tuple(
            _Group(what, {f.name: f for f in fields}, tuple((f.name, f.minimum, f.maximum) for f in fields))
            for what, fields in (("state field", spec.state), ("output", spec.outputs))
        )
        values = {f.name: variable(f.name, f.minimum, f.maximum) for f in (*spec.state, *spec.inputs, *spec.noise)}
        state = {f.name: values[f.name] for f in spec.state}
        inputs = {f.name: values[f.name] for f in (*spec.inputs, *spec.noise)}
        results = self._called(config, state, inputs)
        named = {id(value): name for name, value in values.items()}
        terms = _joined(*(self._fitting(group, part) for group, part in zip(groups, results, strict=True)))
        contract = _Contract((groups[0], groups[1]), spec, terms, named)
        if first:
            self._compare(first, state, inputs, results)
        return contract

    def _called(self, config: Any, state: Values, inputs: Values) -> Results:
        """Return what the step gives; ``StepError`` with its line when it fails, changes its arguments, or gives no pair."""
        given = dict(state), dict(inputs)
        try:
            results = self.function(config, *given)
        except StepError:
            raise
        except Exception as error:
            reason = f"{error}" if isinstance(error, TypeError) else f"{type(error).__name__}: {error}"
            self._refuse(f"{_line(error)}: {' '.join(reason.split())}; {_ALLOWED}", error)
        for own, kept in zip(given, (state, inputs), strict=True):  # arrays are read-only here, so that nobody writes into them
            if own.keys() != kept.keys() or any(own[name] is not value for name, value in kept.items()):
                changed = next(name for name in {**kept, **own} if own.get(name) is not kept.get(name) or name not in own)
                self._refuse(f" changes {changed} in what it is given; it leaves that as it is and returns new mappings")
        if not isinstance(results, tuple) or len(results) != 2 or not all(isinstance(part, Mapping) for part in results):
            self._refuse(f" returns {type(results).__name__}; allowed are two mappings, the next state and the outputs")
        return results

    def _compare(self, first: _Contract, state: Values, inputs: Values, results: Results) -> None:
        """Refuse a trace over variables that is not as the first one."""
        named = as_variables(first.spec, state, inputs)
        if named is not None and (name := different_terms(first.terms, first.named, _joined(*results), named)):
            what, _, own = name.partition("_")
            self._no_function(f"traced again, it gives another {'next ' * (what == 'next')}{own} than the first time")

    def _run(self, config: Any, contract: _Contract, updates: int, seed: int) -> None:
        """Refuse a step whose results on integers or arrays are not those of its terms."""

        def function(state: Values, inputs: Values) -> Values:
            results = self._called(config, state, inputs)
            for group, part in zip(contract.groups, results, strict=True):
                self._kinds(group, part)
            return _joined(*results, lifted=False)

        if text := different_values(function, contract.spec, contract.terms, updates, seed):
            self._no_function(text)

    def _no_function(self, text: str) -> NoReturn:
        self._refuse(f" is no function: {text}; it may depend on the values of its arguments and on nothing else")

    def _named(self, group: _Group, values: Values) -> None:
        """Refuse results that are not called as the fields of their group."""
        if values.keys() != group.fields.keys():
            wrong = [f"no {name}" for name in group.fields if name not in values]
            wrong += [f"{name}, which is no {group.what}" for name in values if name not in group.fields]
            self._refuse(f" returns {', '.join(wrong)}; allowed are exactly {', '.join(group.fields) or 'none'}")

    def _kinds(self, group: _Group, values: Values) -> None:
        """Refuse results that are no integers, wherever they lie."""
        self._named(group, values)
        for name, value in values.items():
            if isinstance(value, np.ndarray):
                if value.dtype.kind not in "biu":
                    self._refuse(f" gives {name} as {value.dtype}; {_ALLOWED}")
            elif not isinstance(value, int | np.integer | np.bool_):
                self._refuse(f" gives {value!r} as {group.what} {name}; {_ALLOWED}")

    def _fitting(self, group: _Group, values: Values) -> dict[str, Any]:
        """Return results as integers that fit their fields; ``StepError`` names the first that does not."""
        if values.keys() != group.fields.keys():
            self._named(group, values)
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
            field=f.name,
            value=value,
            synapse=synapse,
        )

    def _refuse(self, text: str, error: Exception | None = None) -> NoReturn:
        raise StepError(f"rule {self._rule}: the step{text}") from error


def open_fields(terms: Mapping[str, Term], fields: "Mapping[str, Field]") -> "dict[str, Field]":
    """Return the fields whose terms' intervals do not show that they fit, by the names of the terms."""
    return {name: f for name, f in fields.items() if not f.minimum <= terms[name].low <= terms[name].high <= f.maximum}


def check_function(step: Callable[..., Results], config: Any, seed: int) -> None:
    """See that the step of a rule is still the function that its readers believed; ``StepError`` says where it is not."""
    if isinstance(step, CheckedStep):
        step.check_function(config, seed)


def unchecked(step: Callable[..., Results]) -> Callable[..., Results]:
    """Return a step without the checks around it, for whoever shows what it gives where it fails."""
    return step.function if isinstance(step, CheckedStep) else step


def _joined(after: Values, outputs: Values, *, lifted: bool = True) -> dict[str, Any]:
    """Return results under one kind of name, as terms or as they are."""
    results = {f"next_{name}": value for name, value in after.items()} | {f"out_{name}": value for name, value in outputs.items()}
    return {name: lift(value) for name, value in results.items()} if lifted else results


def _plain(value: object) -> bool:
    """Return whether the value of a setting can never change and has no operators of its own."""
    return all(map(_plain, value)) if type(value) is tuple else value is None or type(value) in (int, bool, float, str)


def _line(error: Exception) -> str:
    """Return where a step failed: its last line before the algebra took over."""
    frames: Iterable[traceback.FrameSummary] = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if str(Path(frame.filename)) not in _ALGEBRA]
    return f", line {own[-1].lineno} of {Path(own[-1].filename).name}, {own[-1].line!r}" if own else ""
