"""Commands and accesses of a host that wait for each other: who goes first is looked at in every clock (``sc_hw_turns``)."""

from typing import TYPE_CHECKING

import numpy as np

from .stimulus import Kind, breaches

if TYPE_CHECKING:
    from .bench import CoreBench

__all__ = ["take_turns"]

_SHARE = 3  # of the timesteps that are marked wrongly, how many take turns
_READS = 6
_STEPS = 3  # one behind the other: the second begins while the last words of the first are on their way


async def take_turns(bench: "CoreBench") -> None:
    """Ask for timesteps and clears, one behind the other, while the host of every part has some words to read.

    What is read depends on who went first, and is counted alone; what results and memories get is compared.
    """
    for turn in range(max(3, breaches(bench.synapses) // _SHARE)):
        await bench._settled()
        bench._watching.value = turn % 3 == 0  # then no access is withdrawn
        if turn % 3 == 1:
            bench._stalls()
        else:  # without a gap: a clear passes an access and has a command behind it
            for stream in (s for part in bench.parts for s in part.handshakes):
                stream.stall(0.0, 0)
        if turn % 3 == 2:  # but in what hosts offer, which comes in the middle of a timestep
            for part in bench.parts:
                part.host.stall(0.9, int(bench.generator.integers(1 << 62)))
        kind = Kind("in turns", "random", "random")
        for _ in range(2):
            bench._ask(bench._inputs(kind, _STEPS), _STEPS)
            for master in bench._commanded:
                for part in master.together:
                    part._ask_clear()
        bench._ask(bench._inputs(kind, 1), 1)
        for part in bench.parts:
            part._access(bench.generator.permutation(part.synapses)[:_READS] if part.spec.state else np.arange(0), write=False)
        await bench._moved("in turns")
        for part in bench.parts:
            part._compare_asked("in turns")
            part.readback.take()
        bench._check_idle()
    bench._watching.value = 0
