"""``sc-hw emit --bus``: what it writes and leaves alone, what is refused, and what the tools say of its Verilog."""

import json
import re
from pathlib import Path

import pytest

from sc_hw.bus.folder import load_bus
from sc_hw.errors import UserError
from sc_hw.manifest import load_core
from sc_hw.registers.markdown import table

from ..daily import few
from ..rtl.reading import looks
from ..warnings import warnings
from .designs import DESIGNS, EMITTED

BUSES = ("axi-lite", "wishbone", "apb")
STREAMS = ("registers", "axi-stream")
DOCS = Path(__file__).parents[2] / "docs"


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", few(EMITTED, ["core", "network"], "the other designs"))
def test_the_design_is_the_same_with_and_without(sc_hw, tmp_path, name):
    assert sc_hw("emit", *EMITTED[name], "-o", tmp_path / "alone")[0] == 0
    assert sc_hw("emit", *EMITTED[name], "--bus", "none", "-o", tmp_path / "none")[0] == 0
    alone = contents(tmp_path / "alone")
    assert contents(tmp_path / "none") == alone
    for bus in BUSES:
        status, out, _ = sc_hw("emit", *EMITTED[name], "--bus", bus, "-o", tmp_path / bus)
        assert status == 0
        assert out.rstrip().endswith("in bus/")
        whole = contents(tmp_path / bus)
        assert {path: text for path, text in whole.items() if not path.startswith("bus/")} == alone
        assert any(path.startswith("bus/") for path in whole)
        assert sc_hw("files", tmp_path / bus)[1].count(".v") == sum(path.endswith(".v") for path in alone)


@pytest.mark.parametrize(
    ("name", "bus", "streams"),
    few(
        [(name, bus, streams) for name in EMITTED for bus in BUSES for streams in STREAMS],
        [
            ("lanes", "axi-lite", "registers"),
            ("addressed", "wishbone", "axi-stream"),
            ("layer", "apb", "axi-stream"),
            ("network", "axi-lite", "axi-stream"),
            ("network", "apb", "registers"),
        ],
        "every design behind every bus",
    ),
)
def test_tools_have_nothing_to_say(sc_hw, tmp_path, name, bus, streams):
    folder = tmp_path / "core"
    assert sc_hw("emit", *EMITTED[name], "--bus", bus, "--bus-streams", streams, "-o", folder)[0] == 0
    for path in sorted((folder / "bus").glob("*.v")):
        assert list(looks(path.name, path.read_text())) == []
    files = (folder / "bus/filelist.f").read_text().split()
    assert warnings("sc_core_bus", files, folder / "bus") == ""


def test_the_same_input_gives_the_same_bytes_and_force_replaces_them(sc_hw, tmp_path):
    folder = tmp_path / "core"
    assert sc_hw("emit", *DESIGNS["core"], "--bus", "apb", "-o", folder)[0] == 0
    before = contents(folder)
    assert sc_hw("emit", *DESIGNS["core"], "--bus", "apb", "-o", folder, "--force")[0] == 0
    assert contents(folder) == before
    assert sc_hw("emit", *DESIGNS["core"], "-o", folder, "--force")[0] == 0
    assert not (folder / "bus").exists()
    assert sc_hw("emit", *DESIGNS["core"], "--bus", "apb", "-o", folder, "--force")[0] == 0
    (folder / "bus" / "mine.txt").write_text("of the user's")
    status, _, err = sc_hw("emit", *DESIGNS["core"], "--bus", "apb", "-o", folder, "--force")
    assert status == 2
    assert "holds bus/mine.txt" in err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--bus", "axi"], "--bus 'axi': unknown; allowed are axi-lite, wishbone, apb and none"),
        (["--bus", "apb", "--bus-streams", "fifo"], "--bus-streams 'fifo': unknown; allowed are registers, axi-stream"),
        (["--bus-streams", "registers"], "--bus-streams registers: is of a bus; give --bus too"),
    ],
)
@pytest.mark.parametrize("name", ["core", "network"])
def test_what_cannot_be_is_one_line(sc_hw, tmp_path, name, options, said):
    status, out, err = sc_hw("emit", *EMITTED[name], *options, "-o", tmp_path / "core")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert said in err
    assert not (tmp_path / "core").exists()


def test_what_is_read_back_follows_from_the_core(sc_hw, tmp_path):
    folder = tmp_path / "core"
    assert sc_hw("emit", *DESIGNS["core"], "-o", folder)[0] == 0
    with pytest.raises(UserError, match="has no bus; emit it with --bus"):
        load_bus(load_core(folder))
    assert sc_hw("emit", *DESIGNS["core"], "--bus", "wishbone", "-o", folder, "--force")[0] == 0
    core = load_core(folder)
    for path in sorted((folder / "bus").iterdir()):
        before = path.read_bytes()
        path.write_bytes(before + b" ")
        if path.suffix != ".json":  # a blank behind JSON changes nothing that it says, but it is not as it was emitted
            with pytest.raises(UserError, match=rf"{path.name}: not as it was emitted"):
                load_bus(core)
        path.unlink()
        with pytest.raises(UserError):
            load_bus(core)
        path.write_bytes(before)
    record = folder / "bus" / "bus.json"
    told = json.loads(record.read_text())
    for change in (
        {"bus": "apb"},
        {"streams": "axi-stream"},
        {"abi": 3},
        {"manifest_sha256": "0" * 64},
        {"more": 1},
        {"bus": "$(x)"},
    ):
        record.write_text(json.dumps(told | change))
        with pytest.raises(UserError, match=r"bus\.json"):
            load_bus(core)
    record.write_text(json.dumps(told, indent=2) + "\n")
    assert load_bus(core).top == "sc_core_bus"


def test_the_page_shows_the_registers_that_are_emitted(sc_hw, tmp_path):
    options = re.search(r"sc-hw emit (--synapses 1024 --bus axi-lite) -o core", (DOCS / "bus.md").read_text())[1]
    assert sc_hw("emit", *options.split(), "-o", tmp_path / "core")[0] == 0
    around = load_bus(load_core(tmp_path / "core"))
    assert table(around.layout) in (DOCS / "bus.md").read_text()
    assert table(around.layout) in (tmp_path / "core/bus/registers.md").read_text()


def test_a_setting_at_run_time_is_a_register(sc_hw, tmp_path):
    options = ["--rule", "three_factor", "--datapath", "compiled", "--set", "rounding=nearest", "--runtime", "learning_shift"]
    assert sc_hw("emit", *options, "--synapses", "4", "--bus", "apb", "-o", tmp_path / "core")[0] == 0
    register = load_bus(load_core(tmp_path / "core")).layout.map["command_learning_shift"]
    assert register.writable
    assert register.fields[0].bits == 5


def test_an_input_that_is_called_as_a_signal_of_the_bus_is_refused(sc_hw, tmp_path):
    """A rule's author may call an input anything; two signals of one name are no Verilog."""
    rule = tmp_path / "my_rule.py"
    assert sc_hw("rule", "new", "my_rule", "-o", rule)[0] == 0
    rule.write_text(rule.read_text().replace("pre_spike", "room"))
    options = ["--rule", rule, "--synapses", "4", "-o", tmp_path / "core"]
    status, _, err = sc_hw("emit", *options, "--bus", "apb")
    assert (status, err.count("\n")) == (2, 1)
    assert "event_room is what the bus calls a signal of its own" in err
    assert not (tmp_path / "core").exists()
    assert sc_hw("emit", *options)[0] == 0


def test_many_lanes_have_beats_of_many_words(sc_hw, tmp_path):
    assert sc_hw("emit", "--synapses", "256", "--lanes", "256", "--bus", "wishbone", "-o", tmp_path / "core")[0] == 0
    layout = load_bus(load_core(tmp_path / "core")).layout
    trays = {tray.name: tray for tray in layout.trays}
    assert (len(trays["event"].registers), len(trays["result"].registers)) == (16, 129)
    assert layout.map.size == 4096
