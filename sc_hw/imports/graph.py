"""What every source gives: a graph of nodes with NIR's kinds and parameters, its subgraphs laid open; and what the user must say.

Source of the kinds: the Neuromorphic Intermediate Representation (Pedersen et al., Nature Communications 15, 8122, 2024).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import UserError, one_line

__all__ = ["APPROXIMATIONS", "LARGEST", "RESETS", "Graph", "Node", "Options", "laid_open", "parameter_of", "shown", "uniform"]

RESETS = ("subtract", "subtract-late", "zero")
APPROXIMATIONS = ("leak", "reset", "clip")
LARGEST = 1e30  # of a number in a file or an option, so that no product of a few of them is infinite


@dataclass(frozen=True, kw_only=True)
class Options:
    """What no file says. ``dt`` in seconds; ``full_scale`` is the input that a pixel of 255 stands for; None is not given."""

    timesteps: int
    dt: float | None = None
    reset: str | None = None
    code: str | None = None
    threshold: float | None = None
    full_scale: float = 1.0
    axes: str | None = None
    weight_bits: int = 12
    approximate: tuple[str, ...] = ()


@dataclass(frozen=True)
class Node:
    """A node: its kind, as NIR names it, its parameters by name, and of a subgraph the graph."""

    kind: str
    values: Mapping[str, np.ndarray] = field(default_factory=dict)
    inside: "Graph | None" = None


@dataclass(frozen=True)
class Graph:
    """Nodes by name and edges between them."""

    nodes: Mapping[str, Node]
    edges: tuple[tuple[str, str], ...]


def shown(name: str, node: Node | None = None) -> str:
    """Return how a message calls a node."""
    return f"node {one_line(repr(name))[:80]}" + (f" ({one_line(node.kind)[:40]})" if node else "")


def laid_open(graph: Graph, prefix: str = "") -> Graph:
    """Return a graph whose subgraphs' nodes stand in it as ``SUBGRAPH.NODE``; inner inputs, outputs and Flatten are wires.

    Errors: ``UserError`` for edges of nodes that are not there, and for a subgraph without one input and one output.
    """
    nodes: dict[str, Node] = {}
    edges: list[tuple[str, str]] = []
    ends: dict[str, tuple[str, str]] = {}
    for name, node in graph.nodes.items():
        if node.inside is None:
            nodes[name], ends[name] = node, (name, name)
            continue
        inner = laid_open(node.inside)
        own: dict[str, str] = {}
        for kind in ("Input", "Output"):
            found = [n for n, part in inner.nodes.items() if part.kind == kind]
            if len(found) != 1:
                raise UserError(f"{shown(prefix + name, node)}: has {len(found)} nodes {kind}; allowed is one")
            own[kind] = f"{name}.{found[0]}"
        for inside, part in inner.nodes.items():
            nodes[f"{name}.{inside}"] = Node("Wire") if f"{name}.{inside}" in own.values() else part
        edges += [(f"{name}.{a}", f"{name}.{b}") for a, b in inner.edges]
        ends[name] = own["Input"], own["Output"]
    for source, target in graph.edges:
        for end in (source, target):
            if end not in ends:
                raise UserError(f"{shown(prefix + end)}: an edge names it, but it is not in the file")
        edges.append((ends[source][1], ends[target][0]))
    for name in [n for n, node in nodes.items() if node.kind in ("Wire", "Flatten")]:
        before, behind = [a for a, b in edges if b == name], [b for a, b in edges if a == name]
        if name in before:
            raise UserError(f"{shown(prefix + name)}: leads to itself; a cycle needs neurons")
        if len(before) * len(behind) + len(edges) > _MOST_EDGES:
            raise UserError(f"{shown(prefix + name)}: more than {_MOST_EDGES} edges; give a smaller graph")
        edges = [e for e in edges if name not in e] + [(a, b) for a in before for b in behind]
        del nodes[name]
    return Graph(nodes, tuple(dict.fromkeys(edges)))


_MOST_EDGES = 10_000


def uniform(name: str, node: Node, parameter: str, *, what: str) -> float:
    """Return the one value of a parameter that all neurons of a population share. Errors: ``UserError``."""
    values = np.unique(parameter_of(name, node, parameter))
    if values.size and np.ptp(values) <= 1e-5 * np.abs(values).max():
        return float(values.mean())
    raise UserError(f"{shown(name, node)}: {parameter} of its neurons differ; {what}")


def parameter_of(name: str, node: Node, parameter: str) -> np.ndarray:
    """Return a parameter as finite floats. Errors: ``UserError``."""
    value: Any = node.values.get(parameter)
    if value is None:
        raise UserError(f"{shown(name, node)}: has no {parameter}; export it again with one")
    array: np.ndarray = np.asarray(value, dtype=np.float64)
    if not array.size or not (np.abs(array) <= LARGEST).all():  # nor is a NaN
        raise UserError(
            f"{shown(name, node)}: {parameter} is empty, not finite or above {LARGEST:g}; allowed are smaller numbers"
        )
    return array
