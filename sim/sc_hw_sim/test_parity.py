"""The cocotb side of ``sc-hw sim``: runs every core of a plan and writes what was compared."""

import ctypes
import hashlib
import io
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import cocotb
import numpy as np
from cocotb.triggers import Timer

from sc_hw_models.checked import check_function
from sc_hw_models.registry import get_rule
from sc_hw_models.rule import Rule, StepError, timed
from sc_hw_models.rule_file import rule_file

from .bench import CoreBench
from .demonstration import MOST_WORDS, DemonstrationBench
from .scoreboard import MismatchError
from .streams import CLOCK_PERIOD
from .topologies import TOPOLOGIES

if TYPE_CHECKING:
    from .cover import FunctionalCoverage

Bench = TypeVar("Bench", bound=CoreBench)
PLAN = "SC_HW_PLAN"
PROGRESS = "SC_HW_PROGRESS"
FAULTS = "SC_HW_FAULTS"


def _count(bench: CoreBench, index: int) -> "list[FunctionalCoverage]":
    """Let the bench of every core inside count its bins; neurons without state have no core."""
    from .cover import FunctionalCoverage  # needs a package that only coverage needs

    counted = [part for part in bench.parts if part.spec.state]
    for number, part in enumerate(counted):
        part.coverage = FunctionalCoverage(f"core_{index}_{number}", part.model.rule, part.model.config)
    return [part.coverage for part in counted if part.coverage]


def _changed(bench: CoreBench, seed: int) -> dict[str, Any] | None:
    """Return the mismatch of a bench whose models' steps are no functions."""
    try:
        for part in bench.parts:
            check_function(part.model.rule.step, part.model.config, seed)
    except StepError as error:
        mismatch: dict[str, Any] = bench.record(MismatchError.of_model(error, label=bench.board.label))["mismatch"]
        return mismatch
    return None


@cocotb.test()
async def parity(dut: Any) -> None:
    """Every state bit and output of every core of the plan equals its golden model."""
    asked = Path(os.environ[PLAN]).read_bytes()
    plan = json.loads(asked)
    await Timer(1, unit="step")  # the streams open in initial blocks, which run at the first evaluation
    counting = plan["coverage"]
    if counting:
        await Timer(counting["settle"] * CLOCK_PERIOD, unit="step")  # in reset
        ctypes.CDLL(None).sc_hw_coverage_start()

    def build(kind: type[Bench], index: int, entry: dict[str, Any], **options: Any) -> tuple[Rule, Bench]:
        source = rule_file(entry["rule"].partition(".")[0])
        if (source.sha256 if source else "") != entry["rule_sha256"]:
            raise ValueError(f"{source.path if source else entry['rule']}: is not the rule's file that was to be simulated")
        latency, neuron_latency = entry["clocks"]
        rule = timed(get_rule(entry["rule"], entry["runtime"]), lambda _config: (latency, neuron_latency))
        initial = {name: np.array(values, dtype=np.int64) for name, values in entry["initial"].items()}
        return rule, kind(
            dut,
            index,
            rule,
            rule.config_type(**entry["config"]),
            synapses=entry["synapses"],
            lanes=entry["lanes"],
            steps=entry["steps"],
            seed=plan["seed"],
            initial=initial or None,
            row_words=entry["row_words"],
            marked=entry["marked"],
            **options,
        )

    def bench_of(index: int, entry: dict[str, Any]) -> tuple[Rule, CoreBench]:
        topology = TOPOLOGIES[entry["kind"]]
        neurons = [build(topology.neurons, index, own, **topology.options(entry, own))[1] for own in entry["neurons"]]
        return build(topology.bench, index, entry, **({"neurons": neurons} if neurons else {}))

    done = 0

    def progress(synapse_steps: int) -> None:
        nonlocal done
        done += synapse_steps
        print(f"{PROGRESS} {done}", file=sys.stdout, flush=True)

    stimulus = {}
    if plan["stimulus"]:
        content = Path(plan["stimulus"]["file"]).read_bytes()
        if hashlib.sha256(content).hexdigest() != plan["stimulus"]["sha256"]:
            raise ValueError(f"{plan['stimulus']['file']}: is not what was to be played")
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            stimulus = dict(archive)

    async def run(bench: CoreBench) -> dict[str, Any]:
        try:
            await (bench.replay(stimulus, progress) if stimulus else bench.run(progress))
        except MismatchError as error:
            return bench.record(error)
        except StepError as error:
            return bench.record(MismatchError.of_model(error, done=bench.done, label=bench.board.label))
        return bench.record(None)

    started, cpu_started = time.perf_counter(), time.process_time()
    records: list[dict[str, Any]] = []
    played: list[int] = []
    for fault in plan["faults"]:
        dut.fault.value = fault
        built = [bench_of(index, entry) for index, entry in enumerate(plan["cores"])]
        benches = [core_bench for _, core_bench in built]
        functional = [_count(core_bench, index) if counting else [] for index, core_bench in enumerate(benches)]
        for index, core_bench in enumerate(benches):
            core_bench.moments = plan["cores"][index]["moments"]
            core_bench.mined = plan["cores"][index]["mined"]
        tasks = [cocotb.start_soon(run(bench)) for bench in benches]
        records += [await task for task in tasks]
        played.append(fault)
        if fault == plan["faults"][-1]:  # what all this was compared with is still what it was at first
            for record, (_, core_bench) in zip(records[-len(built) :], built, strict=True):
                record["mismatch"] = record["mismatch"] or _changed(core_bench, plan["seed"])
        print(f"{FAULTS} {len(records)}", file=sys.stdout, flush=True)
    if stimulus:
        np.savez(Path(plan["outcome"]).with_name("final_state.npz"), allow_pickle=False, **benches[0].model.state)
    if counting:
        ctypes.CDLL(None).sc_hw_coverage_write(counting["file"].encode())
    seconds = {"seconds": time.perf_counter() - started, "cpu_seconds": time.process_time() - cpu_started}
    demonstrations: list[dict[str, Any] | None] = []
    for index, record in enumerate(records if plan["demonstrate"] else ()):
        entry = plan["cores"][index]
        if entry["neurons"]:  # each of its cores shows its own
            demonstrations.append(None)
            continue
        rule, bench = build(DemonstrationBench, index, entry)
        if rule.demonstration and bench.words <= MOST_WORDS:
            # A core that differs is watched where it did.
            shown, error = await bench.play(
                rule.demonstration(bench.model.config), (record["mismatch"] or {}).get("synapse") or 0
            )
            demonstrations.append(shown)
            record["mismatch"] = record["mismatch"] or bench.record(error)["mismatch"]
        else:
            demonstrations.append(None)
    outcome = {
        **seconds,
        "plan_sha256": hashlib.sha256(asked).hexdigest(),
        "faults": played,
        "cores": records,
        "demonstrations": demonstrations,
        "functional": [[own.record() for own in counted] for counted in functional],
    }
    Path(plan["outcome"]).write_text(json.dumps(outcome), encoding="utf-8")
    if any(plan["faults"]):
        return  # whoever planted faults judges
    failed = [r["mismatch"]["text"] for r in records if r["mismatch"]]
    compared = sum(r["state_values_compared"] for r in records)
    if failed:
        raise AssertionError(f"seed {plan['seed']}: {len(failed)} of {len(records)} cores differ from their model: {failed[0]}")
    if not compared:
        raise AssertionError("nothing was compared")
