"""The proof of what joins blocks: every pin is on what the graph says, and the blocks between cores keep their contracts.

Nothing is lost, duplicated, changed or reordered between cores, by k-induction. What the cores do is left open: each is proven in
its own folder.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ..manifest import Core
from ..rtl.addresses import AddressesDesign
from ..rtl.design import CoreDesign
from ..rtl.graph import Graph
from ..rtl.joint import FanoutDesign
from ..rtl.net import verilog_text
from ..rtl.rows import RowsDesign
from .induction import Inquiry, induction_task, render, top_of
from .memories import prove_memories
from .result import Obligation

__all__ = ["cover_graph", "covers_of_graph", "prove_graph", "statements_of_graph", "wires_of"]

_FANOUT = (
    "in their k-th timestep the synapses get, in order and once each, what their neurons gave in their k-th timestep, without "
    "a lost clock"
)
_ROWS = (
    "every presynaptic neuron passes the row filter once a timestep; it skips a row only when all synapses of the row rested "
    "when they were visited last, nothing changed them since, and neither an input nor a trace reaches them"
)
_INSIDE = "the invariants by which the induction closes"
_WIRING = (
    "every pin of every block, and every output, is on what the graph says; in a reset what says that something is offered to a "
    "core means nothing"
)
_ADDRESSES = (
    "every neuron's bit of a timestep says whether an event named it since the timestep before was complete; words come in "
    "order, once each, without a lost clock"
)
_COVERS = {
    "cover_beat_after_stall": "a beat is played after a stall",
    "cover_beat_after_reset": "a beat is played after a reset in the middle of a timestep",
}
_FEW_WORDS = 16  # of a timestep, all of which a solver has to step through before anything is played


def prove_graph(inquiry: Inquiry[Core]) -> Iterator[Obligation]:
    """Prove what joins the cores of an emitted graph, at its own size.

    A waveform of a refutation is written into the folder of traces. Errors: ``UserError`` when sby is missing or the sources
    cannot be read.
    """
    design: Any = inquiry.core.design
    texts = inquiry.sources
    yield from prove_memories(inquiry)
    statements, *rest = statements_of_graph(design.graph)
    inside, visible = (_task(design, texts, inside=inside) for inside in (True, False))
    yield from inquiry.decide(design.name, inside, visible, statements)
    for (place, module), statements in zip(_placed(design.graph, AddressesDesign).items(), rest, strict=True):
        inside, visible = (_addresses_task(design, place, module, texts, inside=inside) for inside in (True, False))
        yield from inquiry.decide(module.name, inside, visible, statements)


def statements_of_graph(graph: Graph) -> list[dict[str, str]]:
    """Return the obligations about what joins the cores, and about each decoder of addresses."""
    statements = {"fanout": _FANOUT, "wiring": _WIRING, "inside": _INSIDE}
    if _placed(graph, RowsDesign):
        statements["rows"] = _ROWS
    return [statements, *({"addresses": _ADDRESSES, "inside": _INSIDE} for _ in _placed(graph, AddressesDesign))]


def cover_graph(inquiry: Inquiry[Core]) -> Iterator[Obligation]:
    """Show that the statements are not vacuous, as far as that takes few words; the rest is for the campaign to show."""
    design: Any = inquiry.core.design
    texts = inquiry.sources
    ((_, fanout),) = _placed(design.graph, FanoutDesign).items()
    joint, *rest = covers_of_graph(design.graph)
    if joint:
        yield from inquiry.cover("covers", _task(design, texts, inside=None), joint, 2 * fanout.words + 16)
    for (place, module), reached in zip(_placed(design.graph, AddressesDesign).items(), rest, strict=True):
        if reached:
            task = _addresses_task(design, place, module, texts, inside=None)
            yield from inquiry.cover(f"covers_{place}", task, reached, 3 * module.words + 16)


def covers_of_graph(graph: Graph) -> list[dict[str, str]]:
    """Return the covers of what joins the cores and of each decoder of addresses, none of what has many words."""
    ((_, fanout),) = _placed(graph, FanoutDesign).items()
    return [
        _COVERS if fanout.words <= _FEW_WORDS else {},
        *(
            {f"cover_addressed_{place}": f"a spike of {place} is given, after a reset in between"}
            if module.words <= _FEW_WORDS
            else {}
            for place, module in _placed(graph, AddressesDesign).items()
        ),
    ]


def _placed(graph: Graph, kind: type[Any]) -> dict[str, Any]:
    """Return the blocks of a kind by place."""
    return {place: node.block for place, node in graph.nodes.items() if isinstance(node.block, kind)}


def _addresses_task(
    design: Any, place: str, module: AddressesDesign, texts: Mapping[str, str], *, inside: bool | None
) -> dict[str, Any]:
    """Return the task about one of the modules that take address events; ``inside`` as in ``_task``."""
    memory, word = f"{module.name}_memory", module.word_bits
    taps = {"open_reg": 1, "quiet_reg": 1, "read_reg": 1, "valid_reg": 1, "word_reg": word, "beat_word_reg": word}
    ports = {"read_enable": 1, "read_address": word, "read_data": 1, "write_enable": 1, "write_address": word, "write_data": 1}
    taps |= {f"memory_{lane}.{port}": bits for lane in range(module.lanes) for port, bits in ports.items()}
    harness = render("addresses.sv.j2", design, top=top_of(design), addresses=module, owner=place, taps=taps, inside=inside)
    return induction_task(design, {f"{name}.v": texts[f"{name}.v"] for name in (module.name, memory)}, [memory], harness)


def _memory_taps(place: str, address_bits: int, data_bits: int) -> dict[str, int]:
    return {
        f"{place}.memory.{port}": bits
        for port, bits in (
            ("read_enable", 1),
            ("read_address", address_bits),
            ("read_data", data_bits),
            ("write_enable", 1),
            ("write_address", address_bits),
            ("write_data", data_bits),
        )
    }


def _task(design: Any, files: Mapping[str, str], *, inside: bool | None) -> dict[str, Any]:
    """Return the task about the graph; without ``inside`` it sees no register within, and with ``None`` it holds the covers."""
    graph: Graph = design.graph
    ((fan_out, fanout),) = _placed(graph, FanoutDesign).items()
    found = list(_placed(graph, RowsDesign).items())
    row_filter, rows = found[0] if found else ("", None)
    inner = [fanout, *([rows] if rows else [])]
    cores = {place: node.block for place, node in graph.nodes.items() if node.block not in inner}
    memories = [{"module": f"{fanout.name}_memory", "bits": fanout.stored_bits, "address_bits": fanout.address_bits}]
    if rows:
        memories.append({"module": f"{rows.name}_memory", "bits": rows.level_bits, "address_bits": rows.row_bits})
    replaced = [*(memory["module"] for memory in memories), *(block.name for block in cores.values())]
    files = {f"{module}.v": files[f"{module}.v"] for module in (design.name, *(block.name for block in inner), *replaced)}
    taps = {f"{place}.{port.name}": port.bits for place, node in graph.nodes.items() for port in node.block.ports()}
    taps |= {f"{fan_out}.replay_reg": 1, f"{fan_out}.address_reg": fanout.address_bits, f"{fan_out}.round_reg": fanout.round_bits}
    taps |= _memory_taps(fan_out, fanout.address_bits, fanout.stored_bits)
    if rows:
        taps |= {
            f"{row_filter}.{name}_reg": bits
            for name, bits in (
                ("row", rows.row_bits),
                ("result_row", rows.row_bits),
                ("word", rows.word_bits),
                ("level", rows.level_bits),
                *((name, 1) for name in ("open", "final", "full", "stale", "silent", "reached", "input", "traces")),
            )
        }
        taps |= _memory_taps(row_filter, rows.row_bits, rows.level_bits)
    ((taker, _),) = (
        (target.to.partition(".")[0], target)
        for channel in graph.channels
        if channel.source == f"{fan_out}.beat"
        for target in channel.targets
    )
    harness = render(
        "fanout.sv.j2",
        design,
        top=top_of(design),
        taps=taps,
        inside=inside,
        fanout=fanout,
        fan_out=fan_out,
        rows=rows,
        row_filter=row_filter,
        taker=taker,
        graph=graph,
        memories=memories,
        cores=cores.values(),
        wires=list(wires_of(graph)),
        count_bits=max(fanout.words, fanout.rounds).bit_length() + 1,
    )
    return induction_task(design, files, replaced, harness)


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
        offers = {f"{stream.name}_valid" for stream in node.block.streams} if isinstance(node.block, CoreDesign) else set()
        for port in node.block.ports():
            if port.direction == "input" and port.name != "clk":
                found = verilog_text(top.pins[place][port.name], driver.__getitem__)
                yield rf"\dut.{place}.{port.name} ", found, port.name not in offers
