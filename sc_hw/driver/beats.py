"""Inputs of a timestep as beats of streams, and outputs out of beats, whatever the streams are."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from sc_hw_models.rule import Field

from ..errors import UserError
from ..registers.layout import LAST, Layout, Tray, ends, packing
from ..rtl.design import CoreDesign
from ..rtl.stream import Stream

__all__ = ["Arrays", "array_of", "beat_of", "carried", "gathered", "integers", "named", "planned"]

Arrays = dict[str, np.ndarray]


def named(what: str, given: Any, names: Iterable[str]) -> Mapping[str, Any]:
    """Return values by name, which are all of ``names`` and no others. Errors: ``UserError``."""
    names = list(names)
    if not isinstance(given, Mapping):
        raise UserError(f"{what}: of type {type(given).__name__}; give a dict of {', '.join(names)}")
    if different := set(names) ^ given.keys():
        raise UserError(f"{what}: {', '.join(sorted(map(str, different)))}; give exactly {', '.join(names)}")
    return given


def array_of(what: str, given: Any) -> np.ndarray:
    """Return what somebody gives as an array. Errors: ``UserError`` for what is none, ragged, or masked somewhere."""
    if np.ma.isMaskedArray(given) and np.any(np.ma.getmaskarray(given)):
        raise UserError(f"{what}: some values are masked; fill them")
    try:
        return np.asarray(given)
    except (ValueError, TypeError, OverflowError) as error:
        raise UserError(f"{what}: no array ({error}); give one of integers") from error


def integers(what: str, given: Any, count: int, low: int, high: int, *, flags: bool = False) -> np.ndarray:
    """Return ``count`` integers in ``low..high``, with ``flags`` also of truth values. Errors: ``UserError``."""
    values = array_of(what, given)
    fits = values.shape == (count,) and values.dtype.kind in ("iub" if flags else "iu")
    if not fits or np.any((values < low) | (values > high)):
        raise UserError(f"{what}: give {count} integer{'s' * (count != 1)} of {low}..{high}")
    return values.astype(np.int64)


def planned(design: CoreDesign, layout: Layout, inputs: Mapping[str, Any]) -> tuple[dict[str, list[int]], dict[str, int]]:
    """Return the beats of a timestep by stream, and what its command says. Errors: ``UserError`` for other inputs."""
    fields = design.inputs()
    inputs = named("inputs", inputs, (f.name for f in fields))
    values = {f.name: _checked(f, units, inputs[f.name]) for f, units in fields.items()}
    command = {f.name: int(values[f.name][0]) for f, units in fields.items() if not units}
    beats: dict[str, list[int]] = {}
    bits = {f.name: f.bits for f in fields}
    numbered = {f"{owner}_event": side for owner, side in design.around.items()} if design.by_address else {}
    for stream in layout.streams:
        if not stream.several or stream.gives:
            continue
        if stream.name in numbered:
            (f,) = numbered[stream.name].spec.synapse_inputs
            end, number = (low for _, low in packing(stream.items))
            beats[stream.name] = [*(int(k) << number for k in np.flatnonzero(values[f.name])), 1 << end]
        else:
            beats[stream.name] = _packed(stream, values, bits)
            if ends(stream):
                beats[stream.name][-1] |= beat_of(stream, {LAST: 1})
    return beats, command | dict.fromkeys(_first_items(layout), 0)


def _first_items(layout: Layout) -> list[str]:
    """Return what a command says first: 0 means a timestep."""
    return [tray.stream.items[0].name for tray in layout.inlets if not tray.stream.several]


def _checked(f: Field, units: int, given: Any) -> np.ndarray:
    """Return the values of an input: ``units`` of them, one for 0."""
    what = f"input {f.name}"
    return integers(what, np.atleast_1d(array_of(what, given)), units or 1, f.minimum, f.maximum, flags=True)


def beat_of(stream: Stream, values: Mapping[str, int]) -> int:
    """Return a beat with these items, the others 0."""
    places = ((low, values.get(item.name, 0) & ((1 << item.bits) - 1)) for item, low in packing(stream.items))
    return sum(value << low for low, value in places)


def carried(tray: Tray, beat: int) -> tuple[int, bool]:
    """Return a beat as the words of a tray that packs them hold it, and whether it is marked as the last."""
    places = {item.name: (low, (1 << item.bits) - 1) for item, low in packing(tray.stream.items)}
    values = {name: beat >> low & mask for name, (low, mask) in places.items()}
    return sum(values[item.name] << low for item, low in packing(tray.items)), bool(values.get(LAST))


def _packed(stream: Stream, values: Mapping[str, np.ndarray], bits: Mapping[str, int]) -> list[int]:
    """Return the beats of a stream: units side by side as far as an item holds them, the rest of the last beat 0."""
    beats: list[int] = []
    for item, low in packing(stream.items):
        if item.name not in values:
            continue  # what a bus never asks for, such as to skip words
        width = bits[item.name]
        lanes = item.bits // width
        given = values[item.name]
        words = -(-len(given) // lanes)
        beats = beats or [0] * words
        for k, value in enumerate(given.tolist()):
            beats[k // lanes] |= (value & ((1 << width) - 1)) << low + k % lanes * width
    return beats


def gathered(design: CoreDesign, layout: Layout, beats: Mapping[str, list[int]]) -> Arrays:
    """Return outputs out of the beats of a timestep, by stream: an array ``(units,)`` of each output of a part."""
    parts: dict[str, CoreDesign] = dict(design.parts.values()) or {"": design}
    found: Arrays = {}
    for stream in layout.watched:
        if stream.name not in beats:
            continue
        prefix = next(p for p in sorted(parts, key=len, reverse=True) if stream.name.startswith(p))
        own = parts[prefix]
        places = {item.name: low for item, low in packing(stream.items)}
        words = _unskipped(beats[stream.name], places, own.row_words)
        for f in own.spec.outputs:
            column = [
                None if word is None else word >> places[f.name] + lane * f.bits & ((1 << f.bits) - 1)
                for word in words
                for lane in range(own.lanes)
            ][: own.synapses]
            numbers = [v - (1 << f.bits) if v is not None and f.signed and v > f.maximum else v for v in column]
            found[f.name] = np.array([0 if v is None else v for v in numbers], np.int64)
        if own.row_words:
            skipped = [word is None for word in words for _ in range(own.lanes)]
            found["skipped"] = np.array(skipped[: own.synapses])
    return found


def _unskipped(beats: list[int], places: Mapping[str, int], row_words: int) -> list[int | None]:
    """Return the words of a timestep: None for each of those that a beat says were left as they are."""
    if not row_words:
        return list(beats)
    skip = next(low for name, low in places.items() if name not in (LAST,) and name == "skip")
    return [word for beat in beats for word in ([None] * row_words if beat >> skip & 1 else [beat])]
