"""Records of whole, good runs of every verb on a core, as the verbs write them; made up, but for what follows from the core."""

import copy
import dataclasses

from sc_hw.proof.datapath import products_of
from sc_hw.proof.expected import agreed, asked_of, statements_of
from sc_hw.proof.ledger import check_ledger, ledger_record
from sc_hw.proof.question import model_terms
from sc_hw.proof.result import Obligation
from sc_hw.selftest.run import enough_timesteps, faults_of, without_fault
from sc_hw.sim.campaign import corners_of
from sc_hw.synth.result import MemoryProof
from sc_hw_sim.stimulus import schedule

VERBS = ("sim", "prove", "selftest", "mutate", "coverage", "synth", "pnr", "accuracy", "replay")


def good_records(core):
    """Return a record by verb, as ``write_results`` takes it."""
    records = {
        "sim": _sim(core),
        "prove": _prove(core),
        "selftest": _selftest(core),
        "mutate": MUTATE,
        "coverage": COVERAGE,
        "synth": _synth(core),
        "pnr": PNR,
        "accuracy": ACCURACY,
        "replay": REPLAY,
    }
    common = {"verdict": "pass", "seconds": 1.0}
    return {verb: {"verb": verb, **common, **ran(verb), **records[verb]} for verb in VERBS}


def ran(verb, *options):
    """Return what a record says of the command that made it, and of the tools."""
    simulation = ["verilator", "cocotb", "cocotb-test", "compiler"]
    tools = {"prove": ["yosys", "yices", "bitwuzla", "sby"], "mutate": ["yosys", "yices", "bitwuzla", *simulation]}
    tools |= {"synth": ["yosys"], "pnr": ["yosys", "nextpnr"], "accuracy": ["numpy"], "replay": simulation[:2] + simulation[3:]}
    name = "sim --coverage" if verb == "coverage" else verb
    return {"command": " ".join(["sc-hw", name, "dut", *options]), "tools": dict.fromkeys(tools.get(verb, simulation), "1")}


def put(record, place, value):
    """Return the record with another entry in a place."""
    changed = copy.deepcopy(record)
    *path, last = [int(key) if key.isdecimal() else key for key in place.split()]
    inside = changed
    for key in path:
        inside = inside[key]
    inside[last] = value(inside[last]) if callable(value) else value
    return changed


def _sim(core):
    steps = 200 * core.design.synapses
    run = {
        "mismatch": None,
        "synapse_steps": steps,
        "timesteps": 200,
        "state_values_compared": 20 * steps,
        "output_values_compared": 20 * steps,
        "host_values_compared": 99 * core.design.synapses,
        "resets": len(corners_of(core.design)),
        "clears": 5,
        "clocks": 40 * steps,
        "stimuli": {},
        "corners": dict.fromkeys(corners_of(core.design), 1),
    }
    for kind, count in schedule(core.design.rule.motifs, [one.design.synapses for one in core.parts or [core]], 200):
        run["stimuli"][kind.name] = run["stimuli"].get(kind.name, 0) + count
    return {"cores": [run], "seed": 1}


def _answers(name):
    """Return answers that make an obligation of that name hold."""
    for tool, word in (("yosys", "read"), ("yices", "sat"), ("verilator", "ran")):
        answers = [{"solver": tool, "version": "1", "answer": word, "seconds": 0.5}]
        if agreed(Obligation(name=name, statement="", verdict="proven", answers=answers)) is None:
            return answers
    return [{"solver": name, "version": "1", "answer": "unsat", "seconds": 0.5} for name in ("yices", "bitwuzla")]


def _prove(core):
    design = core.design
    names, texts = [*asked_of(design).elements(), "register_1"], statements_of(design)
    known = {"campaign": f"{len(corners_of(design))} corners, {200 * design.synapses:,} synapse-steps"}
    obligations = [
        Obligation(
            name=name,
            statement=texts.get(name, "b"),
            verdict="proven",
            answers=_answers(name),
            note=known.get(name, "reached in clock 9" if name.startswith("cover_") else ""),
        )
        for name in names
    ]
    obligations += [
        Obligation(name=f"product_{k + 1}", statement="b", verdict="no cut", answers=[], note="c")
        for k in range(len(products_of(model_terms(design.rule, design.config))))
    ]
    obligations += [check_ledger(core.design, obligations, covers=True)]
    about = {"rule": design.rule.name, "generator": core.manifest["generator"], "config": dataclasses.asdict(design.config)}
    about["assumptions"] = ledger_record(design)
    return {**about, "obligations": [vars(o) for o in obligations], "counterexample": None}


def _selftest(core):
    steps, faults = enough_timesteps(core), [("(none)", "passes")]
    faults += [(fault.name, "caught" if fault.cuts else "not applicable") for fault in faults_of(core)]
    faults += [(f"pin {pin} of lane_0 is open", "invisible" if pin else "caught") for pin in range(24)]
    listed = [{"fault": name, "description": "b", "verdict": verdict, "evidence": "c"} for name, verdict in faults]
    listed[0]["evidence"] = without_fault(steps * core.design.synapses)
    return {"steps": steps, "seed": 1, "instances": 24, "faults": listed}


def _mutant(number, **changes):
    return {
        "number": number,
        "text": "a",
        "simulation": "killed",
        "difference": "b",
        "proof": "refuted",
        "rare": False,
        "evidence": "c",
        "gap": "",
    } | changes


MUTATE = {
    "count": 200,
    "seed": 1,
    "mutants": [
        _mutant(1),
        _mutant(2, simulation="survives", difference="", proof="equivalent"),
        _mutant(3, simulation="survives", difference="", rare=True),
        *(_mutant(number) for number in range(4, 201)),
    ],
}
_ROW = {"core": "dut", "module": "core", "kind": "line", "total": 10, "hit": 9, "unreachable": 1}
COVERAGE = {
    "seed": 1,
    "gaps": 0,
    "cores": [{"core": "dut", "generator": "verilog"}],
    "totals": [_ROW, _ROW | {"hit": 10, "unreachable": 0}],
    "functional": [{"name": "state", "total": 3, "hit": 2, "unreachable": 1, "missing": ["a"]}],
    "unreached": [{"place": name, "verdict": "unreachable (proven)", "reason": "b"} for name in ("x", "y")],
}


def _synth(core):
    bits = sum(core.design.memories)
    memory = MemoryProof(
        memory_bits=bits,
        expected_bits=bits,
        synapse_bits=bits,
        register_bits=0,
        block_ram_bits=1 << 20,
        lut_ram_cells=0,
        left_to_registers=0,
        due_bits=bits,
    )
    counts = {"lut": 1, "ff": 2, "block_ram": 0.5, "large_ram": 0, "dsp": 0}
    return {
        "results": [
            {
                "target": "a",
                "part": "b",
                "module": "core",
                "passed": True,
                "fits": True,
                "memory": memory.to_dict(),
                "resources": counts,
                "capacity": {"lut": 10, "ff": 10, "block_ram": 3, "dsp": 0},
            }
        ]
    }


PNR = {
    "module": "core",
    "results": [
        {
            "target": "a",
            "part": "b",
            "top": "dut",
            "passed": True,
            "mhz": {"minimum": 1.0, "median": 3.0, "maximum": 5.0},
            "used": {"lut": {"cell": "LUT4", "used": 1, "available": 2}},
            "untimed": "",
            "runs": [{"seed": seed, "error": "", "mhz": float(seed)} for seed in (5, 4, 3, 2, 1)],
            "path": {"text": "a", "logic_ns": 1.0, "routing_ns": 2.0, "levels": 3},
        }
    ],
}
ACCURACY = {
    "seeds": [0, 1, 2],
    "without_figures": [],
    "variants": [
        {"name": name, "config": {}, "runs": [{"rms": 0.5}, {"rms": 0.25}, {"rms": 1.0}], "median": {"rms": 0.5}} for name in "ab"
    ],
}
REPLAY = {
    "obligation": "next_weight",
    "expected": {"next_weight": 3, "out_weight": 3},
    "as_proven": True,
    "found": {"next_weight": 3, "out_weight": 3},
}
