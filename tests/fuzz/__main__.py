"""``make fuzz``: ten thousand calls and five hundred interruptions from a printed seed; ends with 1 when one went wrong.

They are drawn in parts, each from a seed of its own, so that a run repeats whatever the number of processes it has.
"""

import argparse
import faulthandler
import os
import sys
import tempfile
import time
import warnings
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from threading import Timer

from .calls import Fuzz
from .interruptions import VERBS, Interruptions

PARTS = 4
HANGS = 300.0  # seconds after which a call is taken for one that never ends, and the run ends with its arguments
Part = tuple[str, int, float, int, Counter[str]]  # what was done, how often, slowest, faults, how often it ended how


def main() -> int:
    """Run, print every fault as it comes and the counts at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--calls", type=int, default=10_000, help="calls, in processes that have everything imported")
    parser.add_argument("--processes", type=int, default=200, help="calls in processes of their own, with the real tools")
    parser.add_argument("--interruptions", type=int, default=500)
    parser.add_argument("--verbs", default=",".join(VERBS), help="that are interrupted")
    parser.add_argument("--jobs", "-j", type=int, default=os.cpu_count(), help="parts at once")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    work = [
        *((_calls, options.seed + part, (_share(options.calls, part), _share(options.processes, part))) for part in range(PARTS)),
        *(
            (_interruptions, options.seed + part, (_share(options.interruptions, part), tuple(options.verbs.split(","))))
            for part in range(PARTS)
            if _share(options.interruptions, part)
        ),
    ]
    total: dict[str, Part] = {}
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("fork")) as pool:
        for done in [pool.submit(do, seed, *given) for do, seed, given in work]:
            what, count, slowest, faults, counts = done.result()
            _, before, longest, wrong, ended = total.get(what, (what, 0, 0.0, 0, Counter()))
            total[what] = what, before + count, max(longest, slowest), wrong + faults, ended + counts
    for what, count, slowest, faults, ended in total.values():
        print(f"{count:,} {what}, slowest {slowest:.1f} s, {faults} faults: {dict(sorted(ended.items()))}", flush=True)
    return 1 if any(part[3] for part in total.values()) else 0


def _share(count: int, part: int) -> int:
    return count // PARTS + (part < count % PARTS)


def _calls(seed: int, here: int, apart: int) -> Part:
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as name:
        calls = Fuzz(Path(name), seed)
        for number in range(here + apart):
            faulthandler.dump_traceback_later(HANGS, exit=True)
            late = Timer(HANGS / 2, lambda: print(f"seed {seed}: does not end: {calls.arguments}", flush=True))
            late.start()
            calls.once(here=number < here)
            late.cancel()
            _tell(calls.faults, seed, number + 1, "calls", 500)
        faulthandler.cancel_dump_traceback_later()
        return "calls", here + apart, calls.slowest, len(calls.faults), calls.counts


def _interruptions(seed: int, count: int, verbs: tuple[str, ...]) -> Part:
    with tempfile.TemporaryDirectory() as name:
        runs = Interruptions(Path(name), seed, verbs)
        for number in range(count):
            runs.once()
            _tell(runs.faults, seed, number + 1, "interruptions", 25)
        return "interruptions", count, runs.slowest, len(runs.faults), runs.counts


_told: dict[int, int] = {}


def _tell(faults: list[str], seed: int, done: int, what: str, every: int) -> None:
    """Print the faults that are new, and now and then how far it is."""
    for fault in faults[_told.get(id(faults), 0) :]:
        print(f"seed {seed}, after {done} {what}: {fault}", flush=True)
    _told[id(faults)] = len(faults)
    if done % every == 0:
        print(f"seed {seed}: {done:,} {what}, {len(faults)} faults", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
