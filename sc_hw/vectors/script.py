"""Beats of streams, phase by phase: what a testbench plays and what it expects."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..rtl.stream import LAST, Stream

__all__ = ["Script", "Track", "lanes_of", "words_of"]

Columns = Mapping[str, Iterable[int]]


@dataclass(kw_only=True)
class Track:
    """Beats of one stream as bits, the first item lowest; ``cares`` has a 1 for every bit that means something.

    ``ends`` has for each phase how many beats there are until it ends.
    """

    stream: Stream
    beats: list[int] = field(default_factory=list)
    cares: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)

    @property
    def bits(self) -> int:
        """The width of a beat."""
        return sum(item.bits for item in self.stream.items)


class Script:
    """What moves on every stream of a design, in phases: one begins when all of the one before has moved and the core is idle."""

    def __init__(self, streams: Sequence[Stream]) -> None:
        self.tracks = {stream.name: Track(stream=stream) for stream in streams}

    def add(self, name: str, columns: Columns, cares: Columns | None = None) -> None:
        """Append beats to a stream: a column of values for each item; ``cares`` are masks where not every bit means something.

        The marks of a stream that is checked follow from the number of its beats.
        """
        track = self.tracks[name]
        values = {item: list(column) for item, column in columns.items()}
        masks = {item: list(column) for item, column in (cares or {}).items()}
        if track.stream.checked:
            beats, count = track.stream.beats, len(next(iter(values.values())))
            values[LAST] = [int(k % beats == beats - 1) for k in range(count)]
        for k in range(len(next(iter(values.values())))):
            low, beat, care = 0, 0, 0
            for item in track.stream.items:
                mask = (1 << item.bits) - 1
                beat |= (int(values[item.name][k]) & mask) << low
                care |= (int(masks[item.name][k]) & mask if item.name in masks else mask) << low
                low += item.bits
            track.beats.append(beat)
            track.cares.append(care)

    def end_phase(self) -> None:
        """End a phase of all streams."""
        for track in self.tracks.values():
            track.ends.append(len(track.beats))


def lanes_of(values: np.ndarray, bits: int, lanes: int) -> list[int]:
    """Return values ``(..., synapses)`` of so many bits as beats of ``lanes``, lane 0 lowest; lanes without a synapse get 0."""
    rows = values.reshape(-1, values.shape[-1])
    padded = np.zeros((len(rows), -(-rows.shape[1] // lanes) * lanes), object)
    padded[:, : rows.shape[1]] = rows
    mask, beats = (1 << bits) - 1, padded.reshape(-1, lanes)
    return [sum((int(value) & mask) << lane * bits for lane, value in enumerate(beat)) for beat in beats]


def words_of(state: Mapping[str, np.ndarray], fields: Iterable[tuple[str, int, int]]) -> list[int]:
    """Return the state words of all synapses; ``fields`` are name, bits and lowest bit."""
    layout = list(fields)
    count = len(next(iter(state.values())))
    return [sum((int(state[name][k]) & (1 << bits) - 1) << low for name, bits, low in layout) for k in range(count)]
