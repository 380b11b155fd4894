"""Streams in every order: one source sends a whole timestep of one stream before it begins the next."""

from itertools import permutations
from typing import TYPE_CHECKING

from .stimulus import Kind, order_name
from .streams import end_turns

if TYPE_CHECKING:
    from .bench import CoreBench

__all__ = ["send_in_order"]

_KIND = Kind("in order", "random", "random")
_STEPS = 3


async def send_in_order(bench: "CoreBench") -> None:
    """Send some timesteps of all event streams one stream after the other, in each order, without stalls and with some.

    Raises ``MismatchError`` where that stands still, or at a difference; ``bench.corners`` tells each order that was played.
    """
    senders = [part for part in bench.parts if part.event.seen]
    for order in permutations(senders) if len(senders) > 1 else ():
        name = order_name([part.event.name for part in order])
        for stalls in (False, True):
            await bench._settled()
            for stream in (s for part in bench.parts for s in part.handshakes):
                stream.stall(0.0, 0)
            if stalls:
                bench._stalls()
            bench._ask(bench._inputs(_KIND, _STEPS), _STEPS)
            for step in range(_STEPS):
                for part in order:
                    part.event.turn(part._event_beats(_STEPS)[step])
            await bench._moved(name)
            end_turns(bench._index)
            for part in bench.parts:
                part._compare_asked(name)
        bench.corners[name] = 1
    bench._flowing = False
