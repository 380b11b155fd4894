"""A run of a block alone in simulation, as its folder has it or with faults planted."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..sim.junit import junit
from ..sim.planned import PlannedRun
from ..sim.simulate import simulation_tools
from ..sim.simulator import SimulationError
from .bench import BlockSimulator
from .place import Placed

__all__ = ["BlockRun", "simulate_block"]

_LONG = 2_000_000  # timesteps times beats a timestep from which on it pays to compile longer


@dataclass(frozen=True, kw_only=True)
class BlockRun:
    """What a run compared: a record a fault, the first without any where 0 was among them."""

    seed: int
    runs: list[dict[str, Any]]
    build_seconds: float
    seconds: float
    tools: dict[str, str]
    log: Path
    waves: Path | None

    @property
    def passed(self) -> bool:
        """Whether beats were compared and none differed."""
        return all(run["mismatch"] is None and run["timesteps"] > 0 and run["beats"] > 0 for run in self.runs)


def simulate_block(
    placed: Placed,
    *,
    steps: int,
    seed: int,
    output: Path,
    faults: Sequence[int] = (0,),
    files: Mapping[str, bytes] | None = None,
    waves: bool = False,
    note: Callable[[str], None] = lambda _text: None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> BlockRun:
    """Compare a block with its golden model for ``steps`` whole timesteps, among resets and under stalls.

    ``faults`` are numbers of faults in ``files``, a copy of the Verilog in which they are planted, each of which gets the whole
    run. ``output`` receives the log, the results as JUnit and, with ``waves``, the waveform. ``progress`` counts timesteps, or
    faults where there are several. Errors: ``UserError`` for a missing tool, ``SimulationError`` when the build or the run ends
    without a result.
    """
    block = placed.block
    beats = sum(placed.memory_bits) * steps * len(faults)
    simulator = BlockSimulator(block, files or placed.core.verilog, waves=waves, brief=beats < _LONG)
    planned = PlannedRun(output, waves=waves)
    total = steps if len(faults) == 1 else len(faults)
    ran = planned.run(
        simulator,
        {"steps": steps, "faults": list(faults), "golden": block.golden, "settings": block.settings},
        seed=seed,
        module="sc_hw_sim.test_block",
        progress=lambda done: progress(done, total),
        note=note,
    )
    record = ran.record
    short = [run for run in record["runs"] if run["mismatch"] is None and run["timesteps"] < steps]
    if [run["fault"] for run in record["runs"]] != list(faults) or short:
        raise SimulationError(f"no verdict: the bench did not do what was asked; the log is {planned.log}")
    planned.results_xml.write_bytes(
        junit([{"name": block.name, **run} for run in record["runs"]], seed=seed, seconds=record["seconds"])
    )
    return BlockRun(
        seed=seed,
        runs=record["runs"],
        build_seconds=ran.build_seconds,
        seconds=record["seconds"],
        tools=simulation_tools(),
        log=planned.log,
        waves=planned.waves,
    )
