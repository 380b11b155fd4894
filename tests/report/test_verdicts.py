"""A verdict is what the entries of its record come to: changed in any entry that bears it, no report says PASS."""

import json

import pytest

from sc_hw.errors import UserError
from sc_hw.records import head, write_results
from sc_hw.report.join import join

from .records import VERBS, good_records, put

MISMATCH = {"text": "weight expected 3, found 4"}
BOOM = {"obligation": "next_weight", "text": "boom"}
# By verb: a place, as keys separated by blanks, and what is put there; a function gets what is there.
CHANGES = {
    "sim": [
        ("cores 0 mismatch", MISMATCH),
        ("cores 0 timesteps", 0),
        ("cores 0 timesteps", 199),
        ("cores 0 synapse_steps", 0),
        ("cores 0 synapse_steps", 799),
        ("cores 0 state_values_compared", 0),
        ("cores 0 clocks", 0),
        ("cores", []),
        ("cores", lambda cores: cores * 2),
        ("cores 0 stimuli", {}),
        ("cores 0 stimuli", {"random": 199}),
        ("cores 0 stimuli", {"recorded": 200}),
        ("cores 0 stimuli", {"random": 200}),
        ("cores 0 corners", {}),
        ("cores 0 corners", lambda found: dict.fromkeys(found, 0)),
        ("cores 0 corners", lambda found: {name: hits for name, hits in found.items() if not name.startswith("idle, ")}),
        ("cores 0 corners", lambda found: found | {"idle, reset for 1 clock": 0}),
        ("cores 0 corners", lambda found: found | {"a corner of nothing": 1}),
        ("cores 0 host_values_compared", 0),
        ("cores 0 output_values_compared", lambda count: count - 1),
        ("cores 0 state_values_compared", lambda count: count - 20 * 800 + 100),
        ("cores 0 state_values_compared", 10**15),
        ("cores 0 output_values_compared", 4 * 10**15),
        ("cores 0 host_values_compared", 10**15),
        ("cores 0 resets", 0),
        ("cores 0 resets", lambda count: 9),
        ("cores 0 resets", 10**15),
        ("cores 0 clears", 0),
        ("seed", 2),
        ("cores 0", lambda run: run | {"timesteps": 50, "synapse_steps": 200, "stimuli": {"random": 50}}),
        ("cores 0", lambda run: run | {"timesteps": 0, "synapse_steps": 0, "stimuli": {}}),
    ],
    "prove": [
        ("rule", "stp"),
        ("generator", "amaranth"),
        ("config", {}),
        ("config learning_shift", 9),
        ("assumptions", []),
        ("assumptions", lambda all_: all_[1:]),
        ("tools", {"yosys": "1", "yices": "1", "sby": "1"}),
        ("tools yices", "2"),
        ("obligations", lambda all_: all_[::-1]),
        ("obligations", lambda all_: [o for o in all_ if o["name"] != "product_1"]),
        ("obligations", lambda all_: [o | {"name": "register_2"} if o["name"] == "register_1" else o for o in all_]),
        ("obligations", lambda all_: [o | {"name": "product_9"} if o["name"] == "register_1" else o for o in all_]),
        ("obligations", lambda all_: [o | {"statement": "c"} if o["name"] == "engine_sweep" else o for o in all_]),
        ("obligations", lambda all_: [o | {"statement": ""} if o["name"] == "hold" else o for o in all_]),
        *(
            (
                "obligations",
                lambda all_, name=name, note=note: [o | {"note": note} if o["name"] == name else o for o in all_],
            )
            for name, note in (
                ("campaign", "0 corners, 0 synapse-steps"),
                ("campaign", "1 corners, 800 synapse-steps"),
                ("campaign", ""),
                ("cover_clear", "not reached"),
                ("engine_sweep", "not decided"),
                ("ledger", "0 assumptions"),
            )
        ),
        (
            "obligations",
            lambda all_: [o | {"answers": [answer | {"version": "2"} for answer in o["answers"]]} for o in all_],
        ),
        (
            "obligations",
            lambda all_: [o | {"answers": [answer | {"version": ""} for answer in o["answers"]]} for o in all_],
        ),
        ("obligations", []),
        ("counterexample", BOOM),
        ("obligations", lambda all_: all_[-1:]),
        ("obligations", lambda all_: all_ * 2),
        ("obligations 4 verdict", "refuted"),
        ("obligations 4 verdict", "unknown"),
        ("obligations 4 verdict", "skipped"),
        ("obligations 4 verdict", "no cut"),
        ("obligations 4 verdict", "sure"),
        ("obligations 4 verdict", ""),
        ("obligations 4 name", "lunch"),
        ("obligations 4 answers", []),
        ("obligations 4 answers", lambda both: both[:1]),
        ("obligations 4 answers", lambda both: [both[0], both[0]]),
        ("obligations 4 answers 1 answer", "sat"),
        ("obligations 4 answers 0 answer", "timeout"),
        ("obligations 0 answers", []),
        ("obligations 0 answers 0 answer", "x"),
        ("obligations", lambda all_: [*all_, all_[4] | {"name": "lunch"}]),
    ],
    "selftest": [
        ("faults", []),
        ("faults 0 verdict", "fails"),
        ("faults 0 verdict", "caught"),
        ("faults 0 fault", "lunch"),
        ("steps", 0),
        ("instances", 0),
        ("instances", 23),
        ("faults", lambda all_: all_[1:]),
        ("faults", lambda all_: all_[:1]),
        ("faults", lambda all_: all_[:1] + all_[2:]),
        ("faults", lambda all_: all_[:-2]),
        ("faults 1 verdict", "missed"),
        ("faults 1 verdict", "missing"),
        ("faults 1 verdict", "sure"),
        ("faults 1 verdict", "not applicable"),
        ("faults 1 fault", "a"),
        ("faults 1 verdict", "invisible"),
        ("faults 0 evidence", "799 synapse-steps equal"),
        ("faults", lambda all_: all_[:-1]),
    ],
    "mutate": [
        ("mutants", []),
        ("count", 0),
        ("count", 199),
        ("mutants 0 proof", "unknown"),
        ("mutants 0 proof", "equivalent"),
        ("mutants 0 simulation", "survives"),
        ("mutants 0 difference", ""),
        ("mutants 0 gap", "a"),
        ("mutants 1 proof", "refuted"),
        ("mutants", lambda all_: all_[:1]),
        ("mutants", lambda all_: all_[:199]),
        ("mutants", lambda all_: all_[1:] + all_[:1]),
        ("mutants 2 rare", False),
        ("mutants 1 simulation", "killed"),
        ("tools", {"yices": "1"}),
        ("tools", {}),
    ],
    "coverage": [
        ("totals", []),
        ("functional", []),
        ("gaps", 1),
        ("unreached", []),
        ("unreached 0 verdict", "undecided"),
        ("totals 0 hit", 8),
        ("totals 0 hit", 11),
        ("totals 0 total", 11),
        ("totals 0 unreachable", 0),
        ("functional 0 hit", 1),
        ("unreached", lambda both: both[:1]),
        ("functional 0 unreachable", 2),
    ],
    "synth": [
        ("results", []),
        ("results 0 passed", False),
        ("results 0 module", "lane"),
        ("results 0 memory memory_bits", 1),
        ("results 0 memory expected_bits", 0),
        ("results 0 memory block_ram_bits", 0),
        ("results 0 memory lut_ram_cells", 3),
        ("results 0 memory left_to_registers", 1),
        ("results 0 memory placement", "registers"),
        ("results 0 memory", lambda m: m | {"memory_bits": 0, "expected_bits": 0, "due_bits": 0, "placement": "no memory"}),
    ],
    "pnr": [
        ("results", []),
        ("results 0 passed", False),
        ("results 0 runs", []),
        ("results 0 runs 2 error", "not routed"),
        ("results 0 runs", lambda runs: runs[:4]),
        ("results 0 mhz", {}),
        ("results 0 mhz median", 4.0),
        ("module", "lane"),
        ("results 0 runs 1 seed", 5),
        ("results 0 runs 4 mhz", 2.5),
    ],
    "accuracy": [
        ("seeds", []),
        ("seeds", [0, 0, 1]),
        ("seeds", [0]),
        ("variants", []),
        ("without_figures", ["a"]),
        ("variants 0 runs", []),
        ("variants 0 runs 1", {}),
        ("variants 0 median rms", 0.25),
        ("variants 0 runs", lambda runs: runs[:2]),
        ("variants 1", {"name": "b", "runs": [{}, {}, {}], "median": {}}),
    ],
    "replay": [
        ("expected", {}),
        ("found", {}),
        ("found next_weight", 4),
        ("expected out_weight", 2),
        ("expected", {"out_weight": 3}),
    ],
}


HEAD = [
    ("tools", {}),
    ("tools", lambda tools: tools | {next(iter(tools)): ""}),
    ("tools", lambda tools: {name: version for name, version in tools.items() if name != next(iter(tools))}),
    ("command", "rm -rf /"),
    ("command", "sc-hw"),
    ("command", "sc-hw report dut"),
    ("command", 'sc-hw sim "'),
    ("edited", ["dut.v"]),
    ("core", "lunch"),
]
ASKED = {
    "sim": ["--steps 1", "--steps=201", "--seed 2", "--stimulus a.npz"],
    "coverage": ["--seed 2"],
    "selftest": ["--steps 1", "--seed 2", "--instances 1"],
    "mutate": ["--count 1", "--seed 2", "--count=200 --count=1"],
    "pnr": ["--seeds 1"],
    "accuracy": ["--seeds 1"],
}


@pytest.mark.parametrize("verb", ASKED)
def test_a_command_that_asks_for_another_run(make_core, verb):
    core = make_core(synapses=4)
    good = good_records(core)[verb]
    for options in ASKED[verb]:
        said = report(core, verb, good | {"command": f"{good['command']} {options}"})
        assert "not what its entries say" in said, options
    seed = "" if verb in ("pnr", "accuracy") else " --seed 2 --seed=1"
    assert report(core, verb, good | {"command": good["command"] + seed}) == "pass"


def test_a_campaign_that_left_out_a_corner_is_no_whole_one(make_core):
    core = make_core(synapses=4)
    missed = put(good_records(core)["sim"], "cores 0 corners", lambda found: found | {"idle, reset for 1 clock": 0})
    assert report(core, "sim", missed | {"partial": "1 corner not visited"}) == "partial"


def report(core, verb, record):
    """Return what a report makes of a record: its verdict, or the line that refuses it."""
    write_results(core, record, None)
    try:
        return join(core, [verb]).verdict
    except UserError as error:
        return str(error)


@pytest.mark.parametrize("verb", VERBS)
def test_no_entry_that_bears_the_verdict_can_be_another(make_core, verb):
    core = make_core(synapses=4)
    good = good_records(core)[verb]
    path = core.folder / "results" / f"{verb}.json"
    assert report(core, verb, good) == "pass"
    changes = [
        *CHANGES[verb],
        *HEAD,
        ("command", good["command"].replace("sc-hw ", "sc-hw report ")),
        ("verdict", "fail"),
        ("verdict", "unknown"),
        ("verb", "lunch"),
    ]
    for place, value in changes:
        said = report(core, verb, put(good, place, value)) if place != "verb" else ""
        assert said.startswith(f"{path}: not ") or place == "verb", (place, value, said)
        assert said.isprintable()


def test_a_failed_record_is_taken_as_one(make_core):
    """It is no contradiction that a run which failed was a short one, or that of what is refuted the rest was not asked."""
    core = make_core(synapses=4)
    good = good_records(core)
    undecided = put(good["mutate"], "mutants 0 proof", "unknown")
    refuted = put(put(good["prove"], "obligations 4 verdict", "refuted"), "obligations", lambda all_: all_[:6])
    failed = {
        "sim": put(put(good["sim"], "cores 0 mismatch", MISMATCH), "cores 0 timesteps", 3),
        "prove": refuted,
        "selftest": put(good["selftest"], "faults 1 verdict", "missed"),
        "mutate": put(undecided, "mutants 0 gap", "the proof does not decide"),
    }
    for verb, record in failed.items():
        assert report(core, verb, record | {"verdict": "fail"}) == "fail", verb
        (core.folder / "results" / f"{verb}.json").unlink()


def test_a_proof_lacks_nothing(make_core):
    """Each obligation but lemmas is asked for by name: those of noise, queues and initial contents too."""
    for options in ({}, {"rounding": "stochastic", "lanes": 2}, {"queued": True}):
        core = make_core(synapses=4, name=f"dut{len(options)}{'q' * ('queued' in options)}", **options)
        good = good_records(core)["prove"]
        for k, obligation in enumerate(good["obligations"]):
            said = report(core, "prove", put(good, "obligations", lambda all_, k=k: all_[:k] + all_[k + 1 :]))
            assert (said == "pass") == obligation["name"].startswith("register_"), said
            assert said == "pass" or obligation["name"] in said
        part = put(good, "obligations", lambda all_: all_[:9])
        assert report(core, "prove", part | {"partial": "only datapath"}) == "partial"


def test_a_verb_that_leaves_no_records_is_named(make_core, sc_hw):
    core = make_core(synapses=4)
    good = good_records(core)["sim"]
    for verb in ("lunch", "report2", "estimate"):
        write_results(core, good | {"verb": verb}, None)
        status, out, err = sc_hw("report", core.folder)
        path = core.folder / "results" / f"{verb}.json"
        assert (status, out) == (2, "")
        assert f"{path}: of a verb that leaves no records; allowed are sim, prove, " in err
        path.unlink()


@pytest.mark.parametrize("verb", VERBS)
def test_an_entry_left_out_is_refused_or_shown(make_core, sc_hw, verb):
    """No default of the schema is one that the page does not know."""
    core = make_core(synapses=4)
    good = good_records(core)[verb]
    path = core.folder / "results" / f"{verb}.json"
    rows = {"prove": "obligations", "selftest": "faults", "mutate": "mutants", "coverage": "totals", "accuracy": "variants"}
    rows |= dict.fromkeys(("synth", "pnr"), "results") | {"sim": "cores"}
    documents = [{name: value for name, value in good.items() if name != left} for left in good]
    if verb in rows:
        documents += [
            put(good, f"{rows[verb]} 0", lambda row, left=left: {n: v for n, v in row.items() if n != left})
            for left in good[rows[verb]][0]
        ]
    path.parent.mkdir()
    for document in documents:
        path.write_text(json.dumps(head(core) | document))
        status, _, err = sc_hw("report", core.folder)
        assert status == 0 or (status == 2 and str(path) in err), (status, err)
