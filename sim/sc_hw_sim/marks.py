"""Ends of timesteps that are marked wrongly: what a core tells of them is looked at in every clock (``sc_hw_marks``)."""

from typing import TYPE_CHECKING

import numpy as np

from .stimulus import Kind, breaches

if TYPE_CHECKING:
    from .bench import CoreBench

__all__ = ["mark_wrongly"]

_OFTEN = 0.1  # from then on, of timesteps asked for at once, how often one is marked wrongly
_KINDS = ("early mark", "no mark", "first mark")


async def mark_wrongly(bench: "CoreBench") -> None:
    """Mark the end of a timestep wrongly, each time from a reset on, under stalls, among commands and accesses of a host.

    What is told of it is compared in every clock; reads that commands may pass are counted alone. From then on some other
    timesteps are marked wrongly, too.
    """
    for turn in range(breaches(bench.synapses)):
        await bench._settled()
        await bench._reset()
        bench._stalls()
        for part in bench.parts:
            part.next_mark = _KINDS[int(bench.generator.integers(len(_KINDS)))]
            if turn % 2:  # events wait, too: what is told of one before it is taken is wrong
                part.result.stall(0.9, int(bench.generator.integers(1 << 62)))
        steps = int(bench.generator.integers(2, 4))
        bench._ask(bench._inputs(Kind("wrongly marked", "random", "random"), steps), steps)
        for part in bench.parts if turn % 2 else ():
            part._ask_clear()
        for part in bench.parts:
            part._access(bench.generator.permutation(part.synapses)[:4] if part.spec.state else np.arange(0), write=False)
        await bench._moved("wrongly marked")
        for part in bench.parts:
            part._compare_asked("wrongly marked")
            part.readback.take()
        bench._check_idle()
    await bench._settled()
    await bench._reset()
    for part in bench.parts:
        part.wrong_marks = _OFTEN
