"""Parity by simulation: cores against their golden models under cocotb and Verilator."""

import dataclasses
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from sc_hw_models.rule import Field
from sc_hw_sim.stimulus import LOAD, LOAD_TIMESTEP

from ..coverage.moments import moments
from ..coverage.netlist import settling_clocks
from ..errors import UserError
from ..manifest import Core
from ..reading import read_npz
from ..rtl.design import CoreDesign
from ..toolchain import cocotb_coverage, compiler, verilator
from .campaign import moment_entry, short_of
from .junit import junit
from .mined import mined_numbers
from .planned import PlannedRun
from .simulator import BRIEF, SimulationError, Simulator

__all__ = [
    "SimulationError",
    "SimulationResult",
    "check_stimulus",
    "equal",
    "simulate",
    "simulation_tools",
]


@dataclass(frozen=True, kw_only=True)
class SimulationResult:
    """What one run compared; ``cores`` holds one record a core, in the order given, or one a planted fault.

    ``demonstrations`` holds, for each core when asked for, the values of one synapse during the rule's
    demonstration, or ``None`` when the rule has none or the core is too large to play it in short time.
    """

    seed: int
    cores: list[dict[str, Any]]
    demonstrations: list[dict[str, Any] | None]
    build_seconds: float
    run_seconds: float
    cpu_seconds: float
    cached: bool
    tools: dict[str, str]
    log: Path
    results_xml: Path
    waves: Path | None
    coverage: Path | None = None  # Verilator's file
    functional: Sequence[Sequence[dict[str, dict[str, int]]]] = ()  # of each, of each core inside: hits by bin and cover point

    @property
    def passed(self) -> bool:
        """Whether every core was compared and none differed."""
        return bool(self.cores) and all(map(equal, self.cores))

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready record; demonstrations and coverage are files of their own."""
        record = {name: str(value) if isinstance(value, Path) else value for name, value in vars(self).items()}
        for own in ("demonstrations", "coverage", "functional"):
            del record[own]
        return {
            "verb": "sim",
            "verdict": "pass" if self.passed else "fail",
            "seconds": self.build_seconds + self.run_seconds,
            **record,
        }

    def moved(self, settled: Callable[[Path], Path]) -> "SimulationResult":
        """Return the result with its files where ``settled`` says they are now."""
        paths: dict[str, Any] = {name: settled(value) for name, value in vars(self).items() if isinstance(value, Path)}
        return dataclasses.replace(self, **paths)

    def only(self, index: int) -> "SimulationResult":
        """Return the result of one core alone."""
        return dataclasses.replace(self, cores=[self.cores[index]], demonstrations=self.demonstrations[index : index + 1])


def equal(core: Mapping[str, Any]) -> bool:
    """Return whether the record of a core says that it was compared, in some timestep, and did not differ."""
    return core["mismatch"] is None and all(
        core[n] > 0 for n in ("timesteps", "synapse_steps", "state_values_compared", "clocks")
    )


def simulation_tools() -> dict[str, str]:
    """Return the versions of the tools that a simulation rests on."""
    return {
        "verilator": verilator().version,
        "cocotb": version("cocotb"),
        "cocotb-test": version("cocotb-test"),
        "compiler": compiler().version,
    }


def check_stimulus(path: Path, design: CoreDesign) -> int:
    """Return the number of timesteps in a file of recorded inputs.

    The ``.npz`` holds every synapse input as ``(timesteps, synapses)`` and every step input as ``(timesteps,)``. State that
    the host loads on the way is ``load_timestep`` ``(loads,)``, before which timesteps, rising; and, for each field that is
    loaded, ``load_FIELD`` ``(loads, synapses)``. All bool or integer, in range. Errors: ``UserError`` names the first array
    that is not so.
    """
    spec = design.spec
    inputs = design.inputs()
    names = [f.name for f in inputs]
    arrays = read_npz(path, option="--stimulus", what=f"give arrays {', '.join(names)}")
    loaded = [replace(f, name=LOAD + f.name) for f in spec.state if LOAD + f.name in arrays]
    expected = [*names, *([LOAD_TIMESTEP] if loaded else ()), *(f.name for f in loaded)]
    if sorted(arrays) != sorted(expected):
        fields = ", ".join(f.name for f in spec.state)
        raise UserError(
            f"--stimulus {path}: arrays {', '.join(arrays) or 'none'}; allowed are exactly {', '.join(names)}, and "
            f"with {LOAD_TIMESTEP} also {LOAD}FIELD of {fields}"
        )
    steps = len(arrays[names[0]]) if arrays[names[0]].ndim else 0
    if arrays[names[0]].ndim and not steps:
        raise UserError(f"--stimulus {path}: {names[0]} has no timesteps, so nothing would be compared; give at least one")
    shapes = {f: (steps, units) if units else (steps,) for f, units in inputs.items()}
    if loaded:
        loads = arrays[LOAD_TIMESTEP].size
        shapes |= {Field(name=LOAD_TIMESTEP, bits=62): (loads,)} | dict.fromkeys(loaded, (loads, design.synapses))
    for f, shape in shapes.items():
        array = arrays[f.name]
        if array.shape != shape or not array.size or array.dtype.kind not in "biu":
            raise UserError(f"--stimulus {path}: {f.name} is {array.dtype} {array.shape}; allowed are integers of shape {shape}")
        if array.min() < f.minimum or array.max() > f.maximum:
            raise UserError(
                f"--stimulus {path}: {f.name} spans {array.min()}..{array.max()}; allowed are {f.minimum}..{f.maximum}"
            )
    times = arrays[LOAD_TIMESTEP].astype(np.int64) if loaded else np.arange(0)
    if (np.diff(times) <= 0).any() or (times >= steps).any():
        raise UserError(f"--stimulus {path}: {LOAD_TIMESTEP} is {times.tolist()[:9]}; allowed are rising numbers below {steps}")
    return steps


def _entry(design: CoreDesign, steps: int, *, powered_up: bool) -> dict[str, Any]:
    """Return what the plan says of a core; ``neurons`` are those in front of it in a layer, or around it in a crossbar.

    Only what was just ``powered_up`` has its initial contents.
    """
    initial = {name: array.tolist() for name, array in design.initial.items()} if powered_up else {}
    return {
        "rule": design.rule.name,
        "config": dataclasses.asdict(design.config),
        "synapses": design.synapses,
        "lanes": design.lanes,
        "steps": steps,
        "initial": initial,
        "row_words": design.row_words,
        "marked": any(stream.checked for stream in design.streams if stream.name == "event"),
        "kind": design.kind,
        "addressed": design.by_address,
        "clocks": [design.spec.latency, design.spec.neuron_latency],
        "runtime": list(design.rule.runtime),
        "rule_sha256": design.rule.datapath.record["rule_sha256"] if design.rule.datapath else "",
        "neurons": [_entry(side, steps, powered_up=powered_up) for side in design.around.values()],
    }


def _verilog_digest(core: Core) -> str:
    """Return a digest of the Verilog that is simulated, faults planted in it included."""
    return hashlib.sha256(b"".join(f"{name} {len(text)}\n".encode() + text for name, text in core.verilog.items())).hexdigest()


def _recorded(stimulus: Path, design: CoreDesign, steps: int, output: Path) -> dict[str, str]:
    """Copy a file of recorded inputs into ``output``, so that what is played is what is checked, and describe the copy."""
    copy = output / "stimulus.npz"
    try:
        copy.write_bytes(stimulus.read_bytes())
    except OSError as error:
        raise UserError(f"--stimulus {stimulus}: cannot be read ({error.strerror}); give a readable .npz") from error
    if check_stimulus(copy, design) != steps:
        raise UserError(f"--stimulus {stimulus}: does not hold {steps} timesteps; let no one write to it meanwhile")
    return {"file": str(copy), "sha256": hashlib.sha256(copy.read_bytes()).hexdigest()}


def _check_ran(record: dict[str, Any], asked: dict[str, Any], cores: Sequence[Core], log: Path) -> None:
    """Raise ``SimulationError`` unless the bench did what the plan asked for: every fault, every core, every timestep."""
    found, faults = record["cores"], record["faults"]
    short = [
        f"core {index % len(cores)} ran {ran['timesteps']} of {entry['steps']} timesteps"
        if (ran["timesteps"], ran["synapse_steps"]) != (entry["steps"], entry["steps"] * entry["synapses"])
        else short_of(core.design, ran)
        for index, (ran, entry, core) in enumerate(zip(found, asked["cores"] * len(faults), [*cores] * len(faults), strict=False))
        if ran["mismatch"] is None
    ]
    short = [text for text in short if text]
    if asked["coverage"] and not Path(asked["coverage"]["file"]).is_file():
        short = ["nothing was counted"]
    if faults != asked["faults"] or len(found) != len(asked["cores"]) * len(faults) or short:
        why = short[0] if short else f"{len(found)} cores with faults {faults}"
        raise SimulationError(f"no verdict: the bench did not do what was asked: {why}; the log is {log}")


def simulate(
    cores: Sequence[Core],
    *,
    steps: int | Sequence[int],
    seed: int,
    output: Path,
    waves: bool = False,
    coverage: bool = False,
    faults: Sequence[int] = (0,),
    stimulus: Path | None = None,
    demonstrate: bool = False,
    note: Callable[[str], None] = lambda _text: None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> SimulationResult:
    """Compare emitted cores with their golden models for ``steps`` timesteps (of all, or of each), all in one simulation.

    ``output`` receives the log, the results as JUnit and, with ``waves``, the waveform. ``stimulus``
    replaces the campaign by recorded inputs (``check_stimulus`` says how many timesteps); the state they
    end in is saved as ``final_state.npz``. ``demonstrate`` also plays the rule's demonstration.
    ``coverage`` builds a simulator that counts. ``faults`` are numbers of faults planted in the only core (0: none),
    each of which gets the whole campaign, from reset, in the same process. ``progress`` is called with synapse-steps
    done and in all, or faults when there are several, ``note`` with what takes long. Errors: ``UserError`` for a
    missing tool or two cores of one name;
    ``SimulationError`` when the build or the run ends without a result.
    """
    if not cores:
        raise UserError("nothing to simulate: give at least one folder of emitted IP")
    if coverage:
        cocotb_coverage().require()
    lengths = [int(length) for length in steps] if isinstance(steps, Sequence) else [int(steps)] * len(cores)
    seed = int(seed)
    synapse_steps = sum(core.design.synapses * length for core, length in zip(cores, lengths, strict=True))
    brief = synapse_steps * len(faults) < BRIEF
    simulator = Simulator(cores, waves=waves, coverage=coverage, brief=brief)  # names a missing tool before anything is written
    planned = PlannedRun(output, waves=waves, stale=("coverage.dat",))
    one = len(faults) == 1
    counted = planned.output / "coverage.dat" if coverage else None
    counting = {"file": str(counted), "settle": max(settling_clocks(core) for core in cores)} if counted else None
    document = {
        "faults": list(faults),
        "cores": [
            {
                **_entry(core.design, length, powered_up=one),
                "digest": _verilog_digest(core),
                "moments": [moment_entry(moment) for moment in moments(core.design, index)],
                "mined": mined_numbers(core) if one else [],
            }
            for index, (core, length) in enumerate(zip(cores, lengths, strict=True))
        ],
        "stimulus": _recorded(stimulus, cores[0].design, lengths[0], planned.output) if stimulus else None,
        "demonstrate": demonstrate,
        "coverage": counting,
    }
    total = synapse_steps if one else len(faults)
    ran = planned.run(
        simulator,
        document,
        seed=seed,
        module="sc_hw_sim.test_parity",
        progress=lambda done: progress(done, total),
        note=note,
        marker="SC_HW_PROGRESS" if one else "SC_HW_FAULTS",
    )
    record = ran.record
    _check_ran(record, document, cores, planned.log)
    for core, result in zip([*cores] * len(faults), record["cores"], strict=True):
        result |= {"name": core.design.name, "folder": str(core.folder), "edited": list(core.edited)}
    planned.results_xml.write_bytes(junit(record["cores"], seed=seed, seconds=record["seconds"]))
    return SimulationResult(
        seed=seed,
        cores=record["cores"],
        demonstrations=record["demonstrations"],
        build_seconds=ran.build_seconds,
        run_seconds=record["seconds"],
        cpu_seconds=record["cpu_seconds"],
        cached=ran.cached,
        tools=simulation_tools(),
        log=planned.log,
        results_xml=planned.results_xml,
        waves=planned.waves,
        coverage=counted,
        functional=record["functional"],
    )
