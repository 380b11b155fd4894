"""Options and fixtures that several rooms share."""

import gc
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy: tests run one a core, and more threads wait for each other
os.environ["SC_HW_TRACEBACK"] = "1"  # a defect that a test plants, or meets, leaves no file in the machine's temporary folder

import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from sc_hw.cli import main
from sc_hw.emitted import listed_files
from sc_hw.folder import check_output, write_folder
from sc_hw.manifest import Core, load_core
from sc_hw.manifest.describe import identity_of
from sc_hw.rtl.crossbar import CrossbarDesign
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.emit import core_files
from sc_hw.rtl.layer import LayerDesign
from sc_hw_models.registry import get_rule
from tests.daily import LONG, share_of

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")  # gw0, gw1, ...; in none, nothing


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--check", action="store_true", help="run what the ordinary run leaves out: the tests marked with check")
    parser.addoption("--share", default="1/1", metavar="K/N", help="with --check: every Nth of these tests, from the Kth")
    parser.addoption("--seed", type=int, default=20261122, help="seed of the parity regression and of the random proofs")


def pytest_configure(config: pytest.Config) -> None:
    gc.disable()  # until all tests are collected: what is made till then stays
    config.addinivalue_line("markers", "check(reason): only make check runs it, because of the reason")


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Let every other process of a run begin at the end: each compiles half of the files, and reads what the other compiled."""
    report = yield
    if isinstance(collector, pytest.Session | pytest.Directory) and int(WORKER.removeprefix("gw") or 0) % 2:
        report.result.reverse()
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the daily tests, or with ``--check`` a share of the others; all processes of a run in one order."""
    if WORKER:
        items.sort(key=lambda item: item.path)
    exhaustive = config.getoption("--check")
    if not exhaustive and config.getoption("--share") != "1/1":
        raise pytest.UsageError("--share: is of the tests that --check runs; give --check too")
    kept = [item for item in items if bool(item.get_closest_marker("check")) == exhaustive]
    share = config.getoption("--share")
    if exhaustive and share != "1/1":
        kept = [item for item in kept if not item.nodeid.removeprefix("tests/").startswith(LONG)]
    if exhaustive:
        kept = share_of(kept, share)
    chosen = set(kept)
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = kept


def pytest_collection_finish() -> None:
    """Leave modules and tests out of every later search for garbage: they stay, and there are millions of objects in them."""
    gc.collect()
    gc.freeze()
    gc.enable()


EMITTED: dict[str, dict[str, str]] = {}  # the files of each design that was emitted, by what they follow from


def emitted(design: CoreDesign, generator: str, folder: Path) -> Path:
    """Emit a design into a folder: a hundred tests begin with the same one, which is worked out once in a process."""
    key = identity_of(design, generator)
    if key not in EMITTED:
        EMITTED[key] = core_files(design, generator)
    output = check_output(folder, listed_files, force=True, verb="emitted")
    write_folder(output, EMITTED[key])
    return output


@pytest.fixture
def make_core(tmp_path):
    """Emit a core into a temporary folder and load it back."""

    def make(
        generator: str = "verilog",
        *,
        synapses: int = 16,
        lanes: int = 1,
        rule: str = "r_stdp",
        name: str = "dut",
        initial: dict | None = None,
        folder: Path | None = None,
        queued: bool = False,
        **config: object,
    ) -> Core:
        chosen = get_rule(rule)
        design = CoreDesign(
            name=name,
            rule=chosen,
            config=chosen.config_type(**config),
            synapses=synapses,
            lanes=lanes,
            initial=initial or {},
            queued=queued,
        )
        return load_core(emitted(design, generator, folder or tmp_path / f"{name}_{generator}"))

    return make


@pytest.fixture
def make_layer(tmp_path):
    """Emit a layer, short-term plasticity in front of the three-factor rule, into a temporary folder and load it back."""

    def make(
        generator: str = "verilog",
        *,
        neurons: int = 6,
        postsynaptic: int = 4,
        lanes: int = 1,
        name: str = "dut",
        front: dict | None = None,
        **config: object,
    ) -> Core:
        before, rule = get_rule("stp"), get_rule("three_factor")
        presynaptic = CoreDesign(
            name=f"{name}_neurons", rule=before, config=before.config_type(**front or {}), synapses=neurons, lanes=lanes
        )
        design = LayerDesign(
            name=name,
            rule=rule,
            config=rule.config_type(**config),
            synapses=neurons * postsynaptic,
            lanes=lanes,
            presynaptic=presynaptic,
        )
        return load_core(emitted(design, generator, tmp_path / f"{name}_{generator}"))

    return make


@pytest.fixture
def make_crossbar(tmp_path):
    """Emit a crossbar into a temporary folder and load it back."""

    def make(
        generator: str = "verilog",
        *,
        pre: int = 5,
        post: int = 6,
        lanes: int = 2,
        rule: str = "r_stdp",
        name: str = "dut",
        addressed: bool = False,
        initial: dict | None = None,
        **config: object,
    ) -> Core:
        chosen = get_rule(rule)
        design = CrossbarDesign.made(
            name, chosen, chosen.config_type(**config), pre=pre, post=post, lanes=lanes, addressed=addressed, initial=initial
        )
        return load_core(emitted(design, generator, tmp_path / f"{name}_{generator}"))

    return make


@pytest.fixture
def sc_hw(monkeypatch, capsys):
    """Call the command line in this process; return exit status, standard output and standard error."""

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["sc-hw", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_info:
            main()
        captured = capsys.readouterr()
        return exit_info.value.code or 0, captured.out, captured.err

    return call


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much the parity regression compared: a run that tested little should look like it."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])]
    counted = [dict(report.user_properties) for report in reports if dict(report.user_properties).get("synapse_steps")]
    if counted:
        cores, steps = (sum(entry[name] for entry in counted) for name in ("cores", "synapse_steps"))
        terminalreporter.write_line(f"parity: {cores} cores equal to their models over {steps:,} synapse-steps")
