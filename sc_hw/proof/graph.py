"""The proof of what joins blocks: every pin is on what the graph says, and the blocks between cores keep their contracts.

Nothing is lost, duplicated, changed or reordered between cores, by k-induction. What the cores do is left open: each is proven in
its own folder. What is known of a kind of block stands in ``blocks``.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ..manifest import Core
from ..rtl.design import CoreDesign
from ..rtl.graph import Graph
from ..rtl.net import verilog_text
from .blocks import INSIDE, ROOMS, BlockRoom, memories_of, memory_taps, placed
from .induction import Inquiry, induction_task, render, top_of
from .memories import prove_memories
from .result import Obligation
from .shared import SHARED, shared_places

__all__ = ["block_task", "cover_graph", "covers_of_graph", "joint_task", "prove_graph", "statements_of_graph", "wires_of"]

_WIRING = (
    "every pin of every block, and every output, is on what the graph says; in a reset what says that something is offered to a "
    "core, or could be taken by others, means nothing"
)

_WIRING_ALONE = "wiring.sv.j2"  # of a graph of whose blocks each is asked about alone


def prove_graph(inquiry: Inquiry[Core]) -> Iterator[Obligation]:
    """Prove what joins the cores of an emitted graph, at its own size.

    A waveform of a refutation is written into the folder of traces. Errors: ``UserError`` when sby is missing or the sources
    cannot be read.
    """
    design: Any = inquiry.core.design
    texts = inquiry.sources
    yield from prove_memories(inquiry)
    statements, *rest = statements_of_graph(design.graph)
    inside, visible = (joint_task(design, texts, inside=inside) for inside in (True, False))
    yield from inquiry.decide(design.name, inside, visible, statements)
    for (place, block, room), statements in zip(_alone(design.graph), rest, strict=True):
        inside, visible = (block_task(design, place, block, room, texts, inside=inside) for inside in (True, False))
        yield from inquiry.decide("_".join(filter(None, (block.name, room.title))), inside, visible, statements)


def statements_of_graph(graph: Graph) -> list[dict[str, str]]:
    """Return the obligations about what joins the cores, and about each block that is asked about alone."""
    joint = {name: text for _, _, room in _together(graph) for name, text in room.statements.items()}
    inside = {"inside": INSIDE} if joint else {}
    return [
        joint | ({"shared": SHARED} if shared_places(graph) else {}) | {"wiring": _WIRING} | inside,
        *({**room.statements, "inside": INSIDE} for _, _, room in _alone(graph)),
    ]


def cover_graph(inquiry: Inquiry[Core]) -> Iterator[Obligation]:
    """Show that the statements are not vacuous, as far as that takes few words; the rest is for the campaign to show."""
    design: Any = inquiry.core.design
    texts = inquiry.sources
    joint, *rest = covers_of_graph(design.graph)
    if joint:
        depth = max(room.depth(block) for _, block, room in _together(design.graph))
        yield from inquiry.cover("covers", joint_task(design, texts, inside=None), joint, depth)
    for (place, block, room), reached in zip(_alone(design.graph), rest, strict=True):
        if reached:
            task = block_task(design, place, block, room, texts, inside=None)
            yield from inquiry.cover(f"covers_{place}", task, reached, room.depth(block))


def covers_of_graph(graph: Graph) -> list[dict[str, str]]:
    """Return the covers of what joins the cores and of each block that is asked about alone, none of what has many words."""
    joint = {name: text for place, block, room in _together(graph) for name, text in room.covers(place, block).items()}
    return [joint, *(dict(room.covers(place, block)) for place, block, room in _alone(graph))]


def _found(graph: Graph, *, alone: bool) -> list[tuple[str, Any, BlockRoom]]:
    return [(place, block, room) for room in ROOMS if room.alone is alone for place, block in placed(graph, room.kind).items()]


def _together(graph: Graph) -> list[tuple[str, Any, BlockRoom]]:
    """Return place, block and room of the blocks that are asked about with the wiring, in the order of the registry."""
    return _found(graph, alone=False)


def _alone(graph: Graph) -> list[tuple[str, Any, BlockRoom]]:
    """Return place, block and room of the blocks that are asked about by themselves."""
    return _found(graph, alone=True)


def block_task(
    design: Any, place: str, block: Any, room: BlockRoom, texts: Mapping[str, str], *, inside: bool | None
) -> dict[str, Any]:
    """Return the task about a block that is asked about alone; ``inside`` as in ``joint_task``."""
    memories = sorted({memory["module"] for memory in memories_of(block).values()})
    taps = {**room.registers(block), **memory_taps(block)}
    values = room.values(design.graph, place, block)
    harness = render(room.template, design, top=top_of(design), taps=taps, inside=inside, **values)
    return induction_task(design, {f"{name}.v": texts[f"{name}.v"] for name in (block.name, *memories)}, memories, harness)


def joint_task(design: Any, files: Mapping[str, str], *, inside: bool | None) -> dict[str, Any]:
    """Return the task about the graph; without ``inside`` it sees no register within, and with ``None`` it holds the covers.

    Errors: ``ValueError`` for cores that take their commands together where every block is asked about alone, a recipe's fault.
    """
    graph: Graph = design.graph
    together = _together(graph)
    if shared_places(graph) and not together:
        raise ValueError(f"{graph.name}: cores that take their commands together are asked about with a block between them")
    inner = {place: block for place, block, _ in together}
    cores = {place: node.block for place, node in graph.nodes.items() if place not in inner}
    memories = [memory for block in inner.values() for memory in memories_of(block).values()]
    replaced = [*(memory["module"] for memory in memories), *(block.name for block in cores.values())]
    modules = (design.name, *(block.name for block in inner.values()), *replaced)
    taps = {f"{place}.{port.name}": port.bits for place, node in graph.nodes.items() for port in node.block.ports()}
    values: dict[str, Any] = {}
    for place, block, room in together:
        taps |= {f"{place}.{name}": bits for name, bits in (room.registers(block) | memory_taps(block)).items()}
        values |= room.values(graph, place, block)
    harness = render(
        together[0][2].template if together else _WIRING_ALONE,
        design,
        top=top_of(design),
        taps=taps,
        inside=inside,
        graph=graph,
        memories=memories,
        cores=cores.values(),
        wires=list(wires_of(graph)),
        shared=shared_places(graph),
        **values,
    )
    return induction_task(design, {f"{module}.v": files[f"{module}.v"] for module in modules}, replaced, harness)


def wires_of(graph: Graph) -> Iterator[tuple[str, str, bool]]:
    """Yield each input of a node and each output of the whole with what it must be, as names in the harness.

    Last is whether that holds in a reset too: a core that is reset takes nothing, and its proof lets anything be offered then.
    """
    top, ports = graph.top, {port.name: port for port in graph.ports()}
    driver = {name: name if name in ("clk", "rst") else f"top_{name}" for name in ports if ports[name].direction == "input"}
    driver |= {name: rf"\dut.{place}.{pin} " for name, (place, pin) in top.drivers.items()}
    driver |= {left.name: f"top_{left.name}" for left, _ in top.assigned}
    for left, value in top.assigned:
        yield f"top_{left.name}", verilog_text(value, driver.__getitem__), True
    for name, port in ports.items():
        if port.direction == "output" and name in top.drivers:
            yield f"top_{name}", driver[name], True
    for place, node in graph.nodes.items():
        offered = [stream.name for stream in node.block.streams] if isinstance(node.block, CoreDesign) else []
        offers = {f"{name}_{said}" for name in offered for said in ("valid", "others")}
        for port in node.block.ports():
            if port.direction == "input" and port.name != "clk":
                found = verilog_text(top.pins[place][port.name], driver.__getitem__)
                yield rf"\dut.{place}.{port.name} ", found, port.name not in offers
