"""What a golden model of a block is: beats of input streams in, beats of output streams out."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..rule import Field

__all__ = ["Beats", "BlockModel", "Flow", "Marks", "Standstill", "Timestep", "last_of", "opaque"]

_PIECE = 32  # bits of one column of what is passed on as it is


@dataclass(frozen=True, kw_only=True)
class Beats:
    """``count`` beats in order: a column for each field, in which a masked value is one that nobody may rely on."""

    count: int
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)

    def chosen(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Return the columns of some beats, by number."""
        return {name: column[rows] for name, column in self.columns.items()}


Timestep = Mapping[str, Beats]
"""The beats of a timestep by stream."""


@dataclass(frozen=True, kw_only=True)
class Flow:
    """A stream of a block: the fields of a beat, the first in the lowest bits; a block ``gives`` its beats or takes them."""

    name: str
    fields: tuple[Field, ...] = ()
    gives: bool = False


@dataclass(frozen=True, kw_only=True)
class Standstill:
    """How far a block gets when none of its beats is taken: beats that move, by stream, and what it then tells, by port."""

    moved: Mapping[str, int]
    told: Mapping[str, int] = field(default_factory=dict)


class BlockModel(ABC):
    """The golden model of a block: state between timesteps, and ``play``.

    Parameters: keywords, numbers alone, those that the block of RTL gives. State: what the block keeps from one timestep to the
    next. Reset: ``reset``, after which it is as it was made; beats on their way are gone. A timestep is a whole one: all its
    beats of every input stream. Errors: ``ValueError`` for other numbers of beats.
    """

    @property
    @abstractmethod
    def flows(self) -> tuple[Flow, ...]:
        """The streams, those that it takes first."""

    @abstractmethod
    def reset(self) -> None:
        """Forget what a reset forgets."""

    @abstractmethod
    def play(self, given: Timestep) -> dict[str, Beats]:
        """Take the beats of a timestep, of every stream that it takes, and return those that it gives."""

    @property
    def told(self) -> dict[str, int]:
        """What the block tells outside its streams once all beats have left, by port."""
        return {}

    def held(self, given: Sequence[Timestep]) -> Standstill:
        """Return how far it gets in these timesteps, the first of them new, while what it gives is not taken."""
        raise NotImplementedError

    def taken(self, given: Timestep, wanted: Mapping[str, int]) -> None:
        """Raise ``ValueError`` unless a timestep has the ``wanted`` numbers of beats."""
        found = {name: given[name].count for name in wanted if name in given}
        if found != wanted:
            raise ValueError(f"beats of a timestep: {found}, not {dict(wanted)}")


class Marks:
    """Marks of last beats, compared with a count: which breach came first since a reset."""

    def __init__(self, stream: str) -> None:
        self._stream, self._breach = stream, ""

    def reset(self) -> None:
        """Forget the breach."""
        self._breach = ""

    def see(self, last: np.ndarray) -> None:
        """Take the marks of all beats of a timestep."""
        right = np.arange(len(last)) == len(last) - 1
        wrong = np.flatnonzero((last != 0) != right)
        if wrong.size and not self._breach:
            self._breach = "missing" if right[wrong[0]] else "unexpected"

    @property
    def told(self) -> dict[str, int]:
        """What is told of it, by port."""
        return {f"{self._stream}_last_{kind}": int(self._breach == kind) for kind in ("unexpected", "missing")}


def last_of(checked: bool) -> tuple[Field, ...]:
    """Return the field of a mark, if a stream has marks."""
    return (Field(name="last", bits=1),) if checked else ()


def opaque(name: str, bits: int) -> tuple[Field, ...]:
    """Return fields for ``bits`` bits that a block passes on as they are."""
    lows = range(0, bits, _PIECE)
    return tuple(Field(name=f"{name}_{k}", bits=min(_PIECE, bits - low)) for k, low in enumerate(lows))
