"""The corners of a campaign: every moment is visited by a short run, and faults that show nowhere else are found by it."""

import json
import re
from importlib import import_module

import pytest

from sc_hw.coverage.moment import Moment
from sc_hw.coverage.moments import moments
from sc_hw.errors import UserError
from sc_hw.rtl.emit import GENERATORS
from sc_hw.sim.simulate import simulate
from sc_hw.sim.simulator import Simulator
from sc_hw_sim.stimulus import SCENES

from ..daily import check, few
from .corner_faults import edited, faults_by_hand, offered_in_resets

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


@check("each is planted, and so has its place, in the run of all of them")
@pytest.mark.parametrize("generator", GENERATORS)
def test_every_fault_by_hand_has_its_place(make_core, make_layer, make_crossbar, tmp_path, generator):
    """In what is emitted today; else nobody sees until all of them are simulated."""
    for core in designs(make_core, make_layer, make_crossbar, generator):
        edited(core, faults_by_hand(core), tmp_path / f"{core.design.name}_faults")


@check("every fault by hand; selftest's own are planted, and every corner is visited, in every run")
@pytest.mark.parametrize("generator", GENERATORS)
def test_every_fault_by_hand_is_found(make_core, make_layer, make_crossbar, tmp_path, generator):
    """All designs in one simulator: fault K is on in all of them at once, each is judged by its own model."""
    cores = designs(make_core, make_layer, make_crossbar, generator)
    faults = [faults_by_hand(core) for core in cores]
    planted = [edited(core, own, tmp_path / f"{core.design.name}_faults") for core, own in zip(cores, faults, strict=True)]
    most = max(len(own) for own in faults)
    result = simulate(planted, steps=STEPS, seed=1, output=tmp_path / "sim", faults=range(most + 1))
    rows = [result.cores[start : start + len(cores)] for start in range(0, len(result.cores), len(cores))]
    wrong, seen = [], []
    for position, (core, own) in enumerate(zip(cores, faults, strict=True)):
        right = rows[0][position]
        assert right["mismatch"] is None, right["mismatch"]["text"]
        assert [name for name, hits in right["corners"].items() if not hits] == [], core.design.name
        for fault, row in zip(own, rows[1:], strict=False):
            mismatch = row[position]["mismatch"]
            if bool(mismatch) == bool(fault.hidden) and not fault.rare:
                wrong.append(f"{core.design.name}: {fault.name}")
            elif mismatch:
                seen.append((f"{core.design.name}: {fault.name}", mismatch["text"].splitlines()[0]))
    print(*(f"{name} -> {text}" for name, text in seen), sep="\n")
    assert not wrong, wrong
    assert len(seen) > 150


def test_what_is_on_offer_in_a_reset_is_neither_taken_nor_told(make_core, tmp_path):
    """A write that a host holds through a reset, and a wrong mark in its first clock: no other shows what is wrong then."""
    core = make_core("verilog", synapses=12)
    places = ("host_store", "event_unexpected_reg", "event_missing_reg")
    faults = [fault for fault in offered_in_resets(core) if fault.place in places]
    planted = edited(core, faults, tmp_path / "faults")
    right, *rows = simulate([planted], steps=1, seed=1, output=tmp_path / "sim", faults=range(1 + len(faults))).cores
    assert (right["mismatch"], len(rows)) == (None, 3)
    texts = [row["mismatch"]["text"] for row in rows]
    assert "a host write in the first clock after a reset: words written to lane 0 expected 2" in texts[0]
    assert all("tells of another event_last than the first wrong one" in text for text in texts[1:])


@check("selftest runs a design again after all faults in every run")
@pytest.mark.parametrize("chosen", few([slice(first, None, 3) for first in range(3)], 1, "a third is in every run"), ids=str)
def test_nothing_that_a_fault_leaves_behind_is_found_in_the_next_run(make_core, tmp_path, chosen):
    """Each breaks in the clock of a reset that the bench makes, or waits for one, and ends there."""
    core = make_core(synapses=20)
    places = ("host_store", "write_data_0", "write_back", "command_accept", "drained")
    faults = [fault for fault in faults_by_hand(core) if fault.place in places and not fault.hidden][chosen]
    planted = edited(core, faults, tmp_path / "faults")
    order = [number for fault in range(1, 1 + len(faults)) for number in (fault, 0)]
    result = simulate([planted], steps=1, seed=1, output=tmp_path / "sim", faults=order)
    assert any("reset" in row["mismatch"]["text"] for row in result.cores[::2] if row["mismatch"])
    assert [row["mismatch"] for row in result.cores[1::2]] == [None] * len(faults)


SHAPES = {
    "core": [
        (10, 1, False),
        (1, 1, False),
        (257, 4, False),
        (2, 2, False),
        (3, 1, False),
        (9, 1, False),
        (1, 1, True),
        (10, 1, True),
        (100, 9, True),
        (40, 1, True),
        (64, 64, True),
        (12, 2, True),
    ],
    "layer": [(1, 20, 1), (4, 1, 4), (1, 1, 1), (20, 1, 1)],
    "crossbar": [
        (1, 2, 1, {"addressed": True}),
        (3, 6, 1, {"trace_fraction_bits": 6, "eligibility_decay_shift": 9}),
        (12, 1, 1, {}),
        (5, 4, 4, {}),
        (1, 1, 1, {}),
        (2, 2, 1, {"trace_bits": 4}),
        (7, 6, 2, {"rule": "three_factor", "rounding": "floor"}),
    ],
}
EVERY = 12  # of the shapes of a kind, one of so many is in a simulator


@check("the cores, layers and crossbars that are simulated in every run must visit all corners, too")
@pytest.mark.parametrize("chosen", [slice(first, None, EVERY) for first in range(EVERY)], ids=str)
def test_a_short_run_visits_every_corner_of_every_shape(make_core, make_layer, make_crossbar, tmp_path, chosen):
    """What the next test plants is seen here: a moment that does not come counts 0."""
    rules = ("r_stdp", "stp", "three_factor")
    cores = [
        make_core(synapses=n, lanes=p, queued=queued, rule=rules[k % 3], name=f"c{k}")
        for k, (n, p, queued) in enumerate(SHAPES["core"][chosen])
    ]
    cores += [make_layer(neurons=n, postsynaptic=m, lanes=p, name=f"l{k}") for k, (n, m, p) in enumerate(SHAPES["layer"][chosen])]
    cores += [
        make_crossbar(pre=a, post=b, lanes=p, name=f"x{k}", **own) for k, (a, b, p, own) in enumerate(SHAPES["crossbar"][chosen])
    ]
    result = simulate(cores, steps=10, seed=2, output=tmp_path / "sim")
    for core, outcome in zip(cores, result.cores, strict=True):
        assert outcome["mismatch"] is None, f"{core.folder}: {outcome['mismatch']['text']}"
        assert [name for name, hits in outcome["corners"].items() if not hits] == [], core.folder
        names = {moment.name for moment in moments(core.design, 0)}
        assert {name.partition(", reset for")[0] for name in outcome["corners"]} >= names


@check("every corner is visited in every run")
def test_a_corner_that_did_not_come_is_told(make_core, sc_hw, monkeypatch):
    """Plant: a moment that never comes; the run passes and says what it missed."""
    core = make_core(synapses=4)
    status, out, err = sc_hw("sim", core.folder, "--steps", "5")
    assert (status, "not visited" in err) == (0, False), out + err
    assert re.search(r", \d+ corners, ", out)
    rooms = import_module("sc_hw.coverage.moments")
    marks = rooms.marks_moments
    never = Moment(name="what never comes", condition="1'b0", scene="idle")
    monkeypatch.setattr(rooms, "marks_moments", lambda design, index: [*marks(design, index), never])
    status, out, err = sc_hw("sim", core.folder, "--steps", "5")
    assert status == 0, out + err
    told = [line for line in err.splitlines() if "not visited" in line]
    assert told, err
    assert "what never comes" in " ".join(told), err
    corners = json.loads((core.folder / "results" / "sim.json").read_text())["cores"][0]["corners"]
    assert [name for name, count in corners.items() if not count] == [name for name in corners if "what never comes" in name]
    assert corners["a clear in the first clock after a reset"] > 0


def test_every_scene_is_known(make_core, make_layer, make_crossbar):
    for core in designs(make_core, make_layer, make_crossbar, "verilog"):
        assert {re.sub(r"^(short )?reset, ", "", moment.scene) for moment in moments(core.design, 0)} <= set(SCENES)


@pytest.mark.parametrize("name", ["sc_hw_bench", "sc_hw_source", "SC_HW_x", "std", "TOP", "randomize", "module"])
def test_names_of_the_bench_and_of_verilator_are_refused(make_core, name):
    with pytest.raises(UserError, match="--name"):
        make_core(synapses=1, name=name)


def test_two_cores_whose_modules_are_called_alike_are_refused_in_one_line(make_core, make_layer, tmp_path):
    one, lane = make_core(synapses=2, name="a"), make_core(synapses=2, name="a_lane")
    with pytest.raises(UserError, match=r"its module a_lane is another one than that of .*--name"):
        Simulator([one, lane], waves=False)
    layer, neurons = make_layer(name="x"), make_core(synapses=3, name="x_neurons")
    with pytest.raises(UserError, match=r"its module x_neurons.* is another one than that of .*--name"):
        Simulator([layer, neurons], waves=False)
    Simulator([one, make_core(synapses=2, name="a", folder=tmp_path / "again")], waves=False)  # the same module is no other one
