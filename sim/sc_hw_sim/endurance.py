"""Endurance: many beats without a reset, and long waits, in which what counts or grows old shows."""

from typing import TYPE_CHECKING

import numpy as np
from cocotb.triggers import Timer

from .driver import PATIENCE
from .stimulus import BATCH, Kind, endured, random_state
from .streams import CLOCK_PERIOD

if TYPE_CHECKING:
    from .bench import CoreBench

__all__ = ["endure"]

_KIND = Kind("endurance", "random", "random")
_SLOW = 15 / 16  # of the clocks, in which a result waits: 320 leave in these, more than twice the slots of any queue
_SLOW_CLOCKS = 5120


async def endure(bench: "CoreBench") -> None:
    """Let a design have many timesteps, clears, host writes and reads, and long waits of every stream, without a reset.

    Everything is compared; how many there were is told in ``bench.corners``. Raises ``MismatchError`` at the first difference.
    """
    for stream in (s for part in bench.parts for s in part.handshakes):
        stream.stall(0.0, 0)
    await bench._settled()
    counts = endured(bench.synapses)
    await _timesteps(bench, counts["timesteps"])
    await _clears(bench, counts["clears"])
    for part in bench.parts:
        if part.spec.state:
            await _accesses(bench, part, counts["host accesses"])
            if part.synapses < part.words * part.lanes:
                await _padding(bench, part)
    await _waits(bench, counts["clocks of each wait"])
    for what, count in counts.items():
        bench.corners[f"{count:,} {what} without a reset"] = 1


async def _timesteps(bench: "CoreBench", steps: int) -> None:
    """Play timesteps; the first results leave so slowly that a queue stays full while its counters go round."""
    done = 0
    while done < steps:
        some = min(steps - done, max(1, BATCH // bench.synapses))
        for part in bench.parts:
            part.result.stall(0.0 if done else _SLOW, 1)
        bench._ask(bench._inputs(_KIND, some), some)
        if not done:
            await Timer(_SLOW_CLOCKS * CLOCK_PERIOD + CLOCK_PERIOD // 4, unit="step")
            for part in bench.parts:
                part.result.stall(0.0, 0)
        await _compared(bench, f"timesteps {done:,} to {done + some - 1:,} without a reset")
        done += some


async def _clears(bench: "CoreBench", count: int) -> None:
    for master in bench._commanded:
        for _ in range(count):
            for part in master.together:
                part._ask_clear()
        await _compared(bench, f"{count} clears without a reset")


async def _accesses(bench: "CoreBench", part: "CoreBench", count: int) -> None:
    """Write and read so many words; of a part that has as many each once, of others some often."""
    if part.synapses >= count:
        await part._load(random_state(part.spec.state, part.synapses, part.generator))
        await part._check_readback("read-back without a reset")
        return
    done = 0
    while done < count:
        order = part.generator.integers(part.synapses, size=min(count - done, max(1, BATCH // part.synapses)))
        part._ask_write(order)
        await _compared(bench, f"host writes {done:,} to {done + len(order) - 1:,} without a reset")
        part._ask_read(order)
        await _compared(bench, f"host reads {done:,} to {done + len(order) - 1:,} without a reset")
        done += len(order)


async def _padding(bench: "CoreBench", part: "CoreBench") -> None:
    """Write words that hold no synapse: they keep what the host wrote, in timesteps too, and nothing else changes."""
    check = "host accesses to words without a synapse"
    lanes = np.array([lane for lane, words in enumerate(part._lane_words) if words < part.words])
    place, values = [lanes, np.full(len(lanes), part.words - 1)], random_state(part.spec.state, len(lanes), part.generator)
    part.host.load([np.ones(len(lanes)), *place, *values.values()])
    for lane in lanes:
        part.writes[lane].expect(1)
    await bench._moved(check)
    for number, lane in enumerate(lanes):
        part.board.count(check, f"words written to lane {lane}", 1, part.writes[lane].left)
        word = [column[number : number + 1] for column in (place[1], *values.values())]
        part.board.host_values += part.board.tables(
            check, part._word(word), part._word(part.writes[lane].take()), lambda _row: {}
        )
    bench._ask(bench._inputs(_KIND, 1), 1)
    await _compared(bench, check)
    part.host.load([np.zeros(len(lanes)), *place, *values.values()])
    part.readback.expect(len(lanes))
    await bench._moved(check)
    part.board.count(check, "words read back", len(lanes), part.readback.left)
    found = dict(zip(values, part.readback.take(), strict=True))
    part.board.host_values += part.board.tables(check, values, found, lambda _row: {})
    await part._check_readback(check)


async def _waits(bench: "CoreBench", clocks: int) -> None:
    """Let every stream wait: results, first or last of a timestep, words that were read, commands, events, host accesses."""
    for number, part in enumerate(bench.parts):
        some = np.arange(part.synapses)[-2:]
        for what, stream, after in (
            ("results", part.result, 0),
            ("last results", part.result, part.words - 1),
            ("events", part.event, 0),
            ("commands", part.command, 0),
        ):
            stream.hold(clocks, after=after)
            bench._ask(bench._inputs(_KIND, 1), 1)
            await _compared(bench, f"{what} of core {number} wait for {clocks:,} clocks", clocks)
        if part.spec.state:
            part.event.hold(clocks)  # behind which the host waits, too
            bench._ask(bench._inputs(_KIND, 1), 1)
            part._ask_read(some)
            await _compared(bench, f"host accesses to core {number} wait for {clocks:,} clocks", clocks)
            part.readback.hold(clocks)
            part._ask_read(some)
            await _compared(bench, f"words read from core {number} wait for {clocks:,} clocks", clocks)


async def _compared(bench: "CoreBench", check: str, wait: int = 0) -> None:
    """Wait until all that was asked for has come, and compare it."""
    await bench._moved(check, patience=PATIENCE + wait)
    for part in bench.parts:
        part._compare_asked(check, _KIND)
        part._compare_reads(check)
