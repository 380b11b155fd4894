"""Every fault that a test of a proof plants has its place in the text that is emitted today.

Most of these tests wait for ``make check``, each with a solver's minute; a text that a generator says otherwise since would
be seen by none of them in every run.
"""

import re

import pytest

from sc_hw.rtl.emit import GENERATORS

from . import test_crossbar, test_engine, test_lane, test_layer, test_prove, test_queue


def places(core, pattern):
    return sum(len(re.findall(pattern, path.read_text())) for path in core.sources)


@pytest.mark.parametrize("generator", GENERATORS)
def test_faults_of_engines_and_queues(make_core, generator):
    shapes = {shape: [] for *_, shape in test_engine.FAULTS.values()}
    for name, (verilog, amaranth, _, shape) in test_engine.FAULTS.items():
        shapes[shape].append((name, verilog if generator == "verilog" else amaranth or verilog))
    for (synapses, lanes), faults in shapes.items():
        config = test_engine.STOCHASTIC if lanes > 1 else test_engine.SMALL
        core = make_core(generator, synapses=synapses, lanes=lanes, **config)
        assert [name for name, (pattern, _) in faults if not places(core, pattern)] == []
    core = make_core(generator, synapses=3, queued=True, **test_queue.SMALL)
    faults = {name: (v if generator == "verilog" else a or v)[0] for name, (v, a, _) in test_queue.FAULTS.items()}
    assert [name for name, pattern in faults.items() if not places(core, pattern)] == []


@pytest.mark.parametrize("generator", GENERATORS)
def test_faults_of_lanes(make_core, generator):
    core = make_core(generator, synapses=5, lanes=2, **test_lane.SMALL)
    texts = {path.stem.removeprefix("dut").lstrip("_"): path.read_text() for path in core.sources}
    faults = test_lane.FAULTS.items()
    assert [name for name, (module, pattern, *_) in faults if not re.search(pattern, texts[module])] == []


def test_faults_of_a_datapath(make_core):
    texts = {path.stem.removeprefix("dut").lstrip("_"): path.read_text() for path in make_core().sources}
    assert [name for name, (module, old, *_) in test_prove.FAULTS.items() if old not in texts[module]] == []


def test_faults_of_layers_and_crossbars(make_layer, make_crossbar):
    layer = make_layer(neurons=2, postsynaptic=3)
    own = [path for path in layer.sources if path.name in ("dut.v", "dut_fanout.v")]
    texts = [path.read_text() for path in own]
    assert [n for n, (pattern, *_) in test_layer.FAULTS.items() if sum(len(re.findall(pattern, t)) for t in texts) != 1] == []
    for addressed in (False, True):
        crossbar = make_crossbar(pre=2, post=2, lanes=1, addressed=addressed)
        texts = [path.read_text() for path in crossbar.folder.glob("dut*.v")]
        faults = [
            (name, pattern)
            for name, (pattern, _, s) in test_crossbar.FAULTS.items()
            if addressed == (s == "addresses" or "decoder" in pattern)
        ]
        assert [name for name, pattern in faults if sum(len(re.findall(pattern, t)) for t in texts) != 1] == []
