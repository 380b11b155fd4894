"""The scoreboard: compares what the core wrote, returned and read back with the golden model, and says where they part."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from sc_hw_models.rule import StepError

__all__ = ["Context", "Mismatch", "MismatchError", "Scoreboard"]

Columns = Mapping[str, np.ndarray]
Context = Callable[..., dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Mismatch:
    """The first difference found: where, what was expected and found, and what led there."""

    check: str
    field: str
    expected: int
    found: int
    timestep: int | None = None
    synapse: int | None = None
    stimulus: str = ""
    inputs: dict[str, int] = dataclasses.field(default_factory=dict)
    state_before: dict[str, int] = dataclasses.field(default_factory=dict)
    differing: int = 1
    problem: str = ""  # what is wrong where nothing differs: the model breaks its own specification

    def text(self) -> str:
        """Return the report as a few lines."""
        place = self.check
        if self.timestep is not None:
            place += f", timestep {self.timestep}"
        if self.synapse is not None:
            place += f", synapse {self.synapse}"
        lines = [
            f"{place}: {self.problem}"
            if self.problem
            else f"{place}: {self.field} expected {self.expected}, found {self.found} ({self.differing} values differ here)"
        ]
        if self.stimulus:
            lines.append(f"  stimulus: {self.stimulus}")
        for title, values in (("inputs", self.inputs), ("state before", self.state_before)):
            if values:
                lines.append(f"  {title}: " + ", ".join(f"{name}={value}" for name, value in values.items()))
        return "\n".join(lines)


class MismatchError(Exception):
    """A core and its golden model differ, or the model breaks its own specification; carries the ``Mismatch``."""

    def __init__(self, mismatch: Mismatch) -> None:
        super().__init__(mismatch.text())
        self.mismatch = mismatch

    @classmethod
    def of_model(cls, error: StepError, *, done: int = 0, label: str = "") -> "MismatchError":
        """Return what there is to tell of a golden model that broke its specification after ``done`` timesteps."""
        return cls(
            Mismatch(
                check=f"{label}golden model",
                field=error.field or "step",
                expected=error.value,
                found=error.value,
                timestep=None if error.timestep is None else done + error.timestep,
                synapse=error.synapse,
                problem=str(error),
                inputs=error.inputs,
                state_before=error.state,
            )
        )


@dataclass
class Scoreboard:
    """Counts every comparison and raises ``MismatchError`` at the first difference; ``label`` begins its report."""

    label: str = ""
    state_values: int = 0
    output_values: int = 0
    host_values: int = 0
    synapse_steps: int = 0
    resets: int = 0
    clears: int = 0
    flowing_timesteps: int = 0  # those without gaps and backpressure, and the clocks they took
    flowing_clocks: int = 0
    stimuli: dict[str, int] = dataclasses.field(default_factory=dict)

    @property
    def compared(self) -> int:
        """All values compared so far."""
        return self.state_values + self.output_values + self.host_values

    def tables(self, check: str, expected: Columns, found: Columns, context: Context) -> int:
        """Compare the columns of two tables, all of one shape, and return how many values were compared.

        The difference reported is the first one in time: the earliest row. ``context(*row)`` returns the
        extra keywords of its ``Mismatch``. Columns of ``expected`` may leave out leading axes.
        """
        if expected.keys() != found.keys():
            raise ValueError(f"{check}: columns {', '.join(expected)} and {', '.join(found)}")
        different = {name: expected[name] != column for name, column in found.items()}
        if any(column.shape != found[name].shape for name, column in different.items()):
            raise ValueError(f"{check}: tables of different shapes")
        first = {name: int(column.argmax()) for name, column in different.items() if column.any()}
        if first:
            name = min(first, key=lambda name: first[name])
            row = tuple(int(i) for i in np.unravel_index(first[name], found[name].shape))
            wanted = np.broadcast_to(expected[name], found[name].shape)
            raise MismatchError(
                Mismatch(
                    check=self.label + check,
                    field=name,
                    expected=int(wanted[row]),
                    found=int(found[name][row]),
                    differing=sum(int(column.sum()) for column in different.values()),
                    **context(*row),
                )
            )
        return sum(column.size for column in found.values())

    def count(self, check: str, name: str, expected: int, found: int) -> None:
        """Compare a number of beats."""
        if expected != found:
            raise MismatchError(Mismatch(check=self.label + check, field=name, expected=expected, found=found))
