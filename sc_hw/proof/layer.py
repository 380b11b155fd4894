"""The proof of a layer: nothing is lost, duplicated, changed or reordered between its cores, by k-induction."""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..manifest import Core
from ..rtl.emit import core_files
from ..rtl.layer import NEURON, LayerDesign
from .engine import RUNS_LONGER, answer_of, decide, induction_task, memory_task, read_sources, render
from .result import Obligation
from .sby import run_sby
from .solver import Solver

__all__ = ["prove_layer"]

_STATEMENTS = {
    "layer_fanout": "in their k-th timestep the synapses get, in order and once each, what their neurons gave in their k-th "
    "timestep and their postsynaptic neuron's input, without a lost clock",
    "layer_streams": "a neuron's beat leaves the layer exactly when it is stored, which only a timestep being played delays",
    "layer_wiring": "every other port of the two cores is the layer's",
    "inside": "the invariants by which the induction closes",
}
_MEMORY = {"engine_memory": "the emitted memory returns what was last written"}
_COVERS = {
    "cover_two_timesteps_with_stalls": "two timesteps are played, with stalls",
    "cover_timestep_after_reset": "a timestep is played after a reset in the middle of one",
}


def prove_layer(
    core: Core, solvers: Sequence[Solver], *, timeout: float, traces: Path,
    progress: Callable[[Obligation], None] = lambda _o: None,
) -> list[Obligation]:  # fmt: skip
    """Prove what joins the two cores of an emitted layer, at its own size, with every one of ``solvers``.

    What the cores do is left open: each is proven in its own folder. A waveform of a refutation is written into the
    folder ``traces``. Errors: ``UserError`` when sby is missing or the sources cannot be read.
    """
    design, obligations = core.design, []
    if not isinstance(design, LayerDesign):
        raise TypeError(f"{core.folder}: no layer")
    memory, words, texts = f"{design.name}_fanout_memory", design.presynaptic.words, read_sources(core)
    with tempfile.TemporaryDirectory(prefix="sc-hw-") as name:
        folder = Path(name)
        task = memory_task(design, {f"{memory}.v": texts[f"{memory}.v"]}, memory, (design.pre_bits, words, design.pre_bits))
        inside, visible = (_task(design, texts, inside=inside) for inside in (True, False))
        for part in (
            decide(core, memory, task, task, _MEMORY, solvers, timeout, folder, traces),
            decide(core, design.name, inside, visible, _STATEMENTS, solvers, timeout, folder, traces),
        ):
            for obligation in part:
                obligations.append(obligation)
                progress(obligation)
        for obligation in _covers(core, design, solvers[0], timeout, folder):
            obligations.append(obligation)
            progress(obligation)
    return obligations


def _covers(core: Core, design: LayerDesign, solver: Solver, timeout: float, folder: Path) -> Iterator[Obligation]:
    """Reach every event on a small layer of the same rules, configurations and generator: two words, two neurons behind."""
    lanes = min(design.lanes, 2)
    front = replace(design.presynaptic, synapses=2 * lanes, lanes=lanes, initial={})
    small = replace(design, synapses=4 * lanes, lanes=lanes, initial={}, presynaptic=front)
    files = {Path(name).name: text for name, text in core_files(small, core.manifest["generator"]).items()}
    depth = 24
    run = run_sby(folder / "covers", mode="cover", depth=depth, solver=solver, timeout=RUNS_LONGER * timeout,
                  **_task(small, files, inside=None))  # fmt: skip
    for name, statement in _COVERS.items():
        reached = name in run.reached
        where = f"on {small.synapses} synapses"
        note = f"reached in clock {run.reached[name]} {where}" if reached else f"not reached in {depth} clocks {where} {run.text}"
        answer = {**answer_of(solver, run), "answer": "sat" if reached else run.status}
        yield Obligation(name=name, statement=f"not vacuous: {statement}", answers=[answer], note=note,
                         verdict="proven" if reached else "unknown")  # fmt: skip


def _task(design: LayerDesign, files: Mapping[str, str], *, inside: bool | None) -> dict[str, Any]:
    """Return the task about the layer; without ``inside`` it sees no register within, and with ``None`` it holds the covers."""
    cores = {"neurons": design.presynaptic, "synapses": design.core}
    replaced = [f"{design.name}_fanout_memory", design.presynaptic.name, design.core.name]
    files = {f"{module}.v": files[f"{module}.v"] for module in (design.name, f"{design.name}_fanout", *replaced)}
    taps = {f"{place}.{port.name}": port.bits for place, part in cores.items() for port in part.ports()}
    taps |= {"fan_out.replay_reg": 1, "fan_out.address_reg": design.presynaptic.address_bits,
             "fan_out.neuron_reg": design.neuron_bits}  # fmt: skip
    taps |= {f"fan_out.memory.{port}": bits for port, bits in (
        ("read_enable", 1), ("read_address", design.presynaptic.address_bits), ("read_data", design.pre_bits),
        ("write_enable", 1), ("write_address", design.presynaptic.address_bits), ("write_data", design.pre_bits))}  # fmt: skip
    own = {port.name for port in design.ports()}
    joined = {"result_valid", "result_ready"}
    wires = [(name, f"{place}.{port.name}")
             for place, prefix in (("neurons", NEURON), ("synapses", "")) for port in cores[place].ports()
             if (name := port.name if port.name in ("clk", "rst") else prefix + port.name) in own
             and port.name not in ("clk", "idle") and not (place == "neurons" and port.name in joined)
             and not (place == "synapses" and port.name.startswith("event_"))]  # fmt: skip
    wires += [(f"{{{design.lanes}{{beat_post[{low + f.bits - 1}:{low}]}}}}", f"synapses.event_{f.name}")
              for f, low in zip(design.postsynaptic_inputs, _lows(design), strict=True)]  # fmt: skip
    harness = render(
        "layer.sv.j2", design, top=f"{design.name}_proof", taps=taps, wires=wires, inside=inside,
        count_bits=max(design.presynaptic.words, design.postsynaptic).bit_length() + 1,
    )  # fmt: skip
    return induction_task(design, files, replaced, harness)


def _lows(design: LayerDesign) -> list[int]:
    """Return the lowest bit of each input of a postsynaptic neuron where they stand side by side."""
    bits = [f.bits for f in design.postsynaptic_inputs]
    return [sum(bits[:k]) for k in range(len(bits))]
