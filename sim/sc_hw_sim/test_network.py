"""The cocotb side of ``sc-hw sim`` on a network: runs what a plan asks for and writes what was compared."""

import base64
import hashlib
import io
import json
import os
import sys
import time
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import Timer

from sc_hw_models.networks import read_network

from .network import NetworkBench, NetworkMismatchError
from .network_campaign import Campaign

PLAN = "SC_HW_PLAN"
PROGRESS = "SC_HW_PROGRESS"
BATCH = 50


@cocotb.test()
async def network(dut: Any) -> None:
    """Every state of every block equals the golden model's after every sample, with each planted fault or without any."""
    asked = Path(os.environ[PLAN]).read_bytes()
    plan = json.loads(asked)
    await Timer(1, unit="step")  # the streams open in initial blocks, which run at the first evaluation
    weights = None
    if plan["weights"]:
        with np.load(io.BytesIO(base64.b64decode(plan["weights"])), allow_pickle=False) as archive:
            weights = dict(archive)
    spec, done = read_network(tomllib.loads(plan["network"]), weights), 0
    data = {}
    if plan["data"]:
        content = Path(plan["data"]["file"]).read_bytes()
        if hashlib.sha256(content).hexdigest() != plan["data"]["sha256"]:
            raise ValueError(f"{plan['data']['file']}: is not what was to be learned")
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            data = dict(archive)

    def progress(samples: int) -> None:
        nonlocal done
        done += samples
        print(f"{PROGRESS} {done}", file=sys.stdout, flush=True)

    async def learn(bench: NetworkBench) -> None:
        await bench.reset()
        await bench.check_all("after power-up")
        count, ends = len(data["labels"]), data.get("ends", np.empty(0, dtype=np.int64)).tolist()
        for first, last in pairwise(sorted({*range(0, count, BATCH), *ends, count})):
            part = slice(first, last)
            if first in ends:
                await bench.consolidate()
            for slower in np.unique(data["slower"][part]):
                chosen = np.flatnonzero(data["slower"][part] == slower) + first
                await bench.learn(data["pixels"][chosen], data["labels"][chosen], int(slower))
                progress(len(chosen))
        await bench.check_all("at the end")

    started, records = time.perf_counter(), list[dict[str, Any]]()
    for turn, fault in enumerate(plan["faults"]):
        dut.fault.value = 0
        bench, text = Campaign(dut, spec, plan["monitors"], plan["seed"]), None
        if turn:
            await bench.restore()  # what a fault left must not decide about the next
        dut.fault.value = fault
        for name in plan["projections"]:
            getattr(dut, f"work_{name}").value = 0
            getattr(dut, f"pass_{name}").value = 0
        try:
            await (learn(bench) if data else bench.run(plan["samples"], plan["mined"], progress))
        except NetworkMismatchError as error:
            text = error.text
        except Exception as error:
            if not fault:
                raise
            text = f"{type(error).__name__}: {error}"
        records.append(bench.record(plan["projections"]) | {"fault": fault, "mismatch": {"text": text} if text else None})
    outcome = {"seconds": time.perf_counter() - started, "plan_sha256": hashlib.sha256(asked).hexdigest(), "runs": records}
    Path(plan["outcome"]).write_text(json.dumps(outcome), encoding="utf-8")
    if data and not records[0]["mismatch"]:
        np.savez(Path(plan["outcome"]).with_name("final_state.npz"), allow_pickle=False, **bench.model.state)
