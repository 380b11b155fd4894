"""``make fuzz``: ten thousand calls and five hundred interruptions from a printed seed; ends with 1 when one went wrong."""

import argparse
import sys
import tempfile
import time
import warnings
from pathlib import Path

from .calls import Fuzz
from .interruptions import VERBS, Interruptions


def main() -> int:
    """Run, print every fault as it comes and the counts at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--calls", type=int, default=10_000, help="calls, in this process")
    parser.add_argument("--processes", type=int, default=200, help="calls in processes of their own, with the real tools")
    parser.add_argument("--interruptions", type=int, default=500)
    parser.add_argument("--verbs", default=",".join(VERBS), help="that are interrupted")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    print(f"seed {options.seed}", flush=True)
    faults = 0
    with tempfile.TemporaryDirectory() as name:
        calls = Fuzz(Path(name), options.seed)
        for number in range(options.calls + options.processes):
            faults += told(calls.faults, lambda number=number: calls.once(here=number < options.calls))
        print(
            f"{number + 1:,} calls, slowest {calls.slowest:.1f} s, {faults} faults: {dict(sorted(calls.counts.items()))}",
            flush=True,
        )
    if options.interruptions:
        with tempfile.TemporaryDirectory() as name:
            runs, before = Interruptions(Path(name), options.seed, tuple(options.verbs.split(","))), faults
            for _ in range(options.interruptions):
                faults += told(runs.faults, runs.once)
            print(
                f"{options.interruptions} interruptions, slowest {runs.slowest:.2f} s, {faults - before} faults: "
                f"{dict(sorted(runs.counts.items()))}"
            )
    return 1 if faults else 0


def told(faults: list[str], once) -> int:
    """Do it once, print what that adds to the faults, and return how many."""
    before = len(faults)
    once()
    for fault in faults[before:]:
        print(fault, flush=True)
    return len(faults) - before


if __name__ == "__main__":
    sys.exit(main())
