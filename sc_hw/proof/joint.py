"""The proof of what joins cores: nothing is lost, duplicated, changed or reordered between them, by k-induction."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sc_hw_models.rule import Field
from sc_hw_models.scratch import temporary_folder

from ..manifest import Core
from ..rtl.addresses import AddressesDesign
from ..rtl.crossbar import CrossbarDesign
from ..rtl.design import CoreDesign
from ..rtl.emit import core_files
from ..rtl.layer import NEURON, LayerDesign
from .engine import RUNS_LONGER, covered, decide, induction_task, memory_task, read_sources, render
from .result import Obligation
from .sby import run_sby
from .solver import Solver

__all__ = ["prove_joint"]

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
_MEMORY = {"engine_memory": "the emitted memory returns what was last written"}
_COVERS = {
    "cover_two_timesteps_with_stalls": "two timesteps are played, with stalls",
    "cover_timestep_after_reset": "a timestep is played after a reset in the middle of one",
}


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


def prove_joint(
    core: Core, solvers: Sequence[Solver], *, timeout: float, traces: Path,
    progress: Callable[[Obligation], None] = lambda _o: None,
) -> list[Obligation]:  # fmt: skip
    """Prove what joins the cores of an emitted layer or crossbar, at its own size, with every one of ``solvers``.

    What the cores do is left open: each is proven in its own folder. A waveform of a refutation is written into the
    folder ``traces``. Errors: ``UserError`` when sby is missing or the sources cannot be read.
    """
    design, obligations = core.design, []
    if not isinstance(design, LayerDesign | CrossbarDesign):
        raise TypeError(f"{core.folder}: one core")
    kind, fanout, texts = _kind(design), design.fanout, read_sources(core)
    memory = f"{fanout.name}_memory"
    statements = {f"{kind}_fanout": _FANOUT, f"{kind}_streams": _STREAMS[kind]}
    if isinstance(design, CrossbarDesign) and design.rows:
        statements["crossbar_rows"] = _ROWS
    statements |= {f"{kind}_wiring": f"every other port of the cores is the {kind}'s", "inside": _INSIDE}
    with temporary_folder() as folder:
        shape = (fanout.stored_bits, fanout.words, fanout.stored_bits)
        task = memory_task(design, {f"{memory}.v": texts[f"{memory}.v"]}, memory, shape)
        inside, visible = (_task(design, texts, inside=inside) for inside in (True, False))
        for part in (
            decide(core, memory, task, task, _MEMORY, solvers, timeout, folder, traces),
            decide(core, design.name, inside, visible, statements, solvers, timeout, folder, traces),
        ):
            for obligation in part:
                obligations.append(obligation)
                progress(obligation)
        if isinstance(design, CrossbarDesign):
            for owner in design.addresses:
                for obligation in _addresses(core, design, owner, texts, solvers, timeout, folder, traces):
                    obligations.append(obligation)
                    progress(obligation)
        for obligation in _covers(core, design, solvers[0], timeout, folder):
            obligations.append(obligation)
            progress(obligation)
    return obligations


def _kind(design: Joined) -> str:
    return "layer" if isinstance(design, LayerDesign) else "crossbar"


def _small(design: Joined) -> Joined:
    """Return a small design of the same rules and configurations: two words, two rounds."""
    lanes = min(design.lanes, 2)
    if isinstance(design, LayerDesign):
        front = replace(design.presynaptic, synapses=2 * lanes, lanes=lanes, initial={})
        return replace(design, synapses=4 * lanes, lanes=lanes, initial={}, presynaptic=front)
    pre, post = replace(design.pre, synapses=2), replace(design.post, synapses=2 * lanes, lanes=lanes)
    return replace(design, synapses=4 * lanes, lanes=lanes, initial={}, pre=pre, post=post)


def _addresses(
    core: Core, design: CrossbarDesign, owner: str, texts: Mapping[str, str], solvers: Sequence[Solver],
    timeout: float, folder: Path, traces: Path,
) -> Iterator[Obligation]:  # fmt: skip
    """Prove what turns the address events of one kind of neurons into bits, and its memory."""
    module = design.addresses[owner]
    memory = f"{module.name}_memory"
    task = memory_task(design, {f"{memory}.v": texts[f"{memory}.v"]}, memory, (1, module.words, 1))
    yield from decide(core, memory, task, task, _MEMORY, solvers, timeout, folder, traces)
    inside, visible = (_addresses_task(design, owner, texts, inside=inside) for inside in (True, False))
    statements = {"crossbar_addresses": _ADDRESSES, "inside": _INSIDE}
    yield from decide(core, module.name, inside, visible, statements, solvers, timeout, folder, traces)


def _addresses_task(design: CrossbarDesign, owner: str, texts: Mapping[str, str], *, inside: bool | None) -> dict[str, Any]:
    """Return the task about one of the modules that take address events; ``inside`` as in ``_task``."""
    module = design.addresses[owner]
    memory, word = f"{module.name}_memory", module.word_bits
    taps = {"open_reg": 1, "quiet_reg": 1, "read_reg": 1, "valid_reg": 1, "word_reg": word, "beat_word_reg": word}
    ports = {"read_enable": 1, "read_address": word, "read_data": 1, "write_enable": 1, "write_address": word, "write_data": 1}
    taps |= {f"memory_{lane}.{port}": bits for lane in range(module.lanes) for port, bits in ports.items()}
    harness = render("addresses.sv.j2", design, top=f"{design.name}_proof", addresses=module, owner=owner,
                     taps=taps, inside=inside)  # fmt: skip
    return induction_task(design, {f"{name}.v": texts[f"{name}.v"] for name in (module.name, memory)}, [memory], harness)


def _covers(core: Core, design: Joined, solver: Solver, timeout: float, folder: Path) -> Iterator[Obligation]:
    """Reach every event on a small design of the same rules, configurations and generator."""
    small = _small(design)
    files = {Path(name).name: text for name, text in core_files(small, core.manifest["generator"]).items()}
    tasks = [(_COVERS, _task(small, files, inside=None))]
    if isinstance(small, CrossbarDesign):
        tasks += [({f"cover_addressed_{owner}": f"the spike of a {owner}synaptic neuron is given, after a reset in between"},
                   _addresses_task(small, owner, files, inside=None)) for owner in small.addresses]  # fmt: skip
    depth, where = 24, f"on {small.synapses} synapses"
    for k, (covers, task) in enumerate(tasks):
        run = run_sby(folder / f"covers_{k}", mode="cover", depth=depth, solver=solver, timeout=RUNS_LONGER * timeout, **task)
        yield from (covered(solver, run, name, statement, depth, where) for name, statement in covers.items())


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
        "joint.sv.j2", design, top=f"{design.name}_proof", taps=taps, inside=inside, kind=_kind(design), fanout=fanout,
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
