"""The corners of a campaign: every moment is visited by a short run, and faults that show nowhere else are found by it."""

import re

import pytest

from sc_hw.rtl.emit import GENERATORS
from sc_hw.simulate import simulate

from .corner_faults import edited, faults_by_hand

STEPS = 200  # the default of ``sc-hw sim``


def designs(make_core, make_layer, make_crossbar, generator):
    """One lane, several that queue, a layer, and crossbars with spikes as bits and by number."""
    return [
        make_core(generator, synapses=20, name="one", rounding="stochastic"),
        make_core(generator, synapses=190, lanes=5, queued=True, name="many", rounding="stochastic"),
        make_layer(generator, neurons=6, postsynaptic=4, lanes=2, name="layer"),
        make_crossbar(generator, pre=7, post=8, lanes=2, name="bits", eligibility_gain_shift=3),
        make_crossbar(generator, pre=6, post=12, lanes=4, addressed=True, name="numbers"),
    ]


@pytest.fixture
def planted(make_core, make_layer, make_crossbar, tmp_path):
    """The designs, with their faults by hand in them."""

    def make(generator):
        cores = designs(make_core, make_layer, make_crossbar, generator)
        faults = [faults_by_hand(core) for core in cores]
        pairs = enumerate(zip(cores, faults, strict=True))
        return [edited(core, own, tmp_path / f"{core.design.name}_faults", k) for k, (core, own) in pairs], faults

    return make


@pytest.mark.parametrize("generator", GENERATORS)
def test_every_fault_by_hand_is_found(planted, tmp_path, generator, request):
    """All designs in one simulator: fault K is on in all of them at once, each is judged by its own model."""
    if generator == "amaranth" and not request.config.getoption("--parity-all"):
        pytest.skip("the other generator's are run by make corners")
    cores, faults = planted(generator)
    most = max(len(own) for own in faults)
    result = simulate(cores, steps=STEPS, seed=1, output=tmp_path / "sim", faults=range(most + 1))
    rows = [result.cores[start : start + len(cores)] for start in range(0, len(result.cores), len(cores))]
    survived, seen = [], []
    for position, (core, own) in enumerate(zip(cores, faults, strict=True)):
        right = rows[0][position]
        assert right["mismatch"] is None, right["mismatch"]["text"]
        assert [name for name, hits in right["corners"].items() if not hits] == [], core.design.name
        for fault, row in zip(own, rows[1:], strict=False):
            mismatch = row[position]["mismatch"]
            if bool(mismatch) == bool(fault.hidden):
                survived.append(f"{core.design.name}: {fault.name}")
            elif mismatch:
                seen.append((f"{core.design.name}: {fault.name}", mismatch["text"].splitlines()[0]))
    print(*(f"{name} -> {text}" for name, text in seen), sep="\n")
    assert len(seen) > 90
    assert not survived, survived
