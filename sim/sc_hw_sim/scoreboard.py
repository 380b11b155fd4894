"""The scoreboard: compares what the core wrote, returned and read back with the golden model, and says where they part."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Context", "Mismatch", "MismatchError", "Scoreboard"]

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

    def text(self) -> str:
        """Return the report as a few lines."""
        place = self.check
        if self.timestep is not None:
            place += f", timestep {self.timestep}"
        if self.synapse is not None:
            place += f", synapse {self.synapse}"
        lines = [f"{place}: {self.field} expected {self.expected}, found {self.found} ({self.differing} values differ here)"]
        if self.stimulus:
            lines.append(f"  stimulus: {self.stimulus}")
        for title, values in (("inputs", self.inputs), ("state before", self.state_before)):
            if values:
                lines.append(f"  {title}: " + ", ".join(f"{name}={value}" for name, value in values.items()))
        return "\n".join(lines)


class MismatchError(Exception):
    """A core and its golden model differ; carries the ``Mismatch``."""

    def __init__(self, mismatch: Mismatch) -> None:
        super().__init__(mismatch.text())
        self.mismatch = mismatch


@dataclass
class Scoreboard:
    """Counts every comparison and raises ``MismatchError`` at the first difference."""

    state_values: int = 0
    output_values: int = 0
    host_values: int = 0
    synapse_steps: int = 0
    resets: int = 0
    clears: int = 0
    stimuli: dict[str, int] = dataclasses.field(default_factory=dict)

    @property
    def compared(self) -> int:
        """All values compared so far."""
        return self.state_values + self.output_values + self.host_values

    def tables(self, check: str, names: Sequence[str], expected: np.ndarray, found: np.ndarray, context: Context) -> int:
        """Compare two tables of one shape whose last axis is ``names`` and return how many values were compared.

        The difference reported is the first one in time: the earliest row. ``context(*row)`` returns the
        extra keywords of its ``Mismatch``.
        """
        if expected.shape != found.shape or expected.shape[-1] != len(names):
            raise ValueError(f"{check}: shapes {expected.shape} and {found.shape} for {len(names)} names")
        different = expected != found
        if different.any():
            index = tuple(int(i) for i in np.unravel_index(int(np.argmax(different)), different.shape))
            mismatch = Mismatch(
                check=check, field=names[index[-1]], expected=int(expected[index]), found=int(found[index]),
                differing=int(different.sum()), **context(*index[:-1]),
            )  # fmt: skip
            raise MismatchError(mismatch)
        return int(expected.size)

    def count(self, check: str, name: str, expected: int, found: int) -> None:
        """Compare a number of beats."""
        if expected != found:
            raise MismatchError(Mismatch(check=check, field=name, expected=expected, found=found))
