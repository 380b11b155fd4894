"""Checks of numbers and arrays that come from outside: one line names what was given and what is allowed."""

import inspect
import math
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import numpy as np

from .errors import shown
from .rule import ConfigError, check_integer

__all__ = [
    "as_array",
    "check_all",
    "check_array",
    "check_callable",
    "check_choice",
    "check_instance",
    "check_length",
    "check_number",
    "check_sizes",
    "check_state",
    "keep_number",
    "new_generator",
]

T = TypeVar("T")


def check_number(
    name: str, value: object, *, low: float = -math.inf, high: float = math.inf, above: float = -math.inf, below: float = math.inf
) -> float:
    """Return ``value`` if it is a finite real number in ``low..high``, above ``above`` and below ``below``.

    Errors: ``ConfigError`` names it, its value and what is allowed.
    """
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if number and math.isfinite(value) and low <= value <= high and above < value < below:  # type: ignore[operator, arg-type]
        return float(value) + 0.0  # type: ignore[arg-type]  # -0.0 becomes 0.0, which NumPy's generators take
    limits = [
        f"{word} {limit:g}"
        for word, limit in (("at least", low), ("above", above), ("at most", high), ("below", below))
        if math.isfinite(limit)
    ]
    raise ConfigError(f"{name}={shown(value)}: allowed are finite numbers{' ' if limits else ''}{' and '.join(limits)}")


def keep_number(owner: object, name: str, **limits: float) -> float:
    """Have a frozen dataclass keep its field ``name`` as the ``float`` that ``check_number`` makes of it, and return that.

    A number of NumPy would be kept in its own precision otherwise: of a float16, a decay loses all but three digits.
    """
    number = check_number(name, getattr(owner, name), **limits)
    object.__setattr__(owner, name, number)
    return number


def as_array(name: str, value: object) -> np.ndarray:
    """Return ``value`` as an array, or refuse by ``ConfigError`` what has rows of different lengths, or cannot become one.

    So is an array with masked values, itself or in a list: what becomes of it would show what is behind the mask.
    """
    parts = value if isinstance(value, list | tuple) and len(value) and isinstance(value[0], np.ndarray) else (value,)
    _refuse_masked(name, parts)
    try:
        return np.asarray(value)
    except Exception as error:  # an object's own way of becoming an array may raise anything
        raise ConfigError(f"{name}: rows of different lengths, or no numbers; allowed are arrays") from error


def _refuse_masked(name: str, values: Iterable[object]) -> None:
    """Refuse by ``ConfigError`` an array with masked values."""
    if any(isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value) for value in values):
        raise ConfigError(f"{name}: masked values; allowed are arrays without; fill them in first")


def check_length(name: str, value: object, length: int) -> np.ndarray:
    """Return ``value`` as an array if it has as many timesteps, its first axis, as the inputs: ``length``."""
    array = as_array(name, value)
    if array.shape[:1] != (length,):
        raise ConfigError(f"{name}: shape {array.shape} given; allowed are the {length} timesteps of inputs")
    return array


def check_array(name: str, value: object, shape: tuple[int | None, ...]) -> np.ndarray:
    """Return ``value`` as a float64 array if it is finite and has ``shape``, where ``None`` is any length of at least 1.

    Nothing is broadcast. Errors: ``ConfigError`` names it, its shape or its first value that is not finite.
    """
    array = as_array(name, value)
    wanted = "(" + ", ".join("any" if length is None else str(length) for length in shape) + ")"
    fits = array.ndim == len(shape) and all(
        have == want if want is not None else have >= 1 for have, want in zip(array.shape, shape, strict=True)
    )
    if not fits:
        raise ConfigError(f"{name}: shape {array.shape} given; allowed is {wanted}")
    if array.dtype.kind not in "bfiu":
        raise ConfigError(f"{name}: dtype {array.dtype} given; allowed are real numbers")
    array = array.astype(np.float64, copy=False)
    if not np.isfinite(array).all():
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ConfigError(f"{name}: {array[place]} at {place}; allowed are finite numbers")
    return array


def new_generator(seed: int) -> np.random.Generator:
    """Return a generator of random numbers that starts from ``seed``, an integer of at least 0."""
    return np.random.default_rng(check_integer("seed", seed, 0, 2**63 - 1))


def check_instance(name: str, value: object, kind: type[T]) -> T:
    """Return ``value`` if it is of the type ``kind``."""
    if not isinstance(value, kind):
        raise ConfigError(f"{name}: {type(value).__name__} given; allowed is {kind.__name__}")
    return value


def check_all(name: str, values: object, kind: type[T]) -> list[T]:
    """Return ``values`` as a list if it is a sequence of which each is of the type ``kind``."""
    if not isinstance(values, list | tuple) or not all(isinstance(value, kind) for value in values):
        raise ConfigError(f"{name}: {type(values).__name__} given; allowed is a list of {kind.__name__}")
    _refuse_masked(name, values)
    return list(values)


def check_choice(name: str, value: object, allowed: tuple[str, ...]) -> str:
    """Return ``value`` if it is one of the words ``allowed``."""
    if not isinstance(value, str) or value not in allowed:
        raise ConfigError(f"{name}={shown(value)}: not known; allowed are {', '.join(allowed)}")
    return value


def check_callable(name: str, value: T, *arguments: str) -> T:
    """Return ``value`` if it can be called with ``arguments``, given by place; a function that does not say is believed."""
    if not callable(value):
        raise ConfigError(f"{name}={shown(value)}: not callable; allowed are functions")
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):
        return value
    try:
        signature.bind(*arguments)
    except TypeError as error:
        takes = f"functions of {', '.join(arguments)}" if arguments else "functions without arguments"
        raise ConfigError(f"{name}: takes {signature}; allowed are {takes}") from error
    return value


def check_state(name: str, state: object, wanted: Iterable[str]) -> Mapping[str, Any]:
    """Return ``state`` if it is a mapping that has all entries ``wanted``."""
    if not isinstance(state, Mapping) or not set(wanted) <= set(state):
        given = f"entries {', '.join(sorted(map(str, state)))}" if isinstance(state, Mapping) else type(state).__name__
        raise ConfigError(f"{name}: {given} given; allowed is a mapping with {', '.join(sorted(wanted))}")
    return state


def check_sizes(name: str, values: object, least: int = 2) -> list[int]:
    """Return ``values`` as a list of at least ``least`` whole numbers above 0."""
    sequence = isinstance(values, list | tuple) or (isinstance(values, np.ndarray) and values.ndim == 1)
    if not sequence or len(values) < least:  # type: ignore[arg-type]
        raise ConfigError(f"{name}={shown(values)}: allowed are at least {least} sizes, inputs and outputs")
    return [check_integer(name, int(v) if isinstance(v, np.integer) else v, 1, 2**31 - 1) for v in values]  # type: ignore[attr-defined]
