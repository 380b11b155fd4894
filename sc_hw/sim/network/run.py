"""A run of a network in simulation: a random campaign, or samples of a file learned one after another."""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sc_hw_sim.scenes import SCENES, TASK_SCENE, chosen_clocks

from ...folder import npz_bytes
from ...network_file import network_toml, weights_bytes
from ...network_folder import EmittedNetwork
from ...rtl.networks.design import NetworkDesign
from ..junit import junit
from ..mined import mined_numbers
from ..planned import PlannedRun
from ..simulate import simulation_tools
from ..simulator import SimulationError
from .bench import NetworkSimulator, monitors, projection_places

__all__ = ["NetworkRun", "busiest", "simulate_network", "unlike_campaign"]


@dataclass(frozen=True, kw_only=True)
class NetworkRun:
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
        """Whether samples were compared and none differed."""
        return all(run["mismatch"] is None and run["samples"] > 0 and run["values_compared"] > 0 for run in self.runs)


def simulate_network(
    network: EmittedNetwork,
    *,
    output: Path,
    seed: int,
    samples: int = 0,
    data: Mapping[str, np.ndarray] | None = None,
    faults: Sequence[int] = (0,),
    files: Mapping[str, bytes] | None = None,
    waves: bool = False,
    note: Callable[[str], None] = lambda _text: None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> NetworkRun:
    """Compare a chip with its golden model.

    ``samples`` random ones with stalls, accesses and resets; or those of ``data`` (``pixels`` (samples, pixels), ``labels``,
    ``slower``, ``ends``: numbers of samples after which a task ends, if any), learned one after another, whose end state is
    ``final_state.npz`` in ``output``. ``faults`` are numbers of faults in ``files``, a copy of the Verilog in which they are
    planted, each of which gets the whole run. Errors:
    ``UserError`` for a missing tool, ``SimulationError`` when the build or the run ends without a result.
    """
    total = (samples if data is None else len(data["labels"])) * len(faults)
    simulator = NetworkSimulator(network, waves=waves, samples=total, files=files)
    planned = PlannedRun(output, waves=waves)
    kept, spec = None, network.design.spec
    if data is not None:
        content = npz_bytes(data)
        (planned.output / "stimulus.npz").write_bytes(content)
        kept = {"file": str(planned.output / "stimulus.npz"), "sha256": hashlib.sha256(content).hexdigest()}
    document = {
        "samples": samples,
        "data": kept,
        "faults": list(faults),
        "mined": mined_numbers(network) if data is None and files is None else [],
        "network": network_toml(spec),
        "weights": base64.b64encode(weights_bytes(spec)).decode() if spec.weights else None,
        "monitors": monitors(network.design),
        "projections": list(projection_places(network.design)),
    }
    ran = planned.run(
        simulator,
        document,
        seed=seed,
        module="sc_hw_sim.test_network",
        progress=lambda done: progress(done, total),
        note=note,
    )
    record = ran.record
    wanted = len(data["labels"]) if data is not None else samples
    short = [unlike_campaign(network.design, run) for run in record["runs"] if data is None and run["mismatch"] is None]
    if [run["fault"] for run in record["runs"]] != list(faults) or any(
        run["mismatch"] is None and run["samples"] != wanted for run in record["runs"]
    ):
        raise SimulationError(f"no verdict: the bench did not do what was asked; the log is {planned.log}")
    if any(short):
        raise SimulationError(f"no verdict: the bench did not do what was asked: {max(short)}; the log is {planned.log}")
    shown = [{"name": network.design.name, **run} for run in record["runs"]]
    planned.results_xml.write_bytes(junit(shown, seed=seed, seconds=record["seconds"]))
    return NetworkRun(
        seed=seed,
        runs=record["runs"],
        build_seconds=ran.build_seconds,
        seconds=record["seconds"],
        tools=simulation_tools(),
        log=planned.log,
        waves=planned.waves,
    )


def unlike_campaign(design: NetworkDesign, run: Mapping[str, Any]) -> str:
    """Return how a run without a difference is no campaign of a network, of which corner it lacks resets; else nothing."""
    corners, scenes = run["corners"], [*SCENES, *([TASK_SCENE] if design.tasks else [])]
    if {*corners} != {*scenes}:
        return f"its corners are {', '.join(corners) or 'none'}, not {', '.join(scenes)}"
    for name, scene in corners.items():
        if not scene["clocks"] or scene["reset"] != len(chosen_clocks(scene["clocks"], run["samples"])):
            return f"{scene['reset']:,} resets in the {scene['clocks']:,} clocks of {name}"
    least = sum(scene["reset"] for scene in corners.values())
    return "" if run["resets"] >= least else f"{run['resets']:,} resets, and {least:,} in its corners"


def busiest(run: Mapping[str, Any]) -> tuple[str, int, int]:
    """Return the place of the projection that worked most, the clocks in which it did, and those of its passes."""
    place, busy = max(run["busy"].items(), key=lambda entry: entry[1]["work"])
    return place, busy["work"], busy["passes"]
