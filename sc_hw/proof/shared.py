"""The proof of cores that take their commands together: nobody who waits is passed by more than once."""

from collections.abc import Iterator
from typing import Any

from ..rtl.graph import Graph
from .assumption import before

__all__ = ["SHARED", "SHARED_ASSUMPTIONS", "shared_places"]

SHARED = (
    "every core takes a command in the clock in which all do; one that waits lets one host access at most go before it in each "
    "core, an access that waits one command; where all cores are idle, one of them is taken"
)


def shared_places(graph: Graph) -> list[str]:
    """Return the places of the cores that take a command in the clock in which others take it."""
    return [place for place, node in graph.nodes.items() if any(port.name == "command_others" for port in node.block.signals)]


def _shares(design: Any) -> bool:
    return bool(design.graph and shared_places(design.graph))


def _hosts(design: Any, prefix: str) -> Iterator[str]:
    yield from (f"{prefix}{place}/engine_host" for place in shared_places(design.graph))


def _streams(design: Any, prefix: str) -> Iterator[str]:
    yield from (f"{prefix}{place}/engine_streams" for place in shared_places(design.graph))


SHARED_ASSUMPTIONS = (
    before("shared", "shared_ready", "a core takes a command when it can and all others can", _streams, when=_shares),
    before("shared", "shared_passed", "a core takes no command while a host waits that one went before", _streams, when=_shares),
    before("shared", "shared_able", "an idle core can take a command unless such a host waits", _streams, when=_shares),
    before(
        "shared",
        "shared_host",
        "an idle core serves a host that a command went before, or while none waits",
        _hosts,
        when=_shares,
    ),
)
