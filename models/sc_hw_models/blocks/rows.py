"""The row filter: which rows of a crossbar a timestep has to visit."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..parts import REST
from ..rule import Field
from .block import Beats, BlockModel, Flow, Marks, Standstill, Timestep, last_of

__all__ = ["MODEL", "RowsModel"]

_QUIET, _INERT = 0, 1  # bits of what a synapse says of its rest


class RowsModel(BlockModel):
    """``rows`` presynaptic neurons, each with ``words`` results of ``lanes`` synapses; rows that nothing changes are skipped.

    ``given`` are the fields of what a presynaptic neuron gives, ``[name, bits, signed]``, the first ``inputs`` its inputs;
    ``bounds`` are powers of two, by field, below which the magnitudes of others count as nothing. Where it is ``checked`` the
    last neuron of a timestep is marked.

    Takes, in a timestep: ``command`` (one; ``silent``: its own inputs are 0), ``change`` (any number, before the command: a
    clear or the host changed synapses), ``stored`` (``words``; ``events``: a postsynaptic neuron has an input), ``pre``
    (``rows``), ``result`` (of each row one with ``skip``, or ``words``, whose ``rest_k`` says whether the synapse of lane k
    rests). Gives ``played``: the neurons as they came, with ``skip`` for those whose row need not be visited.

    A row is skipped when its neuron has no input, none of its traces meets a postsynaptic input, and all its synapses were at
    rest when they were visited last: at rest as long as inputs are 0 in a silent timestep, else at rest whatever they are.
    Nothing is known, and no row skipped, in the first timestep after a reset and after a change.
    State: what the synapses of each row gave last. Reset: nothing is known.
    """

    def __init__(
        self,
        *,
        rows: int,
        words: int,
        lanes: int,
        given: Sequence[Sequence[Any]],
        inputs: int,
        bounds: dict[str, int],
        checked: bool = False,
    ) -> None:
        self.rows, self.words, self.lanes = rows, words, lanes
        self.given = tuple(Field(name=name, bits=bits, signed=signed) for name, bits, signed in given)
        self.inputs, self.bounds = inputs, bounds
        self._marks = Marks("pre") if checked else None
        self._level = np.zeros(rows, np.int64)
        self._known = False

    @property
    def flows(self) -> tuple[Flow, ...]:
        """``command``, ``change``, ``stored``, ``pre`` and ``result`` in, ``played`` out."""
        skip = Field(name="skip", bits=1)
        return (
            Flow(name="command", fields=(Field(name="silent", bits=1),)),
            Flow(name="change"),
            Flow(name="stored", fields=(Field(name="events", bits=1),)),
            Flow(name="pre", fields=(*last_of(self._marks is not None), *self.given)),
            Flow(name="result", fields=(skip, *(Field(name=f"rest_{lane}", bits=REST.bits) for lane in range(self.lanes)))),
            Flow(name="played", fields=(*self.given, skip), gives=True),
        )

    def reset(self) -> None:
        """Know nothing of any row, and forget the breach of marks."""
        self._known = False
        if self._marks:
            self._marks.reset()

    def skips(self, given: Timestep) -> np.ndarray:
        """Return which rows are skipped in a timestep, of which no result is needed yet."""
        pre = given["pre"].columns
        event, traced = np.zeros(self.rows, bool), np.zeros(self.rows, bool)
        for f in self.given[: self.inputs]:
            event |= pre[f.name] != 0
        for name, exponent in self.bounds.items():
            traced |= abs(pre[name].astype(np.int64)) >= 1 << exponent
        reached = bool((given["stored"].columns["events"] != 0).any())
        silent = bool(given["command"].columns["silent"][0])
        rests = self._level >> (_QUIET if silent else _INERT) & 1 == 1
        known = self._known and not given["change"].count
        skipped: np.ndarray = rests & ~event & ~(traced & reached) & known
        return skipped

    def play(self, given: Timestep) -> dict[str, Beats]:
        """Return the neurons, each with whether its row is skipped; keep what the results say of the rows that are visited."""
        self.taken(given, {"command": 1, "stored": self.words, "pre": self.rows})
        skipped = self.skips(given)
        lengths = np.where(skipped, 1, self.words)
        results = given["result"].columns
        rows = np.repeat(np.arange(self.rows), lengths)
        if len(rows) != given["result"].count or (results["skip"] != skipped[rows]).any():
            raise ValueError(f"results are not those of the rows: {given['result'].count}, of {len(rows)}")
        rest = np.bitwise_and.reduce([results[f"rest_{lane}"].astype(np.int64) for lane in range(self.lanes)])
        whole = np.bitwise_and.reduceat(rest, np.cumsum(lengths) - lengths)
        self._level = np.where(skipped, self._level, whole)
        self._known = True
        columns = {f.name: given["pre"].columns[f.name] for f in self.given}
        if self._marks:
            self._marks.see(given["pre"].columns["last"])
        return {"played": Beats(count=self.rows, columns=columns | {"skip": skipped})}

    @property
    def told(self) -> dict[str, int]:
        """Which breach of marks came first."""
        return self._marks.told if self._marks else {}

    def held(self, given: Sequence[Timestep]) -> Standstill:
        """Return that one neuron is taken, which is on offer then."""
        return Standstill(moved={"change": given[0]["change"].count, "command": 1, "stored": self.words, "pre": 1})


MODEL = RowsModel
