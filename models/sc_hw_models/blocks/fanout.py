"""The fan-out: what is stored of a timestep leaves again for every beat that is played."""

from collections.abc import Sequence

import numpy as np

from ..rule import Field
from .block import Beats, BlockModel, Flow, Marks, Standstill, Timestep, last_of, opaque

__all__ = ["MODEL", "FanoutModel"]


class FanoutModel(BlockModel):
    """``words`` beats of ``stored_bits`` are stored in a timestep, then given for each of ``rounds`` beats of ``played_bits``.

    With ``skips`` a played beat may skip its round, of which one beat then tells, whose stored part means nothing. ``checked``
    names the streams, of ``stored`` and ``played``, whose last beats of a timestep are marked.
    Takes ``stored`` (``words``) and ``played`` (``rounds``); gives ``beat``: of each played one all words, ascending, with it.
    State: none but the first breach of marks. Reset: forgets a timestep that is not complete, and the breach.
    """

    def __init__(
        self, *, words: int, rounds: int, stored_bits: int, played_bits: int, skips: bool = False, checked: Sequence[str] = ()
    ) -> None:
        self.words, self.rounds, self.skips = words, rounds, skips
        self._stored, self._played = opaque("stored", stored_bits), opaque("played", played_bits)
        self._marks = {name: Marks(name) for name in checked}

    @property
    def flows(self) -> tuple[Flow, ...]:
        """``stored`` and ``played`` in, ``beat`` out."""
        skip = (Field(name="skip", bits=1),) if self.skips else ()
        marks = {name: last_of(name in self._marks) for name in ("stored", "played")}
        return (
            Flow(name="stored", fields=(*marks["stored"], *self._stored)),
            Flow(name="played", fields=(*marks["played"], *self._played, *skip)),
            Flow(name="beat", fields=(*self._stored, *self._played, *skip), gives=True),
        )

    def reset(self) -> None:
        """Forget the breach of marks."""
        for marks in self._marks.values():
            marks.reset()

    def play(self, given: Timestep) -> dict[str, Beats]:
        """Return every word for every played beat, and one beat for one that skips."""
        self.taken(given, {"stored": self.words, "played": self.rounds})
        for name, marks in self._marks.items():
            marks.see(given[name].columns["last"])
        lengths = np.where(self._skipping(given), 1, self.words)
        rounds = np.repeat(np.arange(self.rounds), lengths)
        words = np.arange(len(rounds)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        skipped = self._skipping(given)[rounds]
        stored, played = given["stored"].chosen(words), given["played"].chosen(rounds)
        columns: dict[str, np.ndarray] = {f.name: np.ma.masked_array(stored[f.name], mask=skipped) for f in self._stored}
        columns |= {f.name: played[f.name] for f in self._played}
        return {"beat": Beats(count=len(rounds), columns=columns | ({"skip": skipped} if self.skips else {}))}

    @property
    def told(self) -> dict[str, int]:
        """Which breach of marks came first."""
        return {port: value for marks in self._marks.values() for port, value in marks.told.items()}

    def held(self, given: Sequence[Timestep]) -> Standstill:
        """Return that a timestep is stored; a beat to play is taken with its last word, so only one of one word.

        Where that is the only one of its timestep, the next is stored, too.
        """
        one_beat = self.words == 1 or bool(self._skipping(given[0])[0])
        timesteps = min(len(given), 2 if one_beat and self.rounds == 1 else 1)
        return Standstill(moved={"stored": timesteps * self.words, "played": int(one_beat)})

    def _skipping(self, given: Timestep) -> np.ndarray:
        return given["played"].columns["skip"] != 0 if self.skips else np.zeros(self.rounds, bool)


MODEL = FanoutModel
