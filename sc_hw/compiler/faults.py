"""Bugs to plant in a compiled datapath: a bit of a value inverted, where that changes what many updates give."""

import random
from collections.abc import Mapping

from ..rtl.design import CoreDesign
from ..rtl.faults import Fault, datapath_fault
from .node import Node, value
from .pipeline import Pipeline

__all__ = ["compiled_faults"]

_UPDATES, _ENOUGH, _MOST = 100, 10, 16
_OPERATIONS = ("add", "sub", "mul", "select", "clamp", "flip", "and", "or", "any")


def compiled_faults(design: CoreDesign, pipeline: Pipeline) -> list[Fault]:
    """Return up to so many faults, those of values that the step names first.

    A fault that few random updates show has that as its reason.
    """
    nodes = [node for node in pipeline.nodes if node.operation in _OPERATIONS]
    nodes.sort(key=lambda node: node.number not in pipeline.places)  # sorts the named ones first, and keeps their order
    generator = random.Random(1)  # noqa: S311 # a choice, not a secret
    updates = [
        {
            str(node.detail): generator.choice((node.low, node.high, *(generator.randint(node.low, node.high),) * 4))
            for node in pipeline.nodes
            if node.operation == "var"
        }
        for _ in range(_UPDATES)
    ]
    right = [_results(pipeline, update, -1, 0) for update in updates]
    faults = []
    for node in nodes[:_MOST]:
        name = pipeline.names[node.number]
        for place, which in ((0, "lowest"), (node.bits - 1, "highest")) if node.bits > 1 else ((0, "only"),):
            wrong = [_results(pipeline, update, node.number, place) for update in updates]
            shown = sum(results != whole for results, whole in zip(wrong, right, strict=True))
            seldom = "" if shown >= _ENOUGH else f"changes {shown} of {_UPDATES} random updates, too few to be sure of"
            faults.append(
                datapath_fault(
                    f"{name}, {which} bit",
                    f"the {which} bit of {name} is inverted",
                    name,
                    f"value ^ {node.bits}'d{1 << place}",
                    seldom,
                )
            )
    return faults


def _results(pipeline: Pipeline, update: Mapping[str, int], number: int, place: int) -> list[int]:
    """Return the results of an update in which a bit of one node is inverted."""
    known: dict[int, int] = {}

    def of(node: Node) -> int:
        return node.low if node.constant else known[node.number]

    for node in pipeline.nodes:
        found = value(node, [of(a) for a in node.arguments], update)
        if node.number == number:
            found ^= 1 << place
            if node.signed and place == node.bits - 1:
                found += (1 << node.bits) * (1 if found < -(1 << place) else -1 if found >= 1 << place else 0)
        known[node.number] = found
    return [of(root) & ((1 << root.bits) - 1) for root in pipeline.roots.values()]
