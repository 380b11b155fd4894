"""The proof of what joins cores: nothing is lost, duplicated, changed or reordered between them, by k-induction."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sc_hw_models.rule import Field

from ..rtl.addresses import AddressesDesign
from ..rtl.crossbar import CrossbarDesign
from ..rtl.design import CoreDesign
from ..rtl.layer import NEURON, LayerDesign
from .induction import Inquiry, induction_task, render, top_of
from .memories import prove_memories
from .result import Obligation

__all__ = ["cover_joint", "covers_of_joint", "prove_joint", "statements_of_joint"]

Joined = LayerDesign | CrossbarDesign

_FANOUT = (
    "in their k-th timestep the synapses get, in order and once each, what their neurons gave in their k-th timestep, without "
    "a lost clock"
)
_ROWS = (
    "every presynaptic neuron passes the row filter once a timestep; it skips a row only when all synapses of the row rested "
    "when they were visited last, nothing changed them since, and neither an input nor a trace reaches them"
)
_INSIDE = "the invariants by which the induction closes"
_STREAMS = {
    "layer": "a neuron's beat leaves the layer exactly when it is stored, which only a timestep being played delays",
    "crossbar": "every core takes a command exactly when the crossbar does",
}
_ADDRESSES = (
    "every neuron's bit of a timestep says whether an event named it since the timestep before was complete; words come in "
    "order, once each, without a lost clock"
)
_COVERS = {
    "cover_beat_after_stall": "a beat is played after a stall",
    "cover_beat_after_reset": "a beat is played after a reset in the middle of a timestep",
}
_FEW_WORDS = 16  # of a timestep, all of which a solver has to step through before anything is played


@dataclass(frozen=True)
class _Stream:
    """Where a stream is seen: Verilog expressions."""

    valid: str
    ready: str
    data: str


@dataclass(frozen=True, kw_only=True)
class _Joint:
    """What is particular to a kind of joint: its streams, what the synapses get, what is equal, what is wired to what."""

    streams: dict[str, _Stream]
    beat_stored: str
    beat_played: str
    agreements: list[tuple[str, str]]
    wires: list[tuple[str, str]]


def prove_joint(inquiry: Inquiry) -> Iterator[Obligation]:
    """Prove what joins the cores of an emitted layer or crossbar, at its own size.

    What the cores do is left open: each is proven in its own folder. A waveform of a refutation is written into the
    folder of traces. Errors: ``UserError`` when sby is missing or the sources cannot be read.
    """
    design, texts = inquiry.core.design, inquiry.sources
    if not isinstance(design, LayerDesign | CrossbarDesign):
        raise TypeError(f"{inquiry.core.folder}: one core")
    yield from prove_memories(inquiry)
    statements, *rest = statements_of_joint(design)
    inside, visible = (_task(design, texts, inside=inside) for inside in (True, False))
    yield from inquiry.decide(design.name, inside, visible, statements)
    for (owner, module), statements in zip(_decoders(design).items(), rest, strict=True):
        inside, visible = (_addresses_task(design, owner, texts, inside=inside) for inside in (True, False))
        yield from inquiry.decide(module.name, inside, visible, statements)


def statements_of_joint(design: Joined) -> list[dict[str, str]]:
    """Return the obligations about what joins the cores of a layer or crossbar, and about each decoder of addresses."""
    kind = _kind(design)
    statements = {f"{kind}_fanout": _FANOUT, f"{kind}_streams": _STREAMS[kind]}
    if isinstance(design, CrossbarDesign) and design.rows:
        statements["crossbar_rows"] = _ROWS
    statements |= {f"{kind}_wiring": f"every other port of the cores is the {kind}'s", "inside": _INSIDE}
    return [statements, *({"crossbar_addresses": _ADDRESSES, "inside": _INSIDE} for _ in _decoders(design))]


def cover_joint(inquiry: Inquiry) -> Iterator[Obligation]:
    """Show that the statements are not vacuous, as far as that takes few words; the rest is for the campaign to show."""
    design, texts = inquiry.core.design, inquiry.sources
    if not isinstance(design, LayerDesign | CrossbarDesign):
        raise TypeError(f"{inquiry.core.folder}: one core")
    joint, *rest = covers_of_joint(design)
    if joint:
        depth = 2 * design.fanout.words + 16
        yield from inquiry.cover("covers", _task(design, texts, inside=None), joint, depth)
    for (owner, module), reached in zip(_decoders(design).items(), rest, strict=True):
        if reached:
            task = _addresses_task(design, owner, texts, inside=None)
            yield from inquiry.cover(f"covers_{owner}", task, reached, 3 * module.words + 16)


def covers_of_joint(design: Joined) -> list[dict[str, str]]:
    """Return the covers of what joins cores and of each decoder of addresses, none of what has many words."""
    return [
        _COVERS if design.fanout.words <= _FEW_WORDS else {},
        *({f"cover_addressed_{owner}": f"the spike of a {owner}synaptic neuron is given, after a reset in between"}
          if module.words <= _FEW_WORDS else {} for owner, module in _decoders(design).items()),
    ]  # fmt: skip


def _kind(design: Joined) -> str:
    return "layer" if isinstance(design, LayerDesign) else "crossbar"


def _decoders(design: Joined) -> dict[str, AddressesDesign]:
    """Return what turns address events into bits, by owner."""
    return design.addresses if isinstance(design, CrossbarDesign) else {}


def _addresses_task(design: Joined, owner: str, texts: Mapping[str, str], *, inside: bool | None) -> dict[str, Any]:
    """Return the task about one of the modules that take address events; ``inside`` as in ``_task``."""
    module = _decoders(design)[owner]
    memory, word = f"{module.name}_memory", module.word_bits
    taps = {"open_reg": 1, "quiet_reg": 1, "read_reg": 1, "valid_reg": 1, "word_reg": word, "beat_word_reg": word}
    ports = {"read_enable": 1, "read_address": word, "read_data": 1, "write_enable": 1, "write_address": word, "write_data": 1}
    taps |= {f"memory_{lane}.{port}": bits for lane in range(module.lanes) for port, bits in ports.items()}
    harness = render("addresses.sv.j2", design, top=top_of(design), addresses=module, owner=owner,
                     taps=taps, inside=inside)  # fmt: skip
    return induction_task(design, {f"{name}.v": texts[f"{name}.v"] for name in (module.name, memory)}, [memory], harness)


def _task(design: Joined, files: Mapping[str, str], *, inside: bool | None) -> dict[str, Any]:
    """Return the task about the joint; without ``inside`` it sees no register within, and with ``None`` it holds the covers."""
    fanout = design.fanout
    cores: dict[str, CoreDesign | AddressesDesign] = {place: part for place, (_, part) in design.parts.items()}
    rows, events = None, 0
    if isinstance(design, CrossbarDesign):
        cores |= {f"{owner}_decoder": module for owner, module in design.addresses.items()}
        rows, events = design.rows, design.lanes * sum(f.bits for f in design.post.spec.synapse_inputs)
    inner = [fanout.name, *([rows.name] if rows else [])]
    memories = [f"{name}_memory" for name in inner]
    replaced = [*memories, *(part.name for part in cores.values())]
    files = {f"{module}.v": files[f"{module}.v"] for module in (design.name, *inner, *replaced)}
    taps = {f"{place}.{port.name}": port.bits for place, part in cores.items() for port in part.ports()}
    taps |= {"fan_out.replay_reg": 1, "fan_out.address_reg": fanout.address_bits, "fan_out.round_reg": fanout.round_bits}
    taps |= {f"fan_out.memory.{port}": bits for port, bits in (
        ("read_enable", 1), ("read_address", fanout.address_bits), ("read_data", fanout.stored_bits),
        ("write_enable", 1), ("write_address", fanout.address_bits), ("write_data", fanout.stored_bits))}  # fmt: skip
    if rows:
        taps |= {"fan_out.played_skip": 1, "row_filter.row_reg": rows.row_bits, "row_filter.result_row_reg": rows.row_bits,
                 "row_filter.word_reg": rows.word_bits, "row_filter.level_reg": rows.level_bits}  # fmt: skip
        taps |= {f"fan_out.played_{name}": bits for name, bits in (("valid", 1), ("ready", 1), ("data", rows.data_bits))}
        taps |= {
            f"row_filter.{name}_reg": 1 for name in ("open", "final", "full", "stale", "silent", "reached", "input", "traces")
        }
        taps |= {f"row_filter.memory.{port}": bits for port, bits in (
            ("read_enable", 1), ("read_address", rows.row_bits), ("read_data", rows.level_bits),
            ("write_enable", 1), ("write_address", rows.row_bits), ("write_data", rows.level_bits))}  # fmt: skip
    joint = _layer(design) if isinstance(design, LayerDesign) else _crossbar(design)
    harness = render(
        "joint.sv.j2", design, top=top_of(design), taps=taps, inside=inside, kind=_kind(design), fanout=fanout,
        rows=rows, memories=memories, post_event_bits=events, cores=cores.values(),
        count_bits=max(fanout.words, fanout.rounds).bit_length() + 1, **vars(joint),
    )  # fmt: skip
    return induction_task(design, files, replaced, harness)


def _side_by_side(parts: Iterable[str]) -> str:
    """Return a concatenation, the first part in the lowest bits."""
    return f"{{{', '.join(reversed(list(parts)))}}}"


def _slices(fields: Iterable[Field], copies: int = 1) -> Iterator[tuple[Field, int, int]]:
    """Yield fields that stand side by side, ``copies`` of each, with their highest and lowest bit."""
    low = 0
    for f in fields:
        yield f, low + f.bits * copies - 1, low
        low += f.bits * copies


def _wires(design: Joined, inside: set[str]) -> list[tuple[str, str]]:
    """Return the ports of the design and those of its cores that are wired to them, but for those ``inside``."""
    own = {port.name for port in design.ports()} - {"clk", "idle"}
    pairs = ((port.name if port.name in ("clk", "rst") else prefix + port.name, f"{place}.{port.name}")
             for place, (prefix, part) in design.parts.items() for port in part.ports())  # fmt: skip
    return [(mine, core) for mine, core in pairs if mine in own and core not in inside]


def _layer(design: LayerDesign) -> _Joint:
    given = f"{NEURON}result_{design.given.name}"
    posts = design.postsynaptic_inputs
    events = {f"synapses.{port.name}" for port in design.core.ports() if port.name.startswith("event_")}
    copied = [(f"{{{design.lanes}{{beat_played[{high}:{low}]}}}}", f"synapses.event_{f.name}") for f, high, low in _slices(posts)]
    room = r"\dut.neurons.result_valid & room"
    return _Joint(
        streams={
            "stored": _Stream(f"{NEURON}result_valid", f"{NEURON}result_ready",
                              _side_by_side(f"{given}[{bits}]" for bits in design.leading_bits)),
            "played": _Stream("event_valid", "event_ready", _side_by_side(f"event_{f.name}" for f in posts)),
        },
        beat_stored=rf"\dut.synapses.event_{design.taken.name} ",
        beat_played=_side_by_side(rf"\dut.synapses.event_{f.name} [{f.bits - 1}:0]" for f in posts),
        agreements=[(f"{NEURON}result_valid", room), (r"\dut.neurons.result_ready ", f"{NEURON}result_ready & room")],
        wires=_wires(design, events | {"neurons.result_valid", "neurons.result_ready"}) + copied,
    )  # fmt: skip


def _crossbar(design: CrossbarDesign) -> _Joint:
    def stream(owner: str) -> _Stream:
        if owner not in design.parts and design.addressed:
            return _Stream(*(rf"\dut.{owner}_decoder.beat_{name} " for name in ("valid", "ready", "data")))
        at = rf"\dut.{owner}.result_" if owner in design.parts else f"{owner}_event_"
        return _Stream(f"{at}valid ", f"{at}ready ", _side_by_side(f"{at}{f.name} " for f in design.given(owner)))

    pre, post = design.given("pre"), design.given("post")
    inner = _Stream(*(rf"\dut.fan_out.played_{name} " for name in ("valid", "ready", "data")))
    commands = {f"{place}.command_{name}" for place in design.parts for name in ("valid", "ready")}
    events = {f"synapses.{port.name}" for port in design.core.ports() if port.name.startswith("event_")}
    addressed: list[tuple[str, str]] = []
    for owner, module in design.addresses.items():
        inner_ports = [port.name for port in module.ports() if not port.name.startswith("beat_")]
        addressed += [(name if name in ("clk", "rst") else f"{owner}_{name}", f"{owner}_decoder.{name}") for name in inner_ports]
        events |= {f"{owner}.event_valid", f"{owner}.event_ready"}  # not the crossbar's own
        if owner in design.parts:
            spike = design.sides[owner].spec.inputs[0].name
            given = (("valid", "valid"), ("ready", "ready"), ("data", spike))
            addressed += [(rf"\dut.{owner}_decoder.beat_{name} ", f"{owner}.event_{taken}") for name, taken in given]
    cleared = [("command_clear", f"{place}.command_clear") for place in design.parts]
    copied = [(f"{{{design.lanes}{{beat_played[{high}:{low}]}}}}", f"synapses.event_{f.name}") for f, high, low in _slices(pre)]
    return _Joint(
        streams={"stored": stream("post"), "pre": stream("pre"), "played": inner} if design.rows else
                {"stored": stream("post"), "played": stream("pre")},
        beat_stored=_side_by_side(rf"\dut.synapses.event_{f.name} " for f in post),
        beat_played=_side_by_side(rf"\dut.synapses.event_{f.name} [{f.bits - 1}:0]" for f in pre),
        agreements=[(rf"(\dut.{place}.command_valid & \dut.{place}.command_ready )", "command_valid & command_ready")
                    for place in design.parts],
        wires=_wires(design, events | commands) + addressed + cleared + copied,
    )  # fmt: skip
