"""The points that `sc-hw estimate` is fitted to, and the fit.

`points` synthesises the presets and a sample of designs drawn from a seed, and writes each into
synth/estimate/yosys-VERSION/points.jsonl as it is done: an interrupted run goes on where it was, and a point whose Verilog is
that of its line is not measured again. `fit` fits what was measured and writes fit.json beside it.
"""

import argparse
import dataclasses
import json
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from baselines import Item, read_baselines, verilog_digest

from sc_hw.errors import UserError
from sc_hw.estimate.fit import Fits, fits_of, write_fits
from sc_hw.estimate.points import Point, points_file, read_points
from sc_hw.estimate.quantities import quantities_of
from sc_hw.manifest import load_core
from sc_hw.records import write_text
from sc_hw.rtl.emit import emit
from sc_hw.synth.synthesise import map_sources, top_module
from sc_hw.targets import RESOURCES, Target, distinct_targets, load_target
from sc_hw.yosys import find_yosys
from sc_hw_models.consolidation import ConsolidationConfig
from sc_hw_models.kinds import KINDS
from sc_hw_models.registry import RULES, get_rule
from sc_hw_models.rule import ConfigError

SEED = 20261128
DRAWN = {"r_stdp": 36, "stp": 14, "three_factor": 22, "crossbar": 18, "layer": 8}  # how many of each are drawn
SYNAPSES = (64, 100, 256, 600, 1024, 2048, 3000, 4096, 8192, 16384)
ROUNDINGS = ("floor", "nearest", "stochastic")


def drawn(generator: np.random.Generator, kind: str) -> dict[str, Any]:
    """Return one design of a kind, as plain data; it may not be allowed."""

    def one(*values: Any) -> Any:
        return values[generator.integers(len(values))]

    def between(low: int, high: int) -> int:
        return int(generator.integers(low, high + 1))

    def protection() -> dict[str, Any]:
        consolidation = one(KINDS[0], *KINDS)  # most designs protect nothing
        widest = ConsolidationConfig(consolidation=consolidation, code_bits=4)
        return {"consolidation": consolidation, "rounding": one(*ROUNDINGS)} | (
            {"code_bits": between(1, 4)} if widest.stored_code_bits == widest.code_bits else {}
        )

    def r_stdp() -> dict[str, Any]:
        own = protection()
        extra = {"trace_fraction_bits": between(1, 6)} if one(0, 0, 1) else {}
        extra |= {"eligibility_decay_shift": between(3, 10)} if one(0, 0, 1) else {}
        extra |= {"eligibility_gain_shift": between(1, 4)} if one(0, 0, 0, 1) else {}
        extra |= {"reward_encoding": "pow2"} if one(0, 0, 0, 1) else {}
        return {
            "weight_bits": between(2, 24),
            "trace_bits": between(2, 20),
            "reward_bits": between(2, 14),
            "learning_shift": between(0, 12),
            "trace_decay_shift": between(1, 8),
            "decay_rounding": one("floor", *ROUNDINGS),
            **own,
            **extra,
        }

    def three_factor() -> dict[str, Any]:
        return {
            "weight_bits": between(4, 24),
            "activity_bits": between(1, 12),
            "signal_bits": between(3, 16),
            "learning_shift": between(2, 14),
            **protection(),
        }

    def stp() -> dict[str, Any]:
        return {
            "bits": between(4, 18),
            "fraction_bits": between(0, 6),
            "facilitation_shift": between(2, 10),
            "recovery_shift": between(2, 10),
            "u_se": between(1, 255),
            "mode": one("tm98", "mongillo"),
            "rounding": one(*ROUNDINGS),
            "decay_rounding": one(*ROUNDINGS),
        }

    settings = {"r_stdp": r_stdp, "three_factor": three_factor, "stp": stp}
    if kind == "crossbar":
        rule, lanes = one("r_stdp", "three_factor"), one(1, 1, 2, 4)
        spikes = "addresses" if rule == "r_stdp" and one(0, 0, 1) else "bits"
        return {
            "rule": rule,
            "set": settings[rule](),
            "pre": between(4, 300),
            "post": lanes * between(2, 60 // lanes),
            "lanes": lanes,
            "spikes": spikes,
        }
    if kind == "layer":
        rule, lanes, neurons = one("r_stdp", "three_factor"), one(1, 1, 2, 4), one(16, 32, 64, 128)
        return {
            "rule": rule,
            "set": settings[rule](),
            "synapses": neurons * between(2, 40),
            "lanes": lanes,
            "presynaptic": "stp",
            "neurons": neurons,
            "neuron_set": stp(),
        }
    return {
        "rule": kind,
        "set": settings[kind](),
        "synapses": one(*SYNAPSES),
        "lanes": one(1, 1, 1, 2, 3, 4),
        "results": one("stall", "stall", "stall", "queue"),
    }


def sample() -> Iterator[Point]:
    """Yield the presets, a few sizes and lanes of the defaults, and the drawn designs, kinds mixed."""
    for rule in RULES:
        for preset in get_rule(rule).presets:
            for module in ("core", "lane"):
                yield Point(group=f"{rule} {preset}", module=module, design={"rule": rule, "preset": preset, "synapses": 1024})
    left, number = dict(DRAWN), 0
    while any(left.values()):
        for kind in [k for k, n in left.items() if n > 0]:
            generator = np.random.default_rng([SEED, number])
            while True:
                point = Point(group=f"drawn {number}", design=drawn(generator, kind))
                try:
                    point.made()
                    break
                except (UserError, ConfigError):  # not every combination is a design: draw the next
                    continue
            left[kind] -= 1
            number += 1
            yield point
    for synapses in (16, 256, 8192, 20000, 65536):
        yield Point(group=f"{synapses} synapses", design={"rule": "r_stdp", "synapses": synapses})
    for lanes in (2, 4, 8, 16):  # the slowest last
        for results in ("stall", "queue"):
            yield Point(group=f"{lanes} lanes", design={"rule": "r_stdp", "synapses": 4096, "lanes": lanes, "results": results})


def known_counts(point: Point, digest: str, targets: list[Target]) -> dict[str, dict[str, float]]:
    """Return what the baselines have of a preset's Verilog, by target; empty where they lack it."""
    if "preset" not in point.design:
        return {}
    item, found = Item(rule=point.design["rule"], preset=point.design["preset"], module=point.module), {}
    for target in targets:
        entry = read_baselines(target.name, "counts").get(item.name, {})
        if entry.get("verilog_sha256") != digest:
            return {}
        found[target.name] = {name: entry[name] for name in RESOURCES if entry[name]}
    return found


def measure(count: int, jobs: int | None) -> int:
    """Measure up to ``count`` points that have no line of their Verilog, and return how many there were."""
    path, targets = points_file(find_yosys()[1]), [load_target(name) for name in distinct_targets()]
    known = {point.key: point for point in read_points(path)}
    wanted, done = list(sample()), 0
    with tempfile.TemporaryDirectory(prefix="sc-hw-estimate-") as folder:
        for point in wanted:
            if done >= count:
                break
            if point.key in known and count < len(wanted):  # a full run looks whether the Verilog is still the same
                continue
            core = load_core(emit(point.made(), "amaranth", Path(folder) / "core", force=True))
            digest = verilog_digest(core, point.module)
            if point.key in known and known[point.key].digest == digest:
                continue
            found = known_counts(point, digest, targets)
            if not found:
                top = top_module(core, point.module)
                with ThreadPoolExecutor(jobs) as pool:
                    counted = pool.map(lambda t, top=top, core=core: t.count(map_sources(core.verilog, top, t).cells), targets)
                    found = {t.name: {k: v for k, v in c.items() if v} for t, c in zip(targets, counted, strict=True)}
            holds = quantities_of(point.made(), module=point.module)
            known[point.key] = dataclasses.replace(point, digest=digest, measured=found, holds=holds)
            lines = [json.dumps(msgspec.to_builtins(known[p.key]), sort_keys=True) for p in wanted if p.key in known]
            path.parent.mkdir(parents=True, exist_ok=True)
            write_text(path, "\n".join(lines) + "\n", option="points")
            print(f"{point.group} {point.module}: {found}", flush=True)
            done += 1
    return done


def fit() -> Fits:
    """Return the fits of every device to the points of the Yosys that is here."""
    path = points_file(find_yosys()[1])
    return fits_of(read_points(path), [load_target(name) for name in distinct_targets()], path.parent.name.removeprefix("yosys-"))


def main() -> int:
    """Measure points or fit them; exit status 2 for bad input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("points", "fit"))
    parser.add_argument("-n", "--count", type=int, default=10**6, help="points at most (default: all)")
    parser.add_argument("-j", "--jobs", type=int, default=1, help="Yosys processes at a time")
    arguments = parser.parse_args()
    try:
        if arguments.what == "points":
            measure(arguments.count, arguments.jobs)
        else:
            fits = fit()
            write_text(points_file(fits.yosys).with_name("fit.json"), write_fits(fits), option="fit")
            for name, found in fits.targets.items():
                print(
                    f"{name}: "
                    + ", ".join(
                        f"{r} {100 * f.error:.1f} % (worst {100 * f.worst:.0f} %), interval {f.low:.2f} to {f.high:.2f}"
                        for r, f in found.items()
                    )
                )
    except UserError as error:
        print(f"estimate: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
