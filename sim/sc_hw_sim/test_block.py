"""The cocotb side of ``sc-hw sim --block``: plays one block against its golden model and writes what was compared."""

import hashlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import Timer

from .block import BlockBench, BlockMismatchError

PLAN = "SC_HW_PLAN"


@cocotb.test()
async def block(dut: Any) -> None:
    """Every beat that the block gives is its golden model's, with each planted fault or without any."""
    asked = Path(os.environ[PLAN]).read_bytes()
    plan = json.loads(asked)
    await Timer(1, unit="step")  # the streams open in initial blocks, which run at the first evaluation
    done = 0

    def progress(timesteps: int) -> None:
        nonlocal done
        done += timesteps
        print(f"SC_HW_PROGRESS {done}", file=sys.stdout, flush=True)

    started, records = time.perf_counter(), list[dict[str, Any]]()
    for fault in plan["faults"]:
        dut.fault.value = fault
        bench, text = BlockBench(dut, plan), ""
        try:
            await bench.run(progress if len(plan["faults"]) == 1 else lambda _: None)
        except BlockMismatchError as error:
            text = str(error)
        if len(plan["faults"]) > 1:
            progress(1)
        records.append({"fault": fault, **bench.counts, "mismatch": {"text": text} if text else None})
    outcome = {"seconds": time.perf_counter() - started, "plan_sha256": hashlib.sha256(asked).hexdigest(), "runs": records}
    Path(plan["outcome"]).write_text(json.dumps(outcome), encoding="utf-8")
    if plan["faults"] == [0] and records[0]["mismatch"]:
        raise AssertionError(f"seed {plan['seed']}: {records[0]['mismatch']['text']}")
