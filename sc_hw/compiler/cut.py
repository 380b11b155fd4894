"""The largest gain of a set that must hold whatever its members need: a minimum cut."""

import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["best_closure"]


def best_closure(gains: Sequence[int], needs: Iterable[tuple[int, int]], fixed: Iterable[int]) -> set[int]:
    """Return the smallest set with the largest sum of ``gains``: with i it holds j for each pair (i, j) of ``needs``.

    None of ``fixed`` may be in it. Empty when no set gains anything.
    """
    n = len(gains)
    source, sink = n, n + 1
    most = sum(abs(gain) for gain in gains) + 1
    room: list[dict[int, int]] = [{} for _ in range(n + 2)]

    def edge(i: int, j: int, capacity: int) -> None:
        room[i][j] = room[i].get(j, 0) + capacity
        room[j].setdefault(i, 0)

    for i, gain in enumerate(gains):
        if gain > 0:
            edge(source, i, gain)
        elif gain < 0:
            edge(i, sink, -gain)
    for i, j in needs:
        edge(i, j, most)
    for i in fixed:
        edge(i, sink, most)
    while levels := _levels(room, source, sink):
        places = [iter(list(neighbours)) for neighbours in room]
        while _push(room, levels, places, source, sink):
            pass
    reached, waiting = {source}, deque([source])
    while waiting:
        i = waiting.popleft()
        for j, left in room[i].items():
            if left and j not in reached:
                reached.add(j)
                waiting.append(j)
    return reached - {source}


def _levels(room: Sequence[Mapping[int, int]], source: int, sink: int) -> list[int]:
    """Return how far each place is from the source; nothing when the sink cannot be reached."""
    levels, waiting = [-1] * len(room), deque([source])
    levels[source] = 0
    while waiting:
        i = waiting.popleft()
        for j, left in room[i].items():
            if left and levels[j] < 0:
                levels[j] = levels[i] + 1
                waiting.append(j)
    return levels if levels[sink] >= 0 else []


def _push(room: list[dict[int, int]], levels: list[int], places: list[Iterator[int]], source: int, sink: int) -> bool:
    """Send what fits along one path."""
    path = [source]
    while path[-1] != sink:
        i = path[-1]
        for j in places[i]:
            if room[i][j] and levels[j] == levels[i] + 1:
                path.append(j)
                break
        else:
            path.pop()
            if not path:
                return False
            # The place before goes on with its next neighbour.
    flow = min(room[i][j] for i, j in itertools.pairwise(path))
    for i, j in itertools.pairwise(path):
        room[i][j] -= flow
        room[j][i] += flow
    for i in path[:-1]:
        places[i] = iter(list(room[i]))
    return True
