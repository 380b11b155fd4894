"""What each part of a layer or a crossbar must be follows from the whole; the part of another emission is refused."""

import json
import re
import shutil

import numpy as np
import pytest

from sc_hw.errors import UserError
from sc_hw.folder import write_folder
from sc_hw.manifest import load_core
from sc_hw.manifest.describe import manifest_text, sha256
from sc_hw.rtl.crossbar import CrossbarDesign
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.emit import core_files
from sc_hw.rtl.layer import LayerDesign
from sc_hw_models.registry import get_rule


def layer(*, post=3, front=(), **config):
    before, rule = get_rule("stp"), get_rule("three_factor")
    neurons = CoreDesign(name="dut_neurons", rule=before, config=before.config_type(**dict(front)), synapses=4)
    return LayerDesign(name="dut", rule=rule, config=rule.config_type(**config), synapses=4 * post, presynaptic=neurons)


def crossbar(*, lanes=2, initial=None, **config):
    rule = get_rule("r_stdp")
    return CrossbarDesign.made("dut", rule, rule.config_type(**config), pre=2, post=6, lanes=lanes, initial=initial)


LAYER, CROSSBAR, LOADED = layer(), crossbar(), crossbar(initial={"weight": np.arange(12)})
OTHER, MORE = crossbar(learning_shift=6), crossbar(initial={"weight": np.arange(12) + 1})
OTHERS = [
    (LAYER, "synapses", layer(learning_shift=6), "", "config.learning_shift is 6, not 8"),
    (LAYER, "neurons", layer(front={"u_se": 52}), "", "config.u_se is 52, not 51"),
    (LAYER, "synapses", layer(post=5), "", "synapses is 20, not 12"),
    (LAYER, "neurons", LAYER, "synapses", 'name is "dut_synapses", not "dut_neurons"'),
    (CROSSBAR, "synapses", OTHER, "", "config.learning_shift is 6, not 4"),
    (CROSSBAR, "pre", OTHER, "", "config.learning_shift is 6, not 4"),
    (CROSSBAR, "pre", CROSSBAR, "post", 'name is "dut_post", not "dut_pre"'),
    (CROSSBAR, "post", crossbar(lanes=3), "", "lanes is 3, not 2"),
    (CROSSBAR, "synapses", LOADED, "", "manifest.json is not the one"),
    (LOADED, "synapses", CROSSBAR, "", "manifest.json is not the one"),
    (LOADED, "synapses", MORE, "", "manifest.json is not the one"),
    (LOADED, "pre", CROSSBAR, "", "manifest.json is not the one"),
]
EMITTED: dict = {}


def files(design, generator="verilog"):
    """Return what is emitted for one of the designs above, emitted once."""
    key = id(design), generator
    if key not in EMITTED:
        EMITTED[key] = core_files(design, generator)
    return EMITTED[key]


def put(folder, place, design, generator="verilog", source=""):
    """Put a part of another emission, that in the same place or ``source``, where a folder's own part is."""
    shutil.rmtree(folder / place)
    (folder / place).mkdir()
    start = f"{source or place}/"
    for name, text in files(design, generator).items():
        if name.startswith(start):
            (folder / place / name.removeprefix(start)).write_text(text)


@pytest.fixture
def whole(tmp_path):
    """Write one of the designs above into a folder."""

    def write(design):
        write_folder(tmp_path / "whole", files(design))
        return tmp_path / "whole"

    return write


@pytest.mark.parametrize(("design", "place", "other", "source", "needle"), OTHERS)
def test_a_part_of_another_emission_is_refused(sc_hw, whole, design, place, other, source, needle):
    folder = whole(design)
    put(folder, place, other, source=source)
    for verb in ("prove", "sim", "selftest", "synth", "report") if design is LAYER else ("prove",):
        status, out, err = sc_hw(verb, folder)
        assert (status, out, len(err.splitlines())) == (2, "", 1)
        assert f"{folder / place}: a part of another emission: {needle}" in err
    put(folder, place, design)
    assert load_core(folder).edited == ()


@pytest.mark.parametrize("design", [LAYER, CROSSBAR])
def test_a_part_of_the_other_generator_is_refused(whole, design):
    folder = whole(design)
    put(folder, "synapses", design, "amaranth")
    with pytest.raises(UserError, match='synapses: a part of another emission: generator is "amaranth", not "verilog"'):
        load_core(folder)


def test_a_whole_that_lists_the_part_of_another_emission_is_refused(whole):
    """The digest in the whole's manifest was changed with the part; what the part must be follows from other entries."""
    folder = whole(LOADED)
    path = folder / "manifest.json"
    good = path.read_text()
    for place, other in (("pre", CROSSBAR), ("synapses", OTHER), ("synapses", CROSSBAR)):
        put(folder, place, other)
        document = json.loads(good)
        document["parts"][place] = sha256((folder / place / "manifest.json").read_text())
        path.write_text(manifest_text(document))
        with pytest.raises(UserError, match="a part of another emission"):
            load_core(folder)
        put(folder, place, LOADED)
        path.write_text(good)
    assert load_core(folder).edited == ()


@pytest.mark.parametrize(
    ("design", "other", "file"),
    [(LAYER, OTHERS[0][2], "synapses/dut_synapses_datapath.v"), (CROSSBAR, OTHER, "synapses/dut_synapses_whole_datapath.v")],
)
def test_stale_verilog_of_a_part_is_an_edit(whole, design, other, file):
    folder = whole(design)
    assert files(other)[file] != files(design)[file]
    (folder / file).write_text(files(other)[file])
    try:
        assert load_core(folder).edited == (file,)
    except UserError as error:  # one with other ports
        assert re.search(r"synapses/\w+\.v:\d+: dut\.synapses\.\S+: not allowed \(\d+ bits on a pin of \d+", str(error))  # noqa: PT017


@pytest.mark.parametrize(("design", "place"), [(LAYER, "pre"), (CROSSBAR, "neurons")])
def test_parts_of_another_kind_or_number_are_refused(whole, design, place):
    folder = whole(design)
    path = folder / "manifest.json"
    document = json.loads(path.read_text())
    path.write_text(json.dumps(document | {"parts": document["parts"] | {place: "0" * 64}}))
    with pytest.raises(UserError, match="not a manifest of this version"):
        load_core(folder)
    path.write_text(json.dumps(document | {"parts": dict(list(document["parts"].items())[1:])}))
    with pytest.raises(UserError, match="parts are"):
        load_core(folder)
    (folder / "synapses" / "manifest.json").write_text(json.dumps(document))  # a whole in the place of a part
    path.write_text(json.dumps(document))
    with pytest.raises(UserError, match=r"synapses/manifest\.json: schema"):
        load_core(folder)
