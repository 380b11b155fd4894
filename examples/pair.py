"""Two crossbars in a row: the neurons in the middle are postsynaptic in one and presynaptic in the other."""

from typing import Any

from sc_hw.rtl.crossbar import CrossbarDesign
from sc_hw.rtl.graph import Channel, Graph, Node, Target
from sc_hw.rtl.net import Net
from sc_hw_models.rule import Rule

__all__ = ["pair"]


def pair(name: str, rule: Rule, config: Any, *, sizes: tuple[int, int, int]) -> Graph:
    """Return the graph; a beat of ``middle_event`` moves when both crossbars take it, a command, too.

    ``name`` is the module's, ``sizes`` are the neurons in front, in the middle and behind. Everything else of the crossbars is
    outside under their names: ``first_result``, ``second_post_event``.
    """
    places = ("first", "second")
    first, second = (
        CrossbarDesign.made(f"{name}_{place}", rule, config, pre=pre, post=post, lanes=1)
        for place, pre, post in zip(places, sizes[:2], sizes[1:], strict=True)
    )
    streams = {stream.name: stream for stream in first.streams}
    middle, (_, spike), (_, taken) = (
        streams["post_event"].named("middle_event"),
        streams["post_event"].items,
        streams["pre_event"].items,
    )
    shared = {"first": {"post_event", "command"}, "second": {"pre_event", "command"}}
    own = [(p, s.name) for p, x in zip(places, (first, second), strict=True) for s in x.streams if s.name not in shared[p]]
    given = {taken.name: Net(spike.name, spike.bits)}
    return Graph(
        name=name,
        purpose=f"two crossbars in a row, of {sizes[0]}, {sizes[1]} and {sizes[2]} neurons",
        note="Neurons in the middle are postsynaptic in the first and presynaptic in the second crossbar.",
        nodes={
            place: Node(block=block, note=f"The {place} crossbar") for place, block in zip(places, (first, second), strict=True)
        },
        outside=(middle, streams["command"], *((f"{place}.{stream}", f"{place}_{stream}") for place, stream in own)),
        channels=(
            Channel(source="middle_event", targets=(Target(to="first.post_event"), Target(to="second.pre_event", items=given))),
            Channel(source="command", targets=tuple(Target(to=f"{place}.command") for place in places)),
        ),
        checks={"middle_event": "first.post_event"},  # the second counts the same beats
    )
