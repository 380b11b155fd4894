"""A folder is believed only where it says what follows: every entry of every manifest, changed in every way, is refused."""

import copy
import json
import random
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from sc_hw.cli import app
from sc_hw.errors import UserError
from sc_hw.manifest import load_core
from sc_hw.manifest.describe import manifest_text, sha256
from sc_hw.rtl.emit import GENERATORS, core_files
from sc_hw.rtl.names import verilog_names
from sc_hw.rtl.store import StoreDesign
from sc_hw.rtl.verilog import joined_files
from sc_hw_models.registry import RULES, get_rule

from ..daily import crossed, few

SEED = 20261128
KINDS = ("core", "initial", "layer", "crossbar")


@pytest.fixture
def folders(make_core, make_layer, make_crossbar):
    """One small folder of each kind, by name."""

    def make(kind: str, generator: str = "verilog"):
        match kind:
            case "core":
                return make_core(generator, synapses=5, lanes=2)
            case "initial":
                return make_core(generator, synapses=3, initial={"weight": np.arange(3)})
            case "layer":
                return make_layer(generator, neurons=4, postsynaptic=3)
        return make_crossbar(generator, pre=2, post=4, addressed=True, initial={"weight": np.arange(8)})

    return make


def leaves(document, place=()):
    """Yield the path of every value in a document that holds no other, and of every object and list."""
    if place:
        yield place
    if isinstance(document, dict | list):
        for key in document if isinstance(document, dict) else range(len(document)):
            yield from leaves(document[key], (*place, key))


def at(document, place):
    for key in place:
        document = document[key]
    return document


def changes(value, chosen):
    """Return another value for an entry: of wrong types, off by one, hostile, longer, shorter."""
    wrong = [
        None,
        True,
        False,
        1.0,
        -1,
        0,
        1,
        1 << 70,
        "",
        "0",
        "a\n",
        "../x",
        "a; touch here",
        [],
        {},
        [value],
        {"value": value},
    ]
    if isinstance(value, bool):
        wrong += [not value, int(value)]
    elif isinstance(value, int):
        wrong += [value + 1, value - 1, float(value), str(value), -value]
    elif isinstance(value, str):
        wrong += [value + "x", value + "\n", " " + value, value.upper(), value[:-1], value.encode().hex()]
    elif isinstance(value, list):
        wrong += [[*value, value[0]], value[1:], value[::-1]]
    elif isinstance(value, dict):
        wrong += [value | {"more": 1}, value | {"a; b": "c"}]
    wrong = [w for w in wrong if type(w) is not type(value) or w != value]
    return [chosen.choice(wrong)]


def changed(document, place, value):
    result = copy.deepcopy(document)
    at(result, place[:-1])[place[-1]] = value
    return result


def removed(document, place):
    result = copy.deepcopy(document)
    del at(result, place[:-1])[place[-1]]
    return result


def refused(folder, text, path):
    """A folder whose manifest at ``path`` is ``text`` is refused in one line, which main prints with status 2."""
    path.write_text(text)
    with pytest.raises(UserError) as error:
        load_core(folder)
    assert len(str(error.value).splitlines()) == 1, str(error.value)
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 1500


@pytest.mark.parametrize("kind", few(KINDS, ["core", "layer"], "more entries of the same schema"))
def test_every_entry_changed_is_refused(folders, kind):
    core = folders(kind)
    chosen = random.Random(f"{SEED} {kind}")
    print("seed", SEED)
    tried = 0
    for folder in (core.folder, *(part.folder for part in core.parts)):
        path = folder / "manifest.json"
        good = path.read_text()
        document = json.loads(good)
        # Of ports some; of a part, which is compared as a core is, some entries; of the folder itself, all.
        places = [p for p in leaves(document) if p[0] != "ports" or len(p) < 3 or chosen.random() < 0.3]
        for place in places if folder == core.folder else chosen.sample(places, 20):
            value = at(document, place)
            stated = place[0] == "tools" and isinstance(value, str)  # which versions wrote it: nothing follows from that
            verilog = place[0] == "sha256" and str(place[-1]).endswith(".v")
            for other in changes(value, chosen):
                if (stated or verilog) and isinstance(other, str) and folder == core.folder:
                    continue  # what is allowed of those is tested below
                refused(core.folder, json.dumps(changed(document, place, other)), path)
                tried += 1
            refused(core.folder, json.dumps(removed(document, place)), path)
        objects = [place for place in places if isinstance(at(document, place), dict)]
        for place in [(), *chosen.sample(objects, min(8, len(objects)))]:
            refused(core.folder, json.dumps(changed(document, (*place, "added"), 1)), path)
        path.write_text(good)
        assert load_core(core.folder).edited == ()
    assert tried > 70


@pytest.mark.parametrize("kind", ["core", "layer", "crossbar"])
@pytest.mark.parametrize("verb", ["sim", "prove", "selftest", "mutate", "synth", "pnr", "replay", "report", "accuracy"])
def test_every_verb_refuses_a_manifest_that_lies(folders, verb, kind):
    core = folders(kind)
    path = core.folder / "manifest.json"
    document = json.loads(path.read_text())
    document["ports"][2]["bits"] += 76
    path.write_text(json.dumps(document))
    before = sorted(core.folder.rglob("*"))
    result = CliRunner().invoke(app, [verb, str(core.folder)])
    assert isinstance(result.exception, UserError)  # which main turns into one line and status 2
    bits = document["ports"][2]["bits"]
    assert f"ports[2].bits is {bits}, not {bits - 76}" in str(result.exception)
    assert result.output == ""
    assert sorted(core.folder.rglob("*")) == before


def test_the_status_is_2_and_the_line_one(folders, sc_hw):
    core = folders("core")
    path = core.folder / "manifest.json"
    path.write_text(path.read_text().replace('"latency": 7', '"latency": 99'))
    status, out, err = sc_hw("sim", core.folder, "--steps", "2")
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert "latency is 99, not 7" in err


def test_a_wrong_digest_of_verilog_is_an_edit_and_a_version_is_taken_as_said(folders):
    core = folders("core")
    path = core.folder / "manifest.json"
    document = json.loads(path.read_text())
    document["sha256"]["dut_lane.v"] = "0" * 64
    document["tools"]["jinja2"] = "3.9.9"
    path.write_text(json.dumps(document))
    assert load_core(core.folder).edited == ("dut_lane.v",)
    for digest in ("0" * 63, "0" * 63 + "\n", "A" * 64, "0" * 65):
        refused(core.folder, json.dumps(document | {"sha256": document["sha256"] | {"dut_lane.v": digest}}), path)
    for number in ("1;2", "", "3.1\n"):
        refused(core.folder, json.dumps(document | {"tools": document["tools"] | {"jinja2": number}}), path)


@pytest.mark.parametrize("version", ["", "0.0.1"])
@pytest.mark.parametrize("kind", KINDS)
def test_an_edit_whose_digest_is_written_anew_is_an_edit_whatever_version_wrote_it(folders, kind, version):
    """Nobody could tell it from the manifest: the proof asks no more of what is not edited, and simulation mines no numbers."""
    core = folders(kind)
    place = next(iter(core.parts), core)
    name = place.manifest["verilog"][-1]
    file, path, whole = place.folder / name, place.folder / "manifest.json", core.folder / "manifest.json"
    file.write_text(file.read_text() + "// edited\n")
    document = json.loads(path.read_text())
    document["sha256"][name] = sha256(file.read_text())
    document["tools"]["sc-hw"] = version or document["tools"]["sc-hw"]
    path.write_text(manifest_text(document))
    if place is not core:
        around = json.loads(whole.read_text())
        around["parts"][place.folder.name] = sha256(path.read_text())
        whole.write_text(manifest_text(around))
    assert load_core(core.folder).edited == (name if place is core else f"{place.folder.name}/{name}",)


@pytest.mark.parametrize(
    ("text", "needle"),
    [
        ('{"schema": "sc-hw/layer/1"}', "of an older sc-hw"),
        ('{"schema": "sc-hw/manifest/3", "schema": "sc-hw/manifest/3"}', "key 'schema' stands twice"),
        ('{"schema": NaN}', "NaN is no number"),
        ('{"schema": -Infinity}', "-Infinity is no number"),
        ('{"schema": 1e999}', "no finite number"),
        ('{"schema": "\\ud800"}', "not valid JSON"),
        ("[" * 200_000, "nested too deeply"),
        ('{"schema":' * 100_000, "nested too deeply"),
        ("9" * 5000, "not valid JSON"),
        (" " * ((1 << 20) + 1), "larger than"),
        ("[1]", "schema null"),
        ('{"schema": ["sc-hw/manifest/3"]}', "schema ["),
        ("\ufeff{}", "not valid JSON"),
    ],
)
def test_json_that_two_readers_would_read_differently(folders, text, needle):
    core = folders("core")
    path = core.folder / "manifest.json"
    path.write_text(text)
    with pytest.raises(UserError) as error:
        load_core(core.folder)
    assert needle in str(error.value)
    assert str(error.value).isprintable()
    path.write_bytes(b'{"schema": "\xff"}')
    with pytest.raises(UserError, match="no text in UTF-8"):
        load_core(core.folder)


def test_the_initial_state_is_what_was_emitted(folders):
    core = folders("initial")
    csv, path = core.folder / "initial_state.csv", core.folder / "manifest.json"
    good, document = csv.read_text(), json.loads(path.read_text())
    assert good == "weight\n0\n1\n2\n"
    for text, needle in [
        ("weight\n0\n1\n3\n", "only Verilog may be edited"),
        ("weight\n0\n1\n", r"shape \(2,\)"),
        ("weight\n0\n1\n2\n3\n", r"shape \(4,\)"),
        ("weight\n0\n1\n65536\n", "allowed are"),
        ("weight\n0\n1\n99999999999999999999\n", "not the initial state"),
        ("weight,weight\n0,0\n1,1\n2,2\n", "stands there twice"),
        ("nothing\n0\n1\n2\n", "no state field"),
        ("weight\n0\n1\n+2\n", "not written as sc-hw writes it"),
        ("weight\n0\n1\n2", "not written as sc-hw writes it"),
        ("weight\n0\n1\nx\n", "not the initial state"),
        ("weight\n0\n1\n" + "2" * 200_000, "larger than"),
        ("", "no header"),
    ]:
        csv.write_text(text)
        for digest in (document["sha256"]["initial_state.csv"], sha256(text)):  # also when the digest was changed with it
            path.write_text(manifest_text(document | {"sha256": document["sha256"] | {"initial_state.csv": digest}}))
            if text == "weight\n0\n1\n3\n" and digest == sha256(text):
                assert load_core(core.folder).design.initial["weight"].tolist() == [0, 1, 3]  # and the Verilog has another
                continue
            with pytest.raises(UserError, match=needle):
                load_core(core.folder)
    csv.unlink()
    with pytest.raises(UserError, match=r"initial_state\.csv: cannot be read"):
        load_core(core.folder)


@pytest.mark.parametrize("name", ["config.toml", "filelist.f"])
def test_what_describes_the_core_for_others_is_not_edited(folders, name):
    core = folders("core")
    path = core.folder / name
    text = path.read_text()
    path.write_text(text.replace("dut", "dot") if name == "filelist.f" else text.replace("= 8", "= 7"))
    assert path.read_text() != text
    with pytest.raises(UserError, match="only Verilog may be edited"):
        load_core(core.folder)
    document = json.loads((core.folder / "manifest.json").read_text())
    document["sha256"][name] = sha256(path.read_bytes())
    (core.folder / "manifest.json").write_text(json.dumps(document))
    with pytest.raises(UserError, match=f"sha256.{name}"):
        load_core(core.folder)


def test_rows_that_do_not_divide_the_words_are_refused(make_core):
    core = make_core(synapses=8)
    path = core.folder / "manifest.json"
    for rows in (3, 4, 8):  # no core has rows but that of a crossbar's synapses
        design = replace(core.design, row_words=rows)
        path.write_text(
            manifest_text(
                {
                    **json.loads(path.read_text()),
                    "row_words": rows,
                    "ports": [
                        {key: getattr(port, key) for key in ("name", "direction", "bits", "signed", "meaning")}
                        for port in design.ports()
                    ],
                }
            )
        )
        with pytest.raises(UserError, match="row_words"):
            load_core(core.folder)


@pytest.mark.parametrize(("rule", "generator"), crossed(RULES, GENERATORS, "the other generator's files"))
def test_names_of_files_are_known_beforehand_and_loading_gives_the_same_design(make_core, rule, generator):
    """Its Verilog is allowed, its names are those worked out, and what is read is what was emitted."""
    for index, preset in enumerate(list(get_rule(rule).presets.values())[:3]):
        core = make_core(generator, rule=rule, synapses=7, lanes=1 + index % 3, name=f"p{index}", **vars(preset.config))
        assert core.manifest["verilog"] == verilog_names(core.design, generator)
        assert core_files(core.design, generator) == {path.name: path.read_text() for path in core.folder.iterdir()}


def test_a_block_without_a_memory_has_no_file_of_one(make_layer, monkeypatch):
    design = make_layer().design
    (store,) = (node.block for node in design.graph.nodes.values() if isinstance(node.block, StoreDesign))
    memory = f"{store.name}_memory.v"
    assert memory in verilog_names(design, "verilog")
    assert memory in joined_files(design)
    monkeypatch.setattr(StoreDesign, "kept", "")
    assert memory not in verilog_names(design, "verilog")
    assert memory not in joined_files(design)
    assert set(joined_files(design)) == set(verilog_names(design, "verilog"))
