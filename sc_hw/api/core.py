"""An emitted folder in Python: what it says of itself, its golden model, and every verb that works on one."""

import weakref
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sc_hw_models.scratch import temporary_folder

from . import learn, make, measure, verify
from .board import board as _board
from .board import monitor as _monitor
from .call import Folder, Settings, Value, call, joined, path_of
from .package import package as _package
from .result import Result, Text

if TYPE_CHECKING:
    from ..driver import Driver, NetworkDriver, Transport

__all__ = ["Core", "emit", "load"]


class Core:
    """A core, layer, crossbar or network as emitted: a path that every verb takes, with those verbs as methods.

    ``folder`` is where it is; ``made`` is what ``emit`` said, if it was just emitted. Errors: ``UserError`` by ``load``.
    """

    def __init__(self, folder: Folder, made: Result | None = None) -> None:
        self.folder = path_of("folder", folder).absolute()
        self.made = made

    sim = verify.sim
    prove = verify.prove
    selftest = verify.selftest
    mutate = verify.mutate
    synth = measure.synth
    pnr = measure.pnr
    replay = verify.replay
    report = verify.report
    vectors = make.vectors
    accuracy = learn.accuracy
    estimate = measure.estimate
    board = _board
    monitor = _monitor
    package = _package

    def __fspath__(self) -> str:
        return str(self.folder)

    def coverage(self, *, steps: int | None = None, seed: int | None = None) -> Result:
        """Simulate with counters and return the record of what was covered, as ``sim(coverage=True)`` prints it."""
        from ..strict import read_json

        done = verify.sim(self, steps=steps, seed=seed, coverage=True)
        path = self.folder / "results" / "coverage.json"
        record = read_json(path, remedy="simulate again") if path.is_file() else {}
        return Result(verb="sim --coverage", status=done.status, text=done.text, record=dict(record))

    def driver(self, transport: "Transport | str" = "virtual") -> "Driver | NetworkDriver":
        """Return the driver of a folder with a bus (``emit(bus="axi-lite")``): NumPy arrays in and out (docs/bus.md).

        ``virtual`` is the Verilog in Verilator; else a serial port by its name, or a transport of ``sc_hw.driver``. It is closed
        by ``close`` or as a context. Errors: ``UserError`` for a folder without a bus, or another design at the other end.
        """
        from ..driver import open_driver

        return open_driver(self._read(), transport)

    def files(self) -> list[Path]:
        """Return the absolute paths of the Verilog, the top first."""
        return [Path(line) for line in make.files(self).text.splitlines()]

    @property
    def manifest(self) -> dict[str, Any]:
        """What the folder says of itself, checked as every verb checks it."""
        return self._read().manifest  # type: ignore[no-any-return]

    @property
    def is_network(self) -> bool:
        """Whether this is a network."""
        from ..network_folder import is_network

        return is_network(self.folder)

    @cached_property
    def model(self) -> Any:
        """The golden model, at the state with which the memories start; it has ``step`` or ``run`` (docs/models.md)."""
        from .model import golden_model

        return golden_model(self._read().design)

    def _read(self) -> Any:
        from ..network_folder import load_emitted

        return load_emitted(self.folder)

    def table(self) -> Text:
        """Return the ports, a line each."""
        rows = [f"{p['direction']:<6} {p['bits']:>5}  {p['name']:<24} {p['meaning']}" for p in self.manifest["ports"]]
        return Text("\n".join(rows))

    def __repr__(self) -> str:
        return self.made.table() if self.made else f"Core({str(self.folder)!r})"

    def _repr_html_(self) -> str:
        from html import escape

        return f"<div><strong>{escape(repr(self))}</strong>{self.table()._repr_html_()}</div>"


def load(folder: Folder) -> Core:
    """Return an emitted folder. Errors: ``UserError`` for one that is none, as every verb."""
    core = Core(folder)
    core.files()
    return core


def emit(
    *,
    synapses: int | None = None,
    from_: Folder | None = None,
    layer: str | None = None,
    rule: Folder | None = None,
    lanes: int | None = None,
    preset: str | None = None,
    config: Folder | None = None,
    settings: Settings | None = None,
    initial: Folder | None = None,
    presynaptic: str | None = None,
    neurons: int | None = None,
    neuron_settings: Settings | None = None,
    pre: int | None = None,
    post: int | None = None,
    spikes: str | None = None,
    results: str | None = None,
    datapath: str | None = None,
    clock: float | None = None,
    latency: int | None = None,
    runtime: str | Sequence[str] | None = None,
    bus: str | None = None,
    bus_streams: str | None = None,
    device: str | None = None,
    output: Folder | None = None,
    generator: str | None = None,
    name: str | None = None,
    network: Folder | None = None,
    force: bool = False,
    **rule_settings: Value,
) -> Core:
    """Write a learning core, layer, crossbar or network as a self-describing folder of Verilog and return it.

    Without ``output`` the folder is a temporary one, which is gone with what is returned. Other
    keywords are settings of the rule: ``learning_shift=6``. Errors: ``UserError``, as the command.
    """
    with ExitStack() as stack:
        place = (
            path_of("--output", output) if output is not None else stack.enter_context(temporary_folder(prefix="sc-hw-")) / "core"
        )
        made = call(
            "emit",
            synapses=synapses,
            from_=from_,
            layer=layer,
            rule=rule,
            lanes=lanes,
            preset=preset,
            config=config,
            settings=joined(settings, rule_settings),
            initial=initial,
            presynaptic=presynaptic,
            neurons=neurons,
            neuron_settings=neuron_settings,
            pre=pre,
            post=post,
            spikes=spikes,
            results=results,
            datapath=datapath,
            clock=clock,
            latency=latency,
            runtime=runtime,
            bus=bus,
            bus_streams=bus_streams,
            device=device,
            output=place,
            generator=generator,
            name=name,
            network=network,
            force=force,
        )
        core = Core(place, made)
        weakref.finalize(core, stack.pop_all().close)
    return core
