"""What every block's stimulus does: beats of a timestep at random, and after which other beats each may come."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np

from sc_hw_models.blocks.block import Beats, BlockModel, Timestep
from sc_hw_models.rule import Field

__all__ = ["Stimulus"]

_WRONG = 0.1  # how often the marks of a timestep are wrong
M = TypeVar("M", bound=BlockModel)


class Stimulus(ABC, Generic[M]):
    """Draws timesteps for a golden model from ``generator``.

    ``order`` names the streams for whose beats those of a stream wait: whoever is around the block sees to it, and its proof
    assumes no more. Streams that are not in it come whenever they like.
    """

    order: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    def __init__(self, model: M, generator: np.random.Generator) -> None:
        self.model, self.generator = model, generator

    @abstractmethod
    def timestep(self) -> dict[str, Beats]:
        """Return the beats of the next timestep, of every stream that the block takes; the model has not played it yet."""

    def waits(self, given: Timestep, out: Timestep) -> Mapping[str, np.ndarray]:
        """Return for each stream in ``order`` how many beats of each other must have moved before each of its beats.

        A row a beat, a column for each of the others. Counted are those of the timestep; 0 stands for all of those before it.
        """
        return {}

    def drawn(self, fields: Sequence[Field], count: int) -> Beats:
        """Return beats whose values are often 0 and at the ends of their ranges, the marks of the last mostly right."""
        return Beats(
            count=count, columns={f.name: self._marks(count) if f.name == "last" else self._column(f, count) for f in fields}
        )

    def _column(self, f: Field, count: int) -> np.ndarray:
        values = self.generator.integers(f.minimum, f.maximum, count, endpoint=True)
        ends = self.generator.choice([0, f.minimum, f.maximum], count)
        drawn: np.ndarray = np.where(self.generator.random(count) < 0.5, values, ends).astype(f.dtype)
        return drawn

    def _marks(self, count: int) -> np.ndarray:
        last: np.ndarray = (np.arange(count) == count - 1).astype(np.uint8)
        if self.generator.random() < _WRONG:
            last[int(self.generator.choice([int(self.generator.integers(count)), count - 1]))] ^= 1
        return last

    def fields(self, name: str) -> tuple[Field, ...]:
        """Return the fields of a stream."""
        return next(flow.fields for flow in self.model.flows if flow.name == name)

    def chance(self, probability: float) -> bool:
        """Return true with this probability."""
        drawn: Any = self.generator.random()
        return bool(drawn < probability)
