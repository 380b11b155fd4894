"""Emission: deterministic, atomic, self-describing, lint-clean, and independent of the number of synapses."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

import numpy as np
import pytest

from sc_hw.errors import UserError
from sc_hw.manifest import load_core
from sc_hw.rtl.emit import GENERATORS
from sc_hw.toolchain import verilator

from ..daily import few
from ..parity.configurations import CONFIGURATIONS, grouped


def emit(folder, *arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "sc_hw", "emit", "-n", "100", "-o", str(folder), *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.mark.parametrize("generator", few(GENERATORS, ["verilog"], "the other generator"))
def test_same_input_same_bytes(tmp_path, generator):
    options = ("--generator", generator, "--lanes", "2", "--set", "rounding=stochastic")
    for number, seed in enumerate(("0", "4711")):
        (tmp_path / str(number)).mkdir()
        done = emit(tmp_path / str(number) / "core", *options, PYTHONHASHSEED=seed, TZ=f"UTC{number}", LC_ALL="C.UTF-8")
        assert done.returncode == 0, done.stderr
    first, *others = (contents(tmp_path / str(number) / "core") for number in range(2))
    assert all(other == first for other in others)
    text = b"".join(first.values()).decode()
    assert str(tmp_path) not in text
    assert not re.search(r"20\d\d-\d\d-\d\d|\d\d:\d\d:\d\d", text)


@pytest.mark.parametrize("generator", GENERATORS)
def test_the_manifest_describes_the_folder(make_core, generator):
    core = make_core(generator, synapses=37, lanes=3, trace_fraction_bits=2)
    manifest = core.manifest
    files = contents(core.folder)
    assert set(manifest["sha256"]) == set(files) - {"manifest.json"}
    for name, digest in manifest["sha256"].items():
        assert hashlib.sha256(files[name]).hexdigest() == digest
    assert (core.folder / "filelist.f").read_text().split() == manifest["verilog"]
    config = tomllib.loads((core.folder / "config.toml").read_text())
    assert config == {key: value for key, value in manifest["config"].items() if value is not None}
    assert (manifest["top"], manifest["synapses"], manifest["lanes"], manifest["words_per_lane"]) == ("dut", 37, 3, 13)
    assert manifest["latency"] == core.design.spec.latency == 8
    position = 0
    for entry, field in zip(manifest["state_fields"], core.design.spec.state, strict=True):
        assert (entry["name"], entry["bits"], entry["signed"], entry["position"]) == (
            field.name,
            field.bits,
            field.signed,
            position,
        )
        position += field.bits
    assert position == manifest["state_bits"]
    assert {"amaranth", "jinja2", "pyosys", "sc-hw"} <= set(manifest["tools"])
    text = (core.folder / "dut.v").read_text()
    for port in manifest["ports"]:
        assert re.search(rf"\b{port['direction']}\b[^;]*?\b{port['name']}\b", text), port


def declared(path, module):
    """Ports of a module as Yosys sees them: the same view for both generators."""
    from sc_hw.yosys import run_pinned_yosys

    output = path.parent / "ports.json"
    run_pinned_yosys(f'read_verilog -lib "{path}"\nwrite_json "{output}"\n')
    ports = json.loads(output.read_text())["modules"][module]["ports"]
    return {name: (port["direction"], len(port["bits"])) for name, port in ports.items()}


def test_both_generators_have_the_same_ports(make_core):
    settings = {"rounding": "stochastic", "decay_rounding": "stochastic", "trace_fraction_bits": 3}
    folders = [make_core(generator, synapses=11, lanes=3, **settings).folder for generator in GENERATORS]
    for module in ("dut", "dut_lane", "dut_datapath", "dut_random"):
        amaranth, verilog = (declared(folder / f"{module}.v", module) for folder in folders)
        assert amaranth == verilog
    expected = {port.name: (port.direction, port.bits) for port in load_core(folders[0]).design.ports()}
    assert declared(folders[0] / "dut.v", "dut") == expected


def lint(cores):
    """What ``verilator -Wall`` says of some cores: an undriven net and a range that runs below 0 are among its warnings."""
    tool = verilator().require()
    done = subprocess.run(
        [tool.path, "--lint-only", "-Wall", "-Wno-MULTITOP", *(str(source) for core in cores for source in core.sources)],
        capture_output=True,
        text=True,
        env={**os.environ, **dict(tool.environment)},
        check=False,
    )
    return done.stderr


@pytest.mark.parametrize("chosen", grouped())
def test_lint_is_clean(make_core, chosen, request):
    """The configurations of the regression, some in one run of the linter; in every run half of those that are simulated."""
    cores = [
        make_core(
            generator,
            rule=c.rule,
            synapses=c.synapses,
            lanes=c.lanes,
            name=f"c{index}{generator[0]}",
            queued=c.queued,
            **c.settings,
        )
        for c, index, generator in (
            (CONFIGURATIONS[index], index, generator)
            for index, generator in chosen[:: 1 if request.config.getoption("--check") else 2]
        )
    ]
    assert lint(cores) == ""


def test_reading_finds_a_constant_without_bits(make_core, monkeypatch):
    """Plant: operands that Amaranth trimmed to no bits reach Yosys as they are."""
    monkeypatch.setattr("sc_hw.rtl.amaranth._with_bits", lambda text: text)
    least = {"consolidation": "si", "importance_damping": 0}
    with pytest.raises(UserError, match=r"a vector that is not \[M:N\]"):
        make_core("amaranth", name="unread", **least)  # a name of its own: emitted so, it is nobody else's


@pytest.mark.parametrize("generator", GENERATORS)
def test_text_does_not_grow_with_synapses_or_names(make_core, generator):
    sizes = {}
    for synapses in (1024, 65536, 1 << 24):
        core = make_core(generator, synapses=synapses)
        sizes[synapses] = sum(len(data) for name, data in contents(core.folder).items() if name.endswith(".v"))
    assert max(sizes.values()) - min(sizes.values()) < 200
    named = make_core(generator, synapses=5, name="other")
    for source in named.sources:
        assert all(name.startswith("other") for name in re.findall(r"^module (\S+?)\b", source.read_text(), re.MULTILINE))


def test_force_replaces_a_core_whole(make_core, tmp_path):
    folder = tmp_path / "core"
    make_core("verilog", synapses=9, lanes=2, rounding="stochastic", folder=folder)
    (folder / "results").mkdir()
    make_core("verilog", synapses=4, folder=folder)
    assert not (folder / "dut_random.v").exists()
    assert not (folder / "results").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["core"]


def test_edited_files_are_noticed(make_core):
    core = make_core(synapses=4)
    path = core.folder / "dut_lane.v"
    path.write_text(path.read_text() + "\n")
    assert load_core(core.folder).edited == ("dut_lane.v",)
    path.unlink()
    with pytest.raises(UserError, match=r"dut_lane\.v"):
        load_core(core.folder)


@pytest.mark.parametrize(
    ("sent", "existing"),
    few(
        [(signal.SIGTERM, True), (signal.SIGINT, False), (signal.SIGINT, True), (signal.SIGTERM, False)],
        1,
        "every pair; the fuzzer's slice interrupts others",
    ),
)
def test_an_interrupted_emission_leaves_no_half_folder(tmp_path, sent, existing):
    """Interrupt at many moments: the folder is as it was before, or complete; nothing else is left beside it."""
    folder = tmp_path / "core"
    np.savez(tmp_path / "i.npz", weight=np.arange(30_000) % 60_000)
    if existing:
        assert emit(folder, "--generator", "verilog").returncode == 0
    before = contents(folder) if existing else None
    stopped = 0
    for moment in np.linspace(0.02, 0.8, 3)[:: 2 if sent == signal.SIGTERM and existing else 1]:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "sc_hw",
                "emit",
                "-n",
                "30000",
                "-o",
                str(folder),
                "--initial",
                str(tmp_path / "i.npz"),
                "--generator",
                "verilog",
                "--force",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # tests may run where it is ignored
        )
        time.sleep(moment)
        process.send_signal(sent)
        stopped += process.wait(timeout=60) != 0
        assert {path.name for path in tmp_path.iterdir()} <= {"core", "i.npz"}
        if folder.exists() and contents(folder) != before:
            assert load_core(folder).edited == ()
            assert load_core(folder).design.synapses == 30_000
    assert stopped, "no run was interrupted: the test would pass without the guard"


@pytest.fixture
def _interruptible():
    """Python's own handler: tests may run where SIGINT is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("step", ["tempfile.mkdtemp", "pathlib.Path.write_bytes", "pathlib.Path.rename", "shutil.rmtree"])
def test_an_interruption_inside_a_step_of_emission_is_held(make_core, tmp_path, monkeypatch, step, sent):
    """A signal right after a folder is made, a file written, a folder moved or removed: nothing is left, and it is not lost."""
    folder = tmp_path / "core"
    make_core("verilog", synapses=4, folder=folder)
    before = contents(folder)
    module, name = step.rsplit(".", 1)
    owner = Path if module == "pathlib.Path" else {"tempfile": tempfile, "shutil": shutil}[module]
    original = getattr(owner, name)

    def interrupted(*arguments, **options):
        result = original(*arguments, **options)
        os.kill(os.getpid(), sent)
        return result

    monkeypatch.setattr(owner, name, interrupted)
    with pytest.raises(KeyboardInterrupt):
        make_core("verilog", synapses=5, folder=folder)
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == ["core"]
    assert contents(folder) == before or load_core(folder).design.synapses == 5
