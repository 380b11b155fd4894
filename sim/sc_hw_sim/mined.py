"""Numbers that an edited core compares with, as its Verilog says: each is put wherever it fits, because chance never draws it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .stimulus import Kind, mined_steps, random_state

if TYPE_CHECKING:
    from sc_hw_models.rule import Field

    from .bench import CoreBench

__all__ = ["play_mined"]

_RANDOM = Kind("mined", "random", "random")
_MIXED = 64
_QUIET = Kind("mined", "none", "random")


async def play_mined(bench: "CoreBench") -> None:
    """Let each number of ``bench.mined`` be in every field of every synapse, and in every input, for some timesteps.

    First others are 0, then at random; at last all numbers are mixed with 0, more often where there are few synapses.
    Raises ``MismatchError`` at the first difference.
    """
    for number in bench.mined:
        await _play(bench, [number], _QUIET)
        await _play(bench, [number], _RANDOM)
    if bench.mined:
        for turn in range(max(2, _MIXED // bench.synapses)):
            await _play(bench, bench.mined, _RANDOM if turn % 2 else _QUIET, mixed=True)


async def _play(bench: "CoreBench", numbers: Sequence[int], kind: Kind, *, mixed: bool = False) -> None:
    """Play timesteps in which state and inputs are of these numbers, where any fits."""
    steps, draw = mined_steps(bench.synapses), bench.generator
    fields = {f.name: f for part in bench.parts for f in part.spec.inputs}
    for part in bench.parts:
        values = random_state(part.spec.state, part.synapses, part.generator)
        for f in part.spec.state:
            if (fits := _fitting(f, numbers)) or kind is _QUIET:
                values[f.name] = draw.choice(fits + [f.reset] * (mixed or not fits), part.synapses).astype(f.dtype)
        await part._load(values)
    inputs = bench._inputs(kind, steps)
    for name, given in inputs.items():
        fits = _fitting(fields[name], numbers) if name in fields else []
        if fits or kind is _QUIET:
            given[...] = draw.choice(fits + [0] * (mixed or not fits), given.shape)
    bench._ask(inputs, steps)
    check = f"timesteps with numbers of the edited Verilog: {', '.join(map(str, numbers))}"
    await bench._moved(check)
    for part in bench.parts:
        part._compare_asked(check)


def _fitting(field: "Field", numbers: Sequence[int]) -> list[int]:
    """Return those numbers that a field of so many bits holds, as it holds them."""
    half = 1 << field.bits - 1
    return [n - 2 * half if field.signed and n >= half else n for n in numbers if n < 2 * half]
