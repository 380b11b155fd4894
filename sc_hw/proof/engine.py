"""The proof of the engine: sequencer, streams and memories around any lane, by k-induction over the emitted Verilog."""

import json
import re
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from sc_hw_models.rule import index_bits
from sc_hw_models.scratch import held, temporary_folder

from ..errors import UserError
from ..manifest import Core
from ..rtl.design import CoreDesign
from ..rtl.emit import core_files
from ..rtl.queue import QueueDesign, queue_of
from .circuit import check_clocks
from .result import Obligation
from .sby import Run, run_sby
from .solver import Solver

__all__ = [
    "RUNS_LONGER", "answer_of", "covered", "decide", "engine_task", "induction_task", "memory_task", "prove_engine", "queue_task",
    "read_sources", "render",
]  # fmt: skip

_INDUCTION = 2  # clocks: one before the one that is proven
_SEARCH = 64  # clocks of the search for a counterexample; the timeout ends most of them earlier
RUNS_LONGER = 5  # all statements of the engine are one obligation to the solver

# Statements by the first two words of their assertions' names.
_STATEMENTS = {
    "engine_sweep": "a timestep writes f(word, inputs) to every word once, and nothing else writes, under any stalls and gaps",
    "engine_streams": "no beat is lost, duplicated, reordered or changed; a result leaves pipeline_depth unstalled clocks after "
    "its event; the ready signals are as documented",
    "engine_clear": "a clear writes the reset word to every word, once, and ends words + pipeline_depth clocks after it began",
    "engine_reset": "the clock after rst the core is idle and has written nothing",
    "engine_skip": "a beat that skips a row moves past its words and writes none of them; its result says so",
    "engine_host": "a host write stores its word, a read returns what is stored, each in the documented number of clocks",
    "engine_queue": "the queue is told of every event beat and given every result; what leaves it is the core's",
    "engine_noise": "each update draws noise once; reset and clear reload the seed",
    "inside": "the invariants by which the induction closes",
    "engine_memory": "the emitted memory returns what was last written",
}  # fmt: skip
_QUEUE = {
    "queue_room": "there is room exactly while fewer results than slots are coming or stored; some wait until all have left",
    "queue_order": "every result leaves once, unchanged and in order, on offer two clocks after it came if none is before it",
    "inside": _STATEMENTS["inside"],
}
_COVERS = {
    "cover_sweep_with_gaps_and_stalls": "a timestep ends after gaps and stalls",
    "cover_overlapped_sweeps": "a timestep begins before the last one has ended",
    "cover_skipped_row": "a timestep ends that visited a row after it skipped one",
    "cover_clear": "a clear ends",
    "cover_clear_then_sweep": "a timestep gives results after a clear",
    "cover_load_sweep_read_back": "a loaded word is updated and read back changed",
    "cover_reset_in_a_sweep_then_sweep": "a timestep ends after a reset in the middle of one",
}
_QUEUE_COVER = "a result leaves a queue that was full and then reset"
_READ = "read_verilog -sv {files}\nchformal -remove\n"
_ENGINE = (
    "delete {replaced}\nread_verilog -formal engine.sv\nhierarchy -check -top {top}\nproc\nflatten\nopt_clean\n"
    "write_json ../model/netlist.json\nmemory\nsetundef -undriven -anyseq\nopt_clean"
)
_MEMORY = (
    "read_verilog -formal memory.sv\nhierarchy -check -top {top}\nproc\nflatten\nopt_clean\n"
    "write_json ../model/netlist.json\nchtype -set $memrd t:tap\nmemory -nomap -nordff\nsetundef -undriven -anyseq\nopt_clean"
)


def prove_engine(
    core: Core, solvers: Sequence[Solver], *, timeout: float, traces: Path, covers: bool = True,
    progress: Callable[[Obligation], None] = lambda _o: None,
) -> list[Obligation]:  # fmt: skip
    """Prove the engine and the memories of an emitted core, at the core's own size, with every one of ``solvers``.

    A waveform of a refutation is written into the folder ``traces``. ``covers`` shows that the statements are not
    vacuous, on a small core of the same rule, configuration and generator. Errors: ``UserError`` when sby is
    missing or the sources cannot be read.
    """
    obligations = []
    with temporary_folder() as folder:
        parts = [*_memories(core, solvers, timeout, folder, traces), _engine(core, solvers, timeout, folder, traces)]
        queue = queue_of(core.design)
        if queue:
            parts.append(_queue(core, queue, solvers, timeout, folder, traces))
        if covers:
            parts.append(_covers(core, solvers[0], timeout, folder))
        for part in parts:
            for obligation in part:
                obligations.append(obligation)
                progress(obligation)
    return obligations


def render(template: str, design: CoreDesign, **values: Any) -> str:
    """Return a harness; every template sees the design, its specification and its name."""
    environment = Environment(
        loader=PackageLoader("sc_hw.proof", ""), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        autoescape=False,  # noqa: S701 - Verilog, not HTML
    )  # fmt: skip
    return environment.get_template(template).render(design=design, spec=design.spec, name=design.name, **values)


def _top(design: CoreDesign) -> str:
    return f"{design.name}_proof"


def _harness(design: CoreDesign, *, inside: bool) -> str:
    """Return the harness of the engine; without ``inside`` it has no statements about registers within."""
    spec, width = design.spec, {port.name: port.bits for port in design.ports()}
    memories = sorted({design.memory_module(lane) for lane in range(design.lanes)})
    host = [name for name in ("host_write", "host_lane", "host_address", "host_data") if name in width]
    seen = {"state_reg": 3, "clearing_reg": 1, "fetch_valid_reg": 1, "word_valid_reg": 1, "valid_reg": spec.latency}
    seen |= dict.fromkeys(("address_reg", "write_address_reg"), design.address_bits)
    seen |= {f"step_{f.name}_reg": f.bits for f in spec.step_inputs} | {f"fetch_{f.name}_reg": f.bits for f in spec.step_inputs}
    seen |= {f"fetch_{f.name}_reg": f.bits * design.lanes for f in spec.synapse_inputs}
    if design.row_words:
        seen["skip_reg"] = design.pipeline_depth
    if design.lanes > 1:
        seen["host_lane_reg"] = design.lane_bits
    tree = design.readback_tree
    if tree:
        seen["picked_reg"] = len(tree) + 1
    seen |= {f"pick_{level}_{k}": spec.state_bits for level, groups in enumerate(tree) for k in range(len(groups))}
    memory_ports = {"read_enable": 1, "read_address": design.address_bits, "read_data": spec.state_bits}
    memory_ports |= {"write_enable": 1, "write_address": design.address_bits, "write_data": spec.state_bits}
    for lane in range(design.lanes):
        seen |= {f"lane_{lane}.{port.name}": port.bits for port in design.lane_ports()}
        seen |= {f"memory_{lane}.{name}": bits for name, bits in memory_ports.items()}
    queue = queue_of(design)
    if queue:
        seen |= {f"result_queue_{k}.{port.name}": port.bits for k in range(len(queue.groups)) for port in queue.ports()}
        seen |= {"store_data_reg": spec.state_bits} | {f"store_{lane}_reg": 1 for lane in range(design.lanes)}
    return render(
        "engine.sv.j2", design, top=_top(design), queue=queue, tree=tree, lfsr=spec.lfsr, memory_modules=memories,
        taps=seen, inside=inside,
        host_signals=host, host_bits=sum(width[name] for name in host), lane_bits=max(1, design.lane_bits),
        count_bits=(design.words + design.pipeline_depth * max(1, design.row_words) + 1).bit_length() + 1,
    )  # fmt: skip


def engine_task(design: CoreDesign, sources: Mapping[str, str], *, inside: bool = True) -> dict[str, Any]:
    """Return ``script`` and ``files`` of the question about the engine; without ``inside`` only what a user sees is stated."""
    replaced = {f"{design.name}_lane", *(design.memory_module(lane) for lane in range(design.lanes))}
    if queue := queue_of(design):
        replaced |= {queue.name, f"{queue.name}_memory"}
    return induction_task(design, sources, replaced, _harness(design, inside=inside))


def queue_task(design: CoreDesign, sources: Mapping[str, str], *, inside: bool | None = True) -> dict[str, Any]:
    """Return the question about the queue as ``engine_task`` does about the engine; ``inside`` is ``None`` for its cover."""
    queue = queue_of(design)
    if queue is None:
        raise ValueError(f"{design.name}: no queue")
    memory, bits = f"{queue.name}_memory", queue.slot_bits
    ports = {"read_enable": 1, "read_address": bits, "read_data": queue.data_bits}
    ports |= {"write_enable": 1, "write_address": bits, "write_data": queue.data_bits}
    taps = {"valid_reg": 1} | dict.fromkeys(("write_reg", "read_reg", "promised_reg"), bits + 1)
    taps |= {f"memory.{port}": width for port, width in ports.items()}
    harness = render("queue.sv.j2", design, top=_top(design), queue=queue, memory=memory, taps=taps, inside=inside)
    # A planted core has all its modules in one file.
    kept = {name: text for name, text in sources.items() if re.search(rf"^module {queue.name}(_memory)?\b", text, re.MULTILINE)}
    return induction_task(design, kept, [memory], harness)


def induction_task(design: CoreDesign, sources: Mapping[str, str], replaced: Collection[str], harness: str) -> dict[str, Any]:
    """Return ``script`` and ``files`` of a question; the ``harness`` has modules of its own for those ``replaced``."""
    script = (_READ + _ENGINE).format(files=" ".join(sources), replaced=" ".join(sorted(replaced)), top=_top(design))
    return {"script": script, "files": {**sources, "engine.sv": harness}}


def memory_task(
    design: CoreDesign, sources: Mapping[str, str], module: str, shape: tuple[int, int, int] | None = None
) -> dict[str, Any]:
    """Return ``script`` and ``files`` of the question about a memory module.

    ``shape`` is the bits of a word, the words and the bits of a column, if they are not those of a lane's memory.
    """
    # With faults planted in it, a memory has its parameters filled in.
    parameters = any("parameter" in text for text in sources.values())
    bits, words, column_bits = shape or (design.spec.state_bits, design.words, design.column_bits)
    # Where the lanes never stop, neither do the reads of their memories; the engine's proof has it.
    always = design.queued and shape is None
    harness = render("memory.sv.j2", design, top=_top(design), module=module, always=always, parameters=parameters, bits=bits,
                     words=words, address_bits=index_bits(words), column_bits=column_bits)  # fmt: skip
    script = (_READ + _MEMORY).format(files=" ".join(sources), top=_top(design))
    return {"script": script, "files": {**sources, "memory.sv": harness}}


def read_sources(core: Core) -> dict[str, str]:
    """Return the Verilog files by name; ``UserError`` for a name that no script may hold."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in core.sources}
    if not all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*\.v", name) for name in texts):
        raise UserError(f"{core.folder}: a file name is not letters, digits and _; emit the core again")
    return texts


def answer_of(solver: Solver, run: Run) -> dict[str, Any]:
    """Return the record of a solver's run."""
    word = {"pass": "unsat", "fail": "sat"}.get(run.status, run.status)
    return {"solver": solver.name, "version": solver.tool.version, "answer": word, "seconds": round(run.seconds, 3)}


def _checked(core: Core, run: Run, folder: Path) -> Run:
    """Return a run of sby whose sources could be read and have all storage on the rising edge of ``clk``."""
    netlist = folder / "run" / "model" / "netlist.json"
    if run.status == "error" and not netlist.is_file():
        raise UserError(f"{core.folder}: the engine cannot be read: {run.text}")
    (module,) = (
        m for m in json.loads(netlist.read_text(encoding="utf-8"))["modules"].values() if "clk" in m["ports"] and m["cells"]
    )
    kinds = {"$memwr_v2": "$dff", "$memrd": "tap", "$memrd_v2": "tap", "$meminit_v2": "init"}  # a write port is storage, too
    cells = {name: {**cell, "type": kinds.get(cell["type"], cell["type"])} for name, cell in module["cells"].items()}
    check_clocks(core, {**module, "cells": cells})
    return run


def _memories(
    core: Core, solvers: Sequence[Solver], timeout: float, folder: Path, traces: Path
) -> Iterator[Iterator[Obligation]]:
    """Prove each memory module."""
    design = core.design
    for module in sorted({design.memory_module(lane) for lane in range(design.lanes)}):
        task = memory_task(design, {f"{module}.v": read_sources(core)[f"{module}.v"]}, module)
        statements = {"engine_memory": _STATEMENTS["engine_memory"]}
        yield decide(core, module, task, task, statements, solvers, timeout, folder, traces)


def _queue(
    core: Core, queue: QueueDesign, solvers: Sequence[Solver], timeout: float, folder: Path, traces: Path
) -> Iterator[Obligation]:
    """Prove the queue of results and its memory."""
    memory, sources = f"{queue.name}_memory", read_sources(core)
    task = memory_task(core.design, {f"{memory}.v": sources[f"{memory}.v"]}, memory, queue.memory_shape)
    statements = {"engine_memory": _STATEMENTS["engine_memory"]}
    yield from decide(core, memory, task, task, statements, solvers, timeout, folder, traces)
    inside, visible = (queue_task(core.design, sources, inside=inside) for inside in (True, False))
    yield from decide(core, queue.name, inside, visible, _QUEUE, solvers, timeout, folder, traces)


def _engine(core: Core, solvers: Sequence[Solver], timeout: float, folder: Path, traces: Path) -> Iterator[Obligation]:
    """Prove everything that the harness of the engine states."""
    absent = {
        "engine_memory",
        *([] if core.design.spec.lfsr else ["engine_noise"]),
        *([] if core.design.row_words else ["engine_skip"]),
        *([] if core.design.queued else ["engine_queue"]),
    }
    names = [name for name in _STATEMENTS if name not in absent]
    task, visible = (engine_task(core.design, read_sources(core), inside=inside) for inside in (True, False))
    statements = {name: _STATEMENTS[name] for name in names}
    yield from decide(core, core.design.name, task, visible, statements, solvers, timeout, folder, traces)


def decide(
    core: Core, title: str, task: dict[str, Any], visible: dict[str, Any], statements: Mapping[str, str],
    solvers: Sequence[Solver], timeout: float, folder: Path, traces: Path,
) -> Iterator[Obligation]:  # fmt: skip
    """Yield the obligations ``statements``: by induction, or, when that fails, refuted by a run from reset that breaks one.

    A statement's name begins the names of its assertions. ``visible`` is the ``task`` without statements about registers.
    """
    answers = []
    for solver in solvers:
        work = folder / f"{title}_{solver.name}"
        run = _checked(
            core, run_sby(work, mode="prove", depth=_INDUCTION, solver=solver, timeout=RUNS_LONGER * timeout, **task), work
        )
        answers.append(answer_of(solver, run))
        if run.status != "pass":
            break
    else:
        yield from (Obligation(name=n, statement=text, verdict="proven", answers=answers) for n, text in statements.items())
        return
    not_inductive = ", ".join(run.failed) or run.text or run.status
    if run.status != "timeout":
        work = folder / f"{title}_search"
        run = run_sby(work, mode="bmc", depth=_SEARCH, solver=solvers[-1], timeout=timeout, **visible)
        answers.append(answer_of(solvers[-1], run))
    broken = {n for n in statements if any(a.startswith(n) for a in run.failed)} if run.status == "fail" else set()
    note = f"not inductive: {not_inductive}; no counterexample found from reset"
    if broken and run.trace:
        with held():
            traces.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(run.trace, traces / f"{title}.vcd")
        note = f"{', '.join(run.failed)} fails; waveform {traces / f'{title}.vcd'}"
    for name, text in statements.items():
        if name in broken:
            yield Obligation(name=name, statement=text, verdict="refuted", answers=answers, note=note)
        elif broken:
            yield Obligation(name=name, statement=text, verdict="skipped", answers=[],
                             note="not decided: the core is refuted already")  # fmt: skip
        else:
            yield Obligation(name=name, statement=text, verdict="unknown", answers=answers, note=note)


def _covers(core: Core, solver: Solver, timeout: float, folder: Path) -> Iterator[Obligation]:
    """Reach every event on a small core with the same choice between overlapping sweeps and sweeps that wait."""
    design = core.design
    lanes = min(design.lanes, 2)
    row = min(design.row_words, 2)
    words = 2 * row or (design.pipeline_depth + 1 if design.overlap else min(design.words, 3))
    synapses = max(lanes, words * lanes - bool(design.padded_lanes))
    small = replace(design, synapses=synapses, lanes=lanes, initial={}, row_words=row)
    files = {name: text for name, text in core_files(small, core.manifest["generator"]).items() if name.endswith(".v")}
    task = engine_task(small, files, inside=False)
    depth = 2 * (small.words + small.pipeline_depth) + 8  # a clear and the timestep after it
    run = run_sby(folder / "covers", mode="cover", depth=depth, solver=solver, timeout=RUNS_LONGER * timeout, **task)
    where = f"on {small.synapses} synapses, {small.lanes} lane{'s' if small.lanes > 1 else ''}"
    for name, statement in _COVERS.items():
        if (name == "cover_overlapped_sweeps" and not small.overlap) or (name == "cover_skipped_row" and not row):
            continue
        yield covered(solver, run, name, statement, depth, where)
    if small.queued:
        depth = small.queue_slots + 16
        task = queue_task(small, files, inside=None)
        run = run_sby(folder / "covers_queue", mode="cover", depth=depth, solver=solver, timeout=RUNS_LONGER * timeout, **task)
        yield covered(solver, run, "cover_queue_full", _QUEUE_COVER, depth, where)


def covered(solver: Solver, run: Run, name: str, statement: str, depth: int, where: str) -> Obligation:
    """Return the obligation that a run reached the cover ``name`` within ``depth`` clocks; ``where`` says of which core."""
    reached = name in run.reached
    note = f"reached in clock {run.reached[name]} {where}" if reached else f"not reached in {depth} clocks {where} {run.text}"
    answer = {**answer_of(solver, run), "answer": "sat" if reached else run.status}
    return Obligation(name=name, statement=f"not vacuous: {statement}", verdict="proven" if reached else "unknown",
                      answers=[answer], note=note)  # fmt: skip
