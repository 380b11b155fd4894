"""What every record says of its run, held against the core and the record itself: which files, which command, which tools."""

import shlex
from collections.abc import Mapping
from typing import Any

from ..manifest import Core
from ..network_folder import EmittedNetwork
from ..partial import INSTANCES, MUTANTS, SEEDS, STEPS
from ..proof.solver import SOLVERS

__all__ = ["TOOLS", "wrong_head"]

Record = Mapping[str, Any]

_SIMULATION = ("verilator", "cocotb", "cocotb-test", "compiler")
TOOLS = {  # which each verb rests on, and after them those that it may
    "sim": (_SIMULATION, ()),
    "prove": (("yosys",), ("sby", *SOLVERS)),  # any two of the solvers
    "selftest": (_SIMULATION, ()),
    "mutate": (("yosys", *_SIMULATION), SOLVERS),
    "coverage": (_SIMULATION, ()),
    "synth": (("yosys",), ()),
    "pnr": (("yosys",), None),  # and one a device
    "accuracy": (("numpy",), ()),
    "replay": (("verilator", "cocotb", "compiler"), ()),
}


def wrong_head(core: Core | EmittedNetwork, verb: str, record: Record) -> str:
    """Return the first entry of a record of the core as it is that is not of such a run; empty when there is none."""
    if record["core"] != core.design.name:
        return f"core is {record['core']!r}, not {core.design.name!r}"
    if record["edited"] != list(core.edited):
        return f"edited is {', '.join(record['edited']) or 'nothing'}, and in the folder {', '.join(core.edited) or 'nothing'}"
    return _tools(verb, record.get("tools", {})) or _command(verb, record)


def _tools(verb: str, tools: Mapping[str, str]) -> str:
    needed, more = TOOLS[verb]
    for name in needed:
        if name not in tools:
            return f"no version of {name}"
    for name, version in tools.items():
        if not version.strip():
            return f"the version of {name} is empty"
        if more is not None and name not in (*needed, *more):
            return f"a version of {name}, which {verb} does not use"
    return ""


def _command(verb: str, record: Record) -> str:
    """Return how a command is not one that makes such a record."""
    text = record["command"]
    try:
        words = shlex.split(text)
    except ValueError:
        words = []
    name = "sim" if verb == "coverage" else verb
    if words[:2] != ["sc-hw", name] or (verb == "coverage" and "--coverage" not in words):
        return f"command is {text!r}, which does not run {verb}"
    whole = "--stimulus" not in {word.partition("=")[0] for word in words}
    asked: dict[str, tuple[int | None, int]] = {}  # by option: its default, and what the record has
    match verb:
        case "sim" if "block" in record:
            asked = {"--seed": (1, record["seed"])}
            asked |= {"--steps": (STEPS, record["timesteps"])} if record["verdict"] == "pass" else {}
        case "sim" if "runs" in record:  # of a network
            asked = {"--seed": (1, record["seed"])}
            asked |= {"--steps": (STEPS, record["runs"][0]["samples"])} if record["verdict"] == "pass" else {}
        case "selftest" if "samples" in record:
            asked = {"--seed": (1, record["seed"]), "--steps": (None, record["samples"])}
        case "sim" if not whole and "recorded" not in record["cores"][0]["stimuli"] and record["verdict"] == "pass":
            return f"command is {text!r}, and the run played no recorded inputs"
        case "sim" if record["verdict"] == "pass":
            asked = {"--seed": (1, record["seed"])} | ({"--steps": (STEPS, record["cores"][0]["timesteps"])} if whole else {})
        case "sim" | "coverage":
            asked = {"--seed": (1, record["seed"])}
        case "selftest":
            asked = {"--seed": (1, record["seed"]), "--instances": (INSTANCES, record["instances"])}
            asked["--steps"] = (None, record["steps"])
        case "mutate":
            asked = {"--seed": (1, record["seed"]), "--count": (MUTANTS, record["count"])}
        case "pnr":
            asked = {"--seeds": (SEEDS, min(len(result["runs"]) for result in record["results"]))}
        case "accuracy":
            asked = {"--seeds": (None, len(record["seeds"]))}
    for option, (default, found) in asked.items():
        given = _given(words, option)
        number = default if given is None else int(given) if given.strip().isdecimal() else -1
        if number is not None and number != found:
            return f"command is {text!r}, and the run has {option.removeprefix('--')} {found:,}"
    return ""


def _given(words: list[str], option: str) -> str | None:
    """Return what a command gives an option, the last that it does."""
    last = None
    for word, following in zip(words, [*words[1:], ""], strict=True):
        name, sign, value = word.partition("=")
        if name == option:
            last = value if sign else following
    return last
