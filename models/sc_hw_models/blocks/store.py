"""The store of a stream that waits for another: its beats leave as they came."""

from collections.abc import Sequence

from .block import Beats, BlockModel, Flow, Standstill, Timestep, opaque

__all__ = ["MODEL", "StoreModel"]


class StoreModel(BlockModel):
    """A timestep's ``beats`` of ``data_bits`` are kept in ``slots`` slots and one on offer, which are no fewer.

    Takes ``event`` (``beats``), whatever leaves, until all slots are filled; gives ``beat``: the beats as they came, in order.
    State: none once all have left. Reset: forgets all beats.
    """

    def __init__(self, *, beats: int, slots: int, data_bits: int) -> None:
        self.beats, self.slots, self._data = beats, slots, opaque("data", data_bits)

    @property
    def flows(self) -> tuple[Flow, ...]:
        """``event`` in, ``beat`` out."""
        return (Flow(name="event", fields=self._data), Flow(name="beat", fields=self._data, gives=True))

    def reset(self) -> None:
        """Nothing is kept once all beats have left."""

    def play(self, given: Timestep) -> dict[str, Beats]:
        """Return the beats as they came."""
        self.taken(given, {"event": self.beats})
        return {"beat": given["event"]}

    def held(self, given: Sequence[Timestep]) -> Standstill:
        """Return that a beat is on offer and the others fill the slots."""
        return Standstill(moved={"event": min(sum(timestep["event"].count for timestep in given), self.slots + 1)})


MODEL = StoreModel
