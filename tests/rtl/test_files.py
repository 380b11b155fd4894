"""The files of a folder: plain ones inside it, of a size that they can have, all listed, read without hanging."""

import json
import os
import shutil

import pytest

from sc_hw.errors import UserError
from sc_hw.manifest import load_core
from sc_hw.manifest.describe import manifest_text, sha256

FILES = ["manifest.json", "dut.v", "dut_lane.v", "filelist.f", "config.toml"]


def refused(sc_hw, folder, needle):
    status, out, err = sc_hw("sim", folder, "--steps", "1")
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert needle in err
    assert not (folder / "results").exists()


def fifo(path):
    os.mkfifo(path)


def folder(path):
    path.mkdir()


def device(path):
    path.symlink_to("/dev/zero")


def link_out(path):
    other = path.parent.parent / "elsewhere"
    other.write_text("")
    path.symlink_to(other)


def nothing(path):
    """Leave it away."""


def huge(path):
    with path.open("wb") as file:
        file.truncate(1 << 40)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    ("kind", "needle"),
    [
        (fifo, "not a regular file"),
        (folder, "not a regular file"),
        (device, "a symbolic link"),
        (link_out, "a symbolic link"),
        (nothing, "cannot be read"),
        (huge, "larger than"),
    ],
)
def test_what_is_no_plain_file_is_refused_without_hanging(make_core, sc_hw, name, kind, needle):
    core = make_core(synapses=4)
    (core.folder / name).unlink()
    kind(core.folder / name)
    refused(sc_hw, core.folder, f"{core.folder / name}: {needle}")


def test_a_link_to_the_folder_itself_is_the_users_choice(make_core, tmp_path):
    core = make_core(synapses=4)
    (tmp_path / "link").symlink_to(core.folder)
    assert load_core(tmp_path / "link").digest == core.digest


def test_parts_stay_inside(make_layer, sc_hw, tmp_path):
    layer = make_layer()
    shutil.move(layer.folder / "neurons", tmp_path / "outside")
    (layer.folder / "neurons").symlink_to(tmp_path / "outside")
    refused(sc_hw, layer.folder, "neurons: a symbolic link")
    (layer.folder / "neurons").unlink()
    os.mkfifo(layer.folder / "neurons")
    refused(sc_hw, layer.folder, "Not a directory")


@pytest.mark.parametrize(
    "place", ["results", "results/prove", "results/sim.json", "results/prove/run.json", "results/report.html"]
)
@pytest.mark.parametrize("verb", ["prove", "sim", "report", "replay", "accuracy"])
def test_no_link_in_the_results(make_core, sc_hw, tmp_path, place, verb):
    core = make_core(synapses=4)
    outside = tmp_path / "outside"
    (outside / "prove").mkdir(parents=True)
    (outside / "prove" / "mine").write_text("mine")
    link = core.folder / place
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(outside if not link.suffix else outside / "prove" / "mine")
    status, out, err = sc_hw(verb, core.folder)
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert f"{link}: a symbolic link" in err
    assert (outside / "prove" / "mine").read_text() == "mine"
    assert [path.name for path in sorted(outside.rglob("*"))] == ["prove", "mine"]


def test_no_link_in_the_results_of_a_part(make_layer, sc_hw, tmp_path):
    layer = make_layer()
    (layer.folder / "neurons" / "results").symlink_to(tmp_path)
    status, _, err = sc_hw("synth", layer.folder)
    assert status == 2
    assert "neurons/results: a symbolic link" in err


@pytest.mark.parametrize(
    "name",
    [
        "../x.v",
        "/x.v",
        "a/b.v",
        "x.v ; exec -- touch here",
        "x",
        ".v",
        "-x.v",
        "x.v\n",
        "x\x00.v",
        "é.v",
        "x.V",
        "$(x).v",
        "x y.v",
    ],
)
def test_no_other_name_of_a_file(make_core, sc_hw, name):
    core = make_core(synapses=4)
    path = core.folder / "manifest.json"
    document = json.loads(path.read_text())
    for verilog in ([*document["verilog"], name], document["verilog"]):
        path.write_text(manifest_text(document | {"verilog": verilog, "sha256": document["sha256"] | {name: sha256("")}}))
        refused(sc_hw, core.folder, str(path))


def test_a_plain_name_that_does_not_follow_from_the_design(make_core, sc_hw):
    core = make_core(synapses=4)
    path = core.folder / "manifest.json"
    document = json.loads(path.read_text())
    (core.folder / "more.v").write_text("")
    more = document | {"verilog": [*document["verilog"], "more.v"], "sha256": document["sha256"] | {"more.v": sha256("")}}
    path.write_text(manifest_text(more))
    refused(sc_hw, core.folder, "verilog[5] does not belong there")
    path.write_text(manifest_text(document))
    refused(sc_hw, core.folder, "'more.v' is Verilog that manifest.json does not list")
    (core.folder / "more.v").rename(core.folder / "more.SVH")
    refused(sc_hw, core.folder, "'more.SVH' is Verilog")
    (core.folder / "more.SVH").rename(core.folder / "notes.txt")
    assert load_core(core.folder).edited == ()
    path.write_text(manifest_text(document | {"modules": document["modules"] | {"datapath": "dut_lane"}}))
    with pytest.raises(UserError, match=r'modules\.datapath is "dut_lane", not "dut_datapath"'):
        load_core(core.folder)


def test_verilog_in_a_sub_folder_that_nothing_lists(make_core, sc_hw):
    core = make_core(synapses=4)
    for place in ("pre", "a/b"):
        path = core.folder / place / "more.v"
        path.parent.mkdir(parents=True)
        path.write_text("")
        refused(sc_hw, core.folder, f"'{place}/more.v' is Verilog that manifest.json does not list")
        shutil.rmtree(core.folder / place.partition("/")[0])
    for kind in ("bus", "vectors"):
        own = core.folder / kind
        (own / "rtl").mkdir(parents=True)
        (own / "rtl" / "more.v").write_text("")
        record = {"schema": f"sc-hw/{kind}/1", "sha256": {"rtl/more.v": sha256("")}}
        for document in ("{", "[]", json.dumps(record | {"sha256": {}}), json.dumps(record | {"schema": "lunch"})):
            (own / f"{kind}.json").write_text(document)
            said = f"{kind}/{kind}.json: no record of sc-hw, of whose files '{kind}/rtl/more.v' may be one"
            refused(sc_hw, core.folder, said)
        (own / f"{kind}.json").write_text(json.dumps(record))
        assert load_core(core.folder).edited == ()
    (core.folder / "results").mkdir()
    (core.folder / "results" / "more.v").write_text("")
    load_core(core.folder)
