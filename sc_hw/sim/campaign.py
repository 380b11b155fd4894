"""What a campaign of a design consists of, known before it runs: its corners, its stimuli, and how much it compares at least."""

from collections.abc import Mapping
from typing import Any

from sc_hw_sim.stimulus import endured, played, schedule

from ..coverage.moments import Moment, moments
from ..rtl.design import CoreDesign

__all__ = ["corners_of", "moment_entry", "not_visited", "short_of", "unlike_campaign"]


def moment_entry(moment: Moment) -> dict[str, Any]:
    """Return what the plan says of a moment: all but its condition, which the bench was built with."""
    return {name: getattr(moment, name) for name in ("name", "scene", "part", "reset", "meets", "held", "many")}


def corners_of(design: CoreDesign) -> dict[str, bool]:
    """Return the names of a design's corners, of a crossbar that skips rows not all, and whether each is a reset."""
    entries = [moment_entry(moment) for moment in moments(design, 0)]
    events = [stream.name for stream in design.streams if stream.several and not stream.gives]
    return played(entries, design.synapses, rows=bool(design.row_words), events=events)


def not_visited(run: Mapping[str, Any]) -> str:
    """Return what to say of the record of a run that did not visit some of its corners; empty when it did."""
    missed = [name for name, hits in run["corners"].items() if not hits]
    return f"{len(missed)} corner{'s' * (len(missed) > 1)} not visited" if missed else ""


def short_of(design: CoreDesign, run: Mapping[str, Any]) -> str:
    """Return what the record of a run without a difference compared too little of; empty when each timestep was compared.

    Every state field and every output of every synapse is, in every timestep, and a word of a core takes a clock. A synapse
    of a crossbar that skips rows is left alone while it rests.
    """
    if design.row_words:
        return ""
    return _less(run, _timesteps(design, run["timesteps"]))


def unlike_campaign(design: CoreDesign, run: Mapping[str, Any]) -> str:
    """Return how the record of a whole campaign without a difference is not one of the design; empty when it may be one."""
    corners, steps = corners_of(design), run["timesteps"]
    found = run["corners"]
    if lacks := [name for name in corners if name not in found]:
        return f"no corner {lacks[0]!r}"
    if more := [name for name in found if name not in corners and not design.row_words]:
        return f"corner {more[0]!r}, which such a design has not"
    stimuli: dict[str, int] = {}
    for kind, count in schedule(design.rule.motifs, [core.synapses for core in _cores(design)], steps):
        stimuli[kind.name] = stimuli.get(kind.name, 0) + count
    if run["stimuli"] != stimuli:
        name = next(name for name in {**stimuli, **run["stimuli"]} if stimuli.get(name) != run["stimuli"].get(name))
        return f"{run['stimuli'].get(name, 0):,} timesteps of {name}; a campaign of {steps:,} has {stimuli.get(name, 0):,}"
    resets = sum(found[name] for name, reset in corners.items() if reset)
    # Cleared twice at power-up and in the first batch, and once between timesteps.
    least = {"resets": resets, "clears": 5}
    more_steps = endured(design.synapses)
    if not design.row_words:
        least |= _timesteps(design, steps + more_steps["timesteps"])
    cores = _cores(design)
    # Read whole after a clear, after the corners and at the end.
    least["host_values_compared"] = sum(3 * core.synapses * len(core.spec.state) for core in cores)
    most = {
        "state_values_compared": run["clocks"] * sum(core.lanes * (1 + len(core.spec.state)) for core in cores),
        "output_values_compared": run["clocks"] * sum(core.lanes * len(core.spec.outputs) for core in cores),
        "host_values_compared": run["clocks"] * sum((core.lanes + 1) * (1 + len(core.spec.state)) for core in cores),
        "resets": run["clocks"],
        "clears": run["clocks"],
    }
    if text := _less(run, least):
        return text
    for name, count in most.items():
        if run[name] > count:
            return f"{run[name]:,} {name.replace('_', ' ')} in {run['clocks']:,} clocks; there cannot be more than {count:,}"
    whole = design.synapses * len(design.spec.outputs)
    if not design.parts and run["output_values_compared"] % whole:
        return f"{run['output_values_compared']:,} output values compared, which is no whole number of timesteps of {whole:,}"
    return ""


def _cores(design: CoreDesign) -> list[CoreDesign]:
    """Return the cores of a design: its parts, or itself."""
    return [part for _, part in design.parts.values()] or [design]


def _timesteps(design: CoreDesign, steps: int) -> dict[str, int]:
    """Return how much is compared in timesteps in which every synapse is visited."""
    synapses = _cores(design)[-1]
    return {
        "state_values_compared": steps * sum(core.synapses * len(core.spec.state) for core in _cores(design)),
        "output_values_compared": steps * synapses.synapses * len(synapses.spec.outputs),
        "clocks": steps * synapses.words,
    }


def _less(run: Mapping[str, Any], least: Mapping[str, int]) -> str:
    for name, count in least.items():
        if run[name] < count:
            return f"{run[name]:,} {name.replace('_', ' ')} in {run['timesteps']:,} timesteps; there are {count:,} or more"
    return ""
