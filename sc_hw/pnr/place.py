"""Places a core on devices: one netlist a target, one run a seed, all of them in parallel."""

import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from sc_hw_models.scratch import end_processes, held, temporary_folder

from ..blocks.cost import Costed
from ..errors import UserError
from ..manifest import Core
from ..network_folder import EmittedNetwork
from ..rtl.port import Port
from ..synth.synthesise import map_wrapped, top_module
from ..targets import PlaceAndRoute, Target, list_targets, load_target
from ..toolchain import nextpnr
from .nextpnr import FAMILIES, bitstream, place_and_route
from .path import Names, critical_path
from .result import PnrResult, SeedResult
from .wrapper import CORE_CLOCK, wrapper_registers, wrapper_text

__all__ = ["load_placeable", "place_many", "place_module", "placeable_targets"]

_NETLIST = "netlist.json"


def placeable_targets() -> list[str]:
    """Return the names of the targets that can be placed and routed."""
    return [name for name in list_targets() if load_target(name).pnr]


def load_placeable(name: str) -> tuple[Target, PlaceAndRoute]:
    """Return a target by its name and how it is placed. Errors: ``UserError`` when there is none, or no tool for it."""
    allowed = ", ".join(placeable_targets())
    if name not in list_targets():
        raise UserError(f"--target {name!r}: unknown; allowed are {allowed}")
    target = load_target(name)
    if target.pnr is None:
        raise UserError(f"--target {name}: no open tool in the package registries places it; allowed are {allowed}")
    nextpnr(target.pnr.tool).require()
    return target, target.pnr


class _Placement:
    """A module, mapped to a target and ready to be placed in ``folder``, which it makes."""

    def __init__(
        self, sources: Mapping[str, bytes], top: str, ports: Sequence[Port], target: Target, device: PlaceAndRoute, folder: Path
    ) -> None:
        self._top, self._ports, self._target, self._device, self._folder = top, ports, target, device, folder
        self._tool = nextpnr(device.tool)
        self._text = wrapper_text(f"{top}_pnr", top, ports)
        self._netlist, whole = map_wrapped(sources, top, target, wrapper=f"{top}_pnr", text=self._text)
        module = whole["modules"][f"{top}_pnr"]
        self._absorbed = sum(FAMILIES[device.tool].absorb(module).values())
        self._names = Names(module, target.cell_types)
        folder.mkdir()
        (folder / _NETLIST).write_text(json.dumps(whole), encoding="utf-8")

    def run(self, seed: int) -> SeedResult:
        """Place and route from a seed."""
        run = place_and_route(self._tool.path, self._device, self._folder, _NETLIST, seed)
        clocks = [clock["achieved"] for name, clock in run.report.get("fmax", {}).items() if CORE_CLOCK in name]
        cells = {name: (n["used"], n["available"]) for name, n in run.report.get("utilization", {}).items()}
        return SeedResult(
            seed=seed,
            command=run.command,
            mhz=round(clocks[0], 2) if clocks else 0.0,
            error=run.error,
            cells={name: n for name, n in cells.items() if n[0] or name in self._device.cells.values()},
            path=None if run.error else critical_path(run.report, self._names),
            seconds=round(run.seconds, 2),
        )

    def result(self, runs: Sequence[SeedResult], keep: Path | None) -> PnrResult:
        """Join the runs of all seeds; the bitstream of the fastest goes into the folder ``keep``."""
        kept, routed = "", [run for run in runs if not run.error]
        if keep and routed:
            fastest = max(routed, key=lambda run: run.mhz)
            packed = bitstream(self._device, self._folder, fastest.seed)
            if packed:
                kept = f"{self._top}-{self._target.name}{packed.suffix}"
                with held():
                    keep.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(packed, keep / kept)
        return PnrResult(
            top=self._top,
            target=self._target,
            device=self._device,
            tool_version=self._tool.version,
            yosys_version=self._netlist.tool_version,
            script=self._netlist.script,
            wrapper=self._text,
            wrapper_registers=wrapper_registers(self._ports),
            absorbed_registers=self._absorbed,
            runs=tuple(runs),
            bitstream=kept,
        )


def place_many(
    core: Core | EmittedNetwork,
    targets: Sequence[tuple[Target, PlaceAndRoute]],
    seeds: Sequence[int],
    *,
    module: str = "core",
    jobs: int | None = None,
    keep: Path | None = None,
    block: Costed | None = None,
    progress: Callable[[SeedResult], None] = lambda _result: None,
) -> list[PnrResult]:
    """Place and route a core, one lane of it, or a ``block`` inside: ``place_module`` on its files.

    Errors: ``UserError`` for an unknown module.
    """
    if block:
        return place_module(core.verilog, block.top, block.ports, targets, seeds, jobs=jobs, keep=keep, progress=progress)
    top = top_module(core, module)
    ports = core.design.lane_ports() if isinstance(core, Core) and module != "core" else core.design.ports()
    return place_module(core.verilog, top, ports, targets, seeds, jobs=jobs, keep=keep, progress=progress)


def place_module(
    sources: Mapping[str, bytes],
    top: str,
    ports: Sequence[Port],
    targets: Sequence[tuple[Target, PlaceAndRoute]],
    seeds: Sequence[int],
    *,
    jobs: int | None = None,
    keep: Path | None = None,
    progress: Callable[[SeedResult], None] = lambda _result: None,
) -> list[PnrResult]:
    """Place and route module ``top``, whose clock is the port ``clk``, on targets from each seed, ``jobs`` runs at a time.

    The bitstream of the fastest seed of each target goes into the folder ``keep``, if one is given. ``progress`` is
    called with each run as it ends. Errors: ``UserError`` for sources that Yosys refuses.
    """
    with temporary_folder() as folder, ThreadPoolExecutor(jobs or os.cpu_count()) as pool:

        def placement(chosen: tuple[Target, PlaceAndRoute]) -> _Placement:
            return _Placement(sources, top, ports, *chosen, folder / chosen[0].name)

        try:
            placements = list(pool.map(placement, targets))
            runs = [[pool.submit(placement.run, seed) for seed in seeds] for placement in placements]
            for future in as_completed([future for row in runs for future in row]):
                progress(future.result())
            rows = [[future.result() for future in row] for row in runs]
            return list(pool.map(lambda pair: pair[0].result(pair[1], keep), zip(placements, rows, strict=True)))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            end_processes()
            raise
