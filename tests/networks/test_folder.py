"""Folders of networks: the same bytes, read back whole, and what is not so is one line."""

import json
import re
import shutil
from pathlib import Path

import pytest

from sc_hw.elaboration import check_elaborated
from sc_hw.manifest.describe import sha256
from sc_hw.manifest.sources import check_verilog
from sc_hw.network_file import network_line, network_of, network_toml
from sc_hw.network_folder import load_network, network_in_memory
from sc_hw.rtl.generators import GENERATORS
from tests.daily import check, few
from tests.models.networks.random_networks import network
from tests.networks.small import SMALL, WIDE, buildable, write_network
from tests.refusals import refused
from tests.warnings import warnings

EXAMPLES = Path(__file__).parents[2] / "examples" / "networks"


@pytest.fixture
def run(monkeypatch, sc_hw, tmp_path):
    """Run a command line in a folder with the small network's file."""
    (tmp_path / "small.toml").write_text(SMALL)
    monkeypatch.chdir(tmp_path)
    return sc_hw


@pytest.mark.parametrize("seed", range(40))
def test_a_network_is_its_file(seed, tmp_path):
    spec = network(seed)
    assert network_of(write_network(tmp_path, spec), option="") == spec
    assert network_toml(spec) == network_toml(network(seed))


SEEDS = [(seeds, generator) for generator in GENERATORS for seeds in (4, 12)]


@pytest.mark.parametrize(("seeds", "generator"), few(SEEDS, 1, "more random networks, and the other generator"))
def test_every_tool_reads_the_verilog_alike(seeds, generator):
    """Rules of what may stand in a folder hold for random networks, and no line is too long."""
    for seed in buildable(range(seeds)):
        chip = network_in_memory(network(seed, "counting"), "chip", generator)
        texts = {name: content.decode() for name, content in chip.verilog.items()}
        for name, text in texts.items():
            check_verilog(text, name)
            assert max(map(len, text.splitlines())) <= 120, f"seed {seed}: {name}"
        check_elaborated(texts, "chip")


def chips(tmp_path, seeds, generator):
    """Yield the chips of the examples, of the small networks, and of random ones."""
    for path in sorted(EXAMPLES.glob("*.toml")):
        if "stepping" not in network_line(spec := network_of(path, option="")):
            yield path.stem, network_in_memory(spec, "network", generator)
    for name, text in (("small", SMALL), ("wide", WIDE)):
        (tmp_path / f"{name}.toml").write_text(text)
        yield name, network_in_memory(network_of(tmp_path / f"{name}.toml", option=""), "network", generator)
    for seed in buildable(range(seeds)):
        yield f"seed {seed}", network_in_memory(network(seed, "counting"), "network", generator)


@check("that every tool reads a chip alike is seen in every run")
@pytest.mark.parametrize("generator", GENERATORS)
@pytest.mark.parametrize("seeds", few([1, 8], 1, "more random networks"))
def test_no_tool_has_a_warning(tmp_path, seeds, generator):
    """Of every chip, asked for all warnings; a sum that drops a bit is one."""
    found = dict(chips(tmp_path, seeds, generator))
    assert len(found) >= 3 + seeds // 2
    for name, chip in found.items():
        folder = tmp_path / name
        folder.mkdir()
        for file, content in chip.verilog.items():
            (folder / file).write_bytes(content)
        assert warnings(chip.design.name, list(chip.verilog), folder) == "", name
    file = tmp_path / "digits" / "network_back_0.v"
    text = file.read_text()
    wide = re.findall(r"\{\{4\{product_0\[21\]\}\}, product_0\}", text)
    assert wide
    file.write_text(text.replace(wide[0], "product_0"))
    assert "WIDTHEXPAND" in warnings("network", list(found["digits"].verilog), tmp_path / "digits")


@pytest.mark.parametrize("generator", few(GENERATORS, ["verilog"], "the other generator"))
def test_the_same_network_gives_the_same_bytes_and_reads_back(run, tmp_path, generator):
    chosen = ("--generator", generator)
    for name in ("a", "b"):
        status, out, err = run("emit", "--network", "small.toml", "-o", name, *chosen)
        assert status == 0, err
        assert out.startswith(f"{tmp_path / name}: network 6-4-3, counting form, ")
    files = {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()}
    assert files == {path.name: path.read_bytes() for path in (tmp_path / "b").iterdir()}
    chip = load_network(tmp_path / "a")
    assert not chip.edited
    assert chip.digest == load_network(tmp_path / "b").digest
    status, out, _ = run("files", "a")
    assert status == 0
    assert out.split() == [str(tmp_path / "a" / name) for name in chip.manifest["verilog"]]
    again = tmp_path / "a" / "network.toml"
    assert run("emit", "--network", str(again), "-o", "c", *chosen)[0] == 0
    assert files == {path.name: path.read_bytes() for path in (tmp_path / "c").iterdir()}
    manifest = json.loads(files["manifest.json"])
    own = {"amaranth", "pyosys"} if generator == "amaranth" else set()
    assert manifest["tools"].keys() == {"sc-hw", "jinja2", "numpy"} | own
    for tool in own:
        less = {name: text for name, text in manifest["tools"].items() if name != tool}
        (tmp_path / "a" / "manifest.json").write_text(json.dumps(manifest | {"tools": less}))
        refused(run("sim", "a"), f"missing required field `{tool}`")


CHANGED = {
    "name": ("manifest.json", '"name": "sc_core"', '"name": "sc_cora"', "top is"),
    "generator": ("manifest.json", '"generator": "verilog"', '"generator": "amaranth"', "verilog[6] is"),
    "no generator": ("manifest.json", '"generator": "verilog"', '"generator": "vhdl"', '"vhdl"'),
    "seed": ("network.toml", "seed = 1", "seed = 2", "follows from network.toml"),
    "width": ("manifest.json", '"signal_bits": 13', '"signal_bits": 12', "signal_bits"),
    "file list": ("filelist.f", "sc_core.v\n", "", "not as it was emitted"),
    "Verilog": ("sc_core.v", "endmodule", "initial $finish; endmodule", "$finish"),
    "schema": ("manifest.json", "sc-hw/network/2", "sc-hw/network/1", "sc-hw/network/1"),
    "tools": ("manifest.json", '"tools": {', '"tools": {"more": "1",', "unknown field `more`"),
}


@pytest.mark.parametrize("case", CHANGED)
def test_a_folder_that_was_changed_is_refused(run, tmp_path, case):
    assert run("emit", "--network", "small.toml", "-o", "net")[0] == 0
    file, old, new, part = CHANGED[case]
    path = tmp_path / "net" / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    refused(run("sim", "net"), part)
    assert not (tmp_path / "net" / "results").exists()


@pytest.mark.parametrize("tools", [[], None, {}, {"sc-hw": "0.0.1"}, {"sc-hw": 1, "jinja2": "1", "numpy": "1"}])
def test_tools_are_versions(run, tmp_path, tools):
    assert run("emit", "--network", "small.toml", "-o", "net")[0] == 0
    path = tmp_path / "net" / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"tools": tools}))
    refused(run("sim", "net"), "tools")


def test_an_edit_whose_digest_is_written_anew_is_an_edit(run, tmp_path):
    """Of another version's folder, too, whose Verilog cannot be written again: the proof asks no more of what is not edited."""
    assert run("emit", "--network", "small.toml", "-o", "net")[0] == 0
    path, file = tmp_path / "net" / "manifest.json", tmp_path / "net" / "sc_core_error.v"
    file.write_text(file.read_text() + "// edited\n")
    document = json.loads(path.read_text())
    document["sha256"][file.name] = sha256(file.read_text())
    path.write_text(json.dumps(document))
    refused(run("sim", "net"), f"sha256.{file.name}")
    document["tools"]["sc-hw"] = "0.0.1"
    path.write_text(json.dumps(document))
    assert load_network(tmp_path / "net").edited == (file.name,)


def test_what_a_folder_does_not_list_is_refused(run, tmp_path):
    """As of a core: Verilog beside the listed files, a link where results go, power-up contents of another shape."""
    assert run("emit", "--network", "small.toml", "-o", "net")[0] == 0
    stray = tmp_path / "net" / "more" / "stray.v"
    stray.parent.mkdir()
    stray.write_text("module stray; endmodule\n")
    refused(run("files", "net"), "'more/stray.v' is Verilog that manifest.json does not list")
    shutil.rmtree(stray.parent)
    (tmp_path / "net" / "results").symlink_to(tmp_path)
    refused(run("files", "net"), "a symbolic link, where sc-hw writes and removes results")
    (tmp_path / "net" / "results").unlink()
    memory = tmp_path / "net" / "sc_core_synapses_0_synapses.v"
    before, other = memory.read_text(), (tmp_path / "net" / "sc_core_synapses_1_synapses.v").read_text()
    memory.write_text(before[: before.index("      localparam [")] + other[other.index("      localparam [") :])
    refused(run("files", "net"), "sc_core_synapses_0_synapses.v: contents of 5 words of 24 bits")
    memory.write_text(before)
    assert run("files", "net")[0] == 0


def test_a_bus_is_listed_and_leaves_the_chip_as_it_is(run, tmp_path):
    assert run("emit", "--network", "small.toml", "-o", "net")[0] == 0
    alone = {path.name: path.read_bytes() for path in (tmp_path / "net").iterdir()}
    status, out, _ = run("emit", "--network", "small.toml", "--bus", "apb", "-o", "net", "--force")
    assert status == 0
    assert out.rstrip().endswith("; 9 blocks, verilog; behind APB4 in bus/")
    assert alone == {path.name: path.read_bytes() for path in (tmp_path / "net").iterdir() if path.is_file()}
    assert run("files", "net")[0] == 0
    assert run("emit", "--network", "small.toml", "-o", "net", "--force")[0] == 0
    assert not (tmp_path / "net" / "bus").exists()


WITHOUT_HARDWARE = {
    "stepping": ('rule = "counting"\nthreshold_shift = 4', 'rule = "lif"', "stepping form"),
}


@pytest.mark.parametrize("case", WITHOUT_HARDWARE)
def test_a_network_without_hardware_is_one_line(run, tmp_path, case):
    old, new, part = WITHOUT_HARDWARE[case]
    (tmp_path / "other.toml").write_text(SMALL.replace(old, new))
    refused(run("emit", "--network", "other.toml", "-o", "net"), "--network other.toml", part)
    assert not (tmp_path / "net").exists()


def test_lanes_that_differ_are_one_line(run, tmp_path):
    more = SMALL + '[projection.skip]\nfrom = "input"\nto = "output"\nrule = "static"\nlanes = 1\n'
    (tmp_path / "other.toml").write_text(more)
    refused(run("emit", "--network", "other.toml", "-o", "net"), "[population.output]", "1 and 3 lanes")


def test_what_does_not_take_a_network_says_so(run, tmp_path):
    refused(run("emit", "--network", "small.toml", "-o", "net", "--generator", "vhdl"), "--generator 'vhdl'", "verilog, amaranth")
    assert run("emit", "--network", "small.toml", "-o", "net")[0] == 0
    refused(run("replay", "net"), "a network, which this verb does not take yet")
    refused(run("sim", "net", "--coverage"), "--coverage", "network")
    refused(run("sim", "net", "net"), "give the network alone")
    refused(run("synth", "net", "--module", "lane"), "--module lane", "network")
    manifest = json.loads((tmp_path / "net" / "manifest.json").read_text())
    shutil.rmtree(tmp_path / "net")
    assert manifest["order"] == ["input", "hidden", "output"]
