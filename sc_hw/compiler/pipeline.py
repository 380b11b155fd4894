"""A datapath as it is printed: operations in stages, each with a name, and the registers between them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sc_hw_models.rule import Rule

from ..rtl.keywords import VERILOG_KEYWORDS
from .algebra import Algebra
from .delays import Delays
from .layout import laid_out
from .node import Node, in_order
from .schedule import Schedule, fastest, scheduled, stages_needed
from .simplify import simplified
from .trace import Place, traced

__all__ = ["Pipeline", "compiled_nodes", "pipeline"]

# What a value is called that has no name in the step.
_CALLED = {
    "add": "sum",
    "sub": "difference",
    "mul": "product",
    "shl": "scaled",
    "shr": "bits",
    "low": "bits",
    "cat": "joined",
    "comp": "inverted",
    "rev": "reversed",
    "minus": "negated",
    "flip": "flipped",
    "lt": "below",
    "eq": "equal",
    "any": "nonzero",
    "not": "inverse",
    "and": "all_of",
    "or": "some_of",
    "select": "chosen",
    "clamp": "clipped",
}


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """``nodes`` in order, without constants; ``names`` by number; ``places`` where the step names a value, by number.

    ``roots`` are the results by port; ``last`` is the last stage that needs a node, the latency for a result.
    """

    nodes: Sequence[Node]
    roots: Mapping[str, Node]
    names: Mapping[int, str]
    places: Mapping[int, Place]
    schedule: Schedule
    last: Mapping[int, int]

    @property
    def latency(self) -> int:
        """Clocks from inputs to results."""
        return self.schedule.latency

    @property
    def registers(self) -> int:
        """Bits of all registers."""
        return sum(node.bits * max(0, self.last[node.number] - self.schedule.stage[node.number]) for node in self.nodes)


def compiled_nodes(rule: Rule, config: Any) -> tuple[dict[str, Node], dict[int, Place]]:
    """Return the results of a step as hardware by port, and the places of nodes by number."""
    found = traced(rule, config)
    roots, of_term = simplified(found.terms, Algebra(), found.order)
    laid, made = laid_out(roots)
    places: dict[int, Place] = {}
    for key, place in found.places.items():
        if key in of_term and of_term[key].number in made:
            places.setdefault(made[of_term[key].number].number, place)
    return laid, places


def pipeline(
    roots: Mapping[str, Node], places: Mapping[int, Place], delays: Delays, period: float | None, latency: int
) -> Pipeline:
    """Return a datapath in so many stages, of ``period`` nanoseconds if that can be, else of the shortest that can."""
    least = fastest(roots, delays, latency)
    if period is None or stages_needed(roots, delays, period) > latency:
        period = least
    schedule = scheduled(roots, delays, period, latency)
    nodes = [node for node in in_order(roots.values()) if not node.constant]
    users: dict[int, list[Node]] = {node.number: [] for node in nodes}
    for node in nodes:
        for a in node.arguments:
            if not a.constant:
                users[a.number].append(node)
    results = {node.number for node in roots.values()}
    last = {node.number: schedule.last(node, users[node.number], result=node.number in results) for node in nodes}
    return Pipeline(
        nodes=nodes, roots=roots, names=_names(nodes, roots, places, schedule), places=places, schedule=schedule, last=last
    )


def _names(nodes: Sequence[Node], roots: Mapping[str, Node], places: Mapping[int, Place], schedule: Schedule) -> dict[int, str]:
    """Return a name for every node: its port's, the step's, or its operation's."""
    taken = {"clk", "enable", *roots, *(str(node.detail) for node in nodes if node.operation == "var")}
    names = {node.number: str(node.detail) for node in nodes if node.operation == "var"}
    results = {node.number: port.partition("_")[2] for port, node in reversed(list(roots.items()))}
    for node in nodes:
        if node.number in names:
            continue
        place = places.get(node.number)
        base = place.name if place else results.get(node.number) or _CALLED[node.operation]
        if base in VERILOG_KEYWORDS or base.endswith("_"):
            base = f"{base.rstrip('_')}_value"
        name, count = base, 1
        while any(f"{name}{suffix}" in taken for suffix in ("", *(f"_{k}" for k in range(1, schedule.latency + 1)))):
            count += 1
            name = f"{base}_v{count}"
        names[node.number] = name
        taken |= {name, *(f"{name}_{k}" for k in range(1, schedule.latency + 1))}
    return names
