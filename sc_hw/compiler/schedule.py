"""Which clock computes what: the fewest stages that keep the clock, and of these the one with the fewest registers.

A mask, which a condition forces to a number or leaves as it is, costs nothing where registers take it, as these have a
synchronous set and reset; before an adder or a multiplier it costs a LUT a bit. A datapath has two to three times as many
registers as LUTs, so a LUT counts as two of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .cut import best_closure
from .delays import WIRES, Delays
from .node import Node, in_order, one_sided

__all__ = ["Schedule", "fastest", "scheduled", "slowest", "stages_needed"]

_FINE = 1e-9
_MASK = 2  # bits of registers that are worth a LUT


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """``stage`` holds for each node's number the clock that computes it, from 0; results are registered after ``latency``."""

    stage: Mapping[int, int]
    latency: int
    period: float

    def last(self, node: Node, users: Iterable[Node], *, result: bool) -> int:
        """Return the last stage that needs a node."""
        return max([self.latency if result else 0, *(self.stage[user.number] for user in users)])


def _earliest(nodes: list[Node], delays: Delays, period: float) -> dict[int, int]:
    """Return the first stage that each node can be in."""
    stage: dict[int, int] = {}
    late: dict[int, float] = {}
    for node in nodes:
        inside = [a for a in node.arguments if not a.constant]
        first = max((stage[a.number] for a in inside), default=0)
        own = delays.of(node)
        arrival = max((late[a.number] for a in inside if stage[a.number] == first), default=0.0)
        if arrival and arrival + own > period + _FINE:
            first, arrival = first + 1, 0.0
        stage[node.number], late[node.number] = first, arrival + own
    return stage


def stages_needed(roots: Mapping[str, Node], delays: Delays, period: float) -> int:
    """Return how many stages keep a period in nanoseconds."""
    nodes = in_order(roots.values())
    return 1 + max(_earliest(nodes, delays, period - delays.overhead).values(), default=0)


def slowest(roots: Mapping[str, Node], delays: Delays) -> float:
    """Return the nanoseconds of the operation that takes longest, and a register's: no number of stages makes it faster."""
    return delays.overhead + max((delays.of(node) for node in in_order(roots.values())), default=0.0)


def fastest(roots: Mapping[str, Node], delays: Delays, latency: int) -> float:
    """Return the shortest period in nanoseconds that so many stages keep."""
    low, high = slowest(roots, delays), sum(delays.of(node) for node in in_order(roots.values())) + delays.overhead + 1
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if stages_needed(roots, delays, middle) <= latency else (middle, high)
    return high


def scheduled(roots: Mapping[str, Node], delays: Delays, period: float, latency: int) -> Schedule:
    """Return the stages with the fewest registers and masks; ``latency`` is at least what ``stages_needed`` says."""
    nodes = [node for node in in_order(roots.values()) if not node.constant]
    index = {node.number: i for i, node in enumerate(nodes)}
    n, end = len(nodes), 2 * len(nodes)  # place i: the stage of a node; n + i: the last stage that needs it; end: the results
    earliest = _earliest(in_order(roots.values()), delays, period - delays.overhead)
    users: list[list[int]] = [[] for _ in nodes]
    for node in nodes:
        for a in node.arguments:
            if not a.constant:
                users[index[a.number]].append(index[node.number])
    results = {index[node.number] for node in roots.values() if not node.constant}
    times = [earliest[node.number] for node in nodes]
    times += [max([latency if i in results else times[i], *(times[u] for u in users[i])]) for i in range(n)] + [latency]
    limits: list[tuple[int, int, int]] = []  # time of the second >= time of the first + so much
    for i, node in enumerate(nodes):
        limits += [(i, u, 0) for u in users[i]] + [(u, n + i, 0) for u in users[i]] + [(i, n + i, 0), (i, end, -1)]
        limits[-1] = (i, end, 1)
        if i in results:
            limits.append((end, n + i, 0))
        del node
    limits += [(i, j, 1) for i, j in _apart(nodes, index, delays, period - delays.overhead)]
    fixed = {end} | {i for i, node in enumerate(nodes) if node.operation == "var"}
    gains = [node.bits for node in nodes] + [-node.bits for node in nodes] + [0]
    for i, firm in _masks(nodes, users):  # one place more each: the stage after the mask's, unless what is firm comes before
        gains[i] -= _MASK * nodes[i].bits
        limits += [(i, len(gains), 0), (len(gains), i, -1), *((len(gains), u, 0) for u in firm)]
        gains.append(_MASK * nodes[i].bits)
        times.append(times[i])
    while True:
        moved = best_closure(gains, [(i, j) for i, j, least in limits if times[j] == times[i] + least], fixed)
        if not moved:
            break
        for i in moved:
            times[i] += 1
    stage = {node.number: times[i] for i, node in enumerate(nodes)}
    for node in in_order(roots.values()):
        if node.constant:
            stage[node.number] = 0
    return Schedule(stage=stage, latency=latency, period=period)


def _forced(node: Node) -> bool:
    """Return whether a condition forces a value to a number."""
    if node.operation == "clamp":
        return one_sided(node)
    return node.operation == "select" and any(a.constant for a in node.arguments)


def _firm(node: Node) -> bool:
    """Return whether a node is a carry chain or a multiplier, whose LUTs take no more inputs."""
    return node.operation in ("add", "sub", "mul") or (node.operation == "lt" and not node.arguments[1].constant)


def _masks(nodes: list[Node], users: list[list[int]]) -> Iterable[tuple[int, set[int]]]:
    """Yield the masks, and what would have to be in a later stage for the registers to take each."""
    firm: list[set[int]] = [set() for _ in nodes]
    for i in reversed(range(len(nodes))):
        for u in users[i]:
            firm[i] |= {u} if _firm(nodes[u]) else firm[u] if nodes[u].operation in WIRES else set()
        if firm[i] and _forced(nodes[i]):
            yield i, firm[i]


def _apart(nodes: list[Node], index: Mapping[int, int], delays: Delays, period: float) -> Iterable[tuple[int, int]]:
    """Yield nodes of which the second cannot be in the stage of the first: what lies between takes longer than a period."""
    own = [delays.of(node) for node in nodes]
    before = [[index[a.number] for a in node.arguments if not a.constant] for node in nodes]
    for i in range(len(nodes)):
        if not own[i]:
            continue  # what follows it has the same limits
        longest = {i: own[i]}
        for j in range(i + 1, len(nodes)):
            through = [longest[a] for a in before[j] if a in longest]
            if not through:
                continue
            length = max(through) + own[j]
            if length > period + _FINE:
                yield i, j
            else:
                longest[j] = length
