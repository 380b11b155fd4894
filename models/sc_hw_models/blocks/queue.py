"""The queue of results: beats for which a slot was promised wait until they are taken."""

from collections.abc import Sequence

from .block import Beats, BlockModel, Flow, Standstill, Timestep, opaque

__all__ = ["MODEL", "QueueModel"]


class QueueModel(BlockModel):
    """Beats of ``data_bits`` wait in ``slots`` slots, each promised before its beat comes.

    Takes ``reserve`` (any number; nothing is in it) while there is room, and as many ``push``, each after its reservation; gives
    ``result``: the beats as they were pushed, in order. State: none once all have left. Reset: forgets all beats and promises.
    """

    def __init__(self, *, slots: int, data_bits: int) -> None:
        self.slots, self._data = slots, opaque("data", data_bits)

    @property
    def flows(self) -> tuple[Flow, ...]:
        """``reserve`` and ``push`` in, ``result`` out."""
        return (Flow(name="reserve"), Flow(name="push", fields=self._data), Flow(name="result", fields=self._data, gives=True))

    def reset(self) -> None:
        """Nothing is kept once all beats have left."""

    def play(self, given: Timestep) -> dict[str, Beats]:
        """Return the beats as they came."""
        self.taken(given, {"push": given["reserve"].count})
        return {"result": given["push"]}

    @property
    def told(self) -> dict[str, int]:
        """There is room, and nothing waits."""
        return {"room": 1, "waiting": 0}

    def held(self, given: Sequence[Timestep]) -> Standstill:
        """Return that a beat is on offer and the others fill the slots."""
        moved = min(sum(timestep["reserve"].count for timestep in given), self.slots + 1)
        told = {"room": int(moved < self.slots + 1), "waiting": int(moved > 0)}
        return Standstill(moved={"reserve": moved, "push": moved}, told=told)


MODEL = QueueModel
