"""The cocotb side of ``sc-hw replay``: plays a run on a lane and writes what its ports show at the end."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import Timer

RUN = "SC_HW_RUN"
_HALF = 5  # of a clock, in simulator steps


@cocotb.test()
async def replay(dut: Any) -> None:
    """Give the lane the inputs of each clock; the last ones only hold while the ``watched`` signals are read."""
    asked = Path(os.environ[RUN]).read_bytes()
    plan = json.loads(asked)
    for number, clock in enumerate(plan["run"]):
        if number:
            dut.clk.value = 1
            await Timer(_HALF, unit="step")
        dut.clk.value = 0
        for port, value in clock.items():
            getattr(dut, port).value = value
        await Timer(_HALF, unit="step")
    found = {name: int(_signal(dut, path).value) for name, path in plan["watched"].items()}
    outcome = {"plan_sha256": hashlib.sha256(asked).hexdigest(), "found": found}
    Path(plan["outcome"]).write_text(json.dumps(outcome), encoding="utf-8")


def _signal(dut: Any, path: str) -> Any:
    for name in path.split("."):
        dut = dut[name]
    return dut
