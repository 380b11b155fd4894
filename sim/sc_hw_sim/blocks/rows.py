"""The beats of a row filter alone: neurons that mostly rest, and results as the synapses behind it give them."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from sc_hw_models.blocks.block import Beats, Timestep
from sc_hw_models.blocks.rows import RowsModel
from sc_hw_models.parts import REST

from .stimulus import Stimulus

__all__ = ["STIMULUS", "RowsStimulus"]


class RowsStimulus(Stimulus[RowsModel]):
    """Each of what lets a row be skipped holds often, so that rows are skipped and visited for every reason alone.

    A command comes when the results of the timestep before it have left, a change before it. Rows are taken when all beats of the
    postsynaptic neurons have moved, and a row's results come while it is on offer, the last of them when it has been taken.
    """

    order: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "change": ("result",),
        "command": ("result", "change"),
        "stored": ("played",),
        "result": ("pre", "stored", "played"),
        "played": ("stored",),
    }

    def timestep(self) -> dict[str, Beats]:
        """Return a timestep, its results those of the rows that the model skips and visits."""
        model = self.model
        given = {
            "command": Beats(count=1, columns={"silent": np.array([self.chance(0.7)], np.uint8)}),
            "change": Beats(count=int(self.chance(0.1))),
            "stored": Beats(count=model.words, columns={"events": self._rarely(model.words)}),
            "pre": self._neurons(),
        }
        return given | {"result": self._results(model.skips(given))}

    def waits(self, given: Timestep, out: Timestep) -> Mapping[str, np.ndarray]:
        """Return what each beat waits for, as told above."""
        words, rows = self.model.words, self.model.rows
        lengths = np.where(out["played"].columns["skip"], 1, words)
        row = np.repeat(np.arange(rows), lengths)
        played = row.copy()  # of a row that is visited all results but the last may come while it is on offer
        played[np.cumsum(lengths) - 1] += 1
        return {
            "change": np.zeros((given["change"].count, 1), np.int64),
            "command": np.array([[0, given["change"].count]]),
            "stored": np.zeros((words, 1), np.int64),
            "result": np.stack([row + 1, np.full(len(row), words), played], axis=1),
            "played": np.full((rows, 1), words),
        }

    def _rarely(self, count: int) -> np.ndarray:
        often = float(self.generator.choice([0.0, 0.05, 0.6], p=[0.6, 0.2, 0.2]))
        drawn: np.ndarray = (self.generator.random(count) < often).astype(np.uint8)
        return drawn

    def _neurons(self) -> Beats:
        """Return neurons most of which have no input, and whose traces are just below, at and above their bounds."""
        model, count = self.model, self.model.rows
        beats = self.drawn(self.fields("pre"), count)
        columns = dict(beats.columns)
        for k, f in enumerate(model.given):
            exponent = model.bounds.get(f.name, 0)
            low = 0 if exponent >= f.bits - f.signed else 1 << exponent
            near = self.generator.choice([low - 1, low, 0, -low, 1 - low], count).clip(f.minimum, f.maximum)
            quiet = self.generator.random(count) < 0.8
            columns[f.name] = np.where(quiet, 0 if k < model.inputs else near, columns[f.name]).astype(f.dtype)
        return Beats(count=count, columns=columns)

    def _results(self, skipped: np.ndarray) -> Beats:
        lengths = np.where(skipped, 1, self.model.words)
        skip = np.repeat(skipped, lengths).astype(np.uint8)
        resting = np.repeat(self.generator.choice(4, len(skipped), p=[0.2, 0.2, 0.2, 0.4]), lengths)
        columns = {"skip": skip}
        for lane in range(self.model.lanes):
            busy = self.generator.random(len(skip)) < 0.1  # one synapse is enough to keep its row from resting
            drawn = self.generator.integers(1 << REST.bits, size=len(skip))
            columns[f"rest_{lane}"] = np.where(busy, drawn, resting | drawn).astype(np.uint8)
        return Beats(count=len(skip), columns=columns)


STIMULUS = RowsStimulus
