"""``sc-hw import``: a file and what it does not say to a network's file with its weights, and what was lost."""

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.table import Table

from sc_hw_models.networks import NetworkModel
from sc_hw_models.rule import ConfigError

from .. import __version__
from ..console import Console
from ..errors import CheckError, UserError, shown
from ..folder import check_output, write_folder
from ..manifest.describe import sha256
from ..network_file import WEIGHTS, network_line, network_of, network_toml, weights_bytes
from ..records import write_record
from ..strict import read_json
from . import SOURCES
from .compare import compared
from .convert import CODES, Chip, chip_of
from .graph import APPROXIMATIONS, RESETS, Graph, Options
from .net import Net, net_of

__all__ = ["RECORD", "SCHEMA", "import_command", "listed_files"]

SCHEMA, RECORD, NETWORK = "sc-hw/imported/1", "import.json", "network.toml"


def import_command(
    file: Path,
    output: Path,
    options: Options,
    *,
    data: str | None,
    samples: int,
    seed: int,
    force: bool,
    json_path: Path | None,
    echo: Callable[[str], None],
    console: Console,
) -> int:
    """Write ``network.toml``, ``weights.npz`` and ``import.json`` of a file into ``output`` and print what was lost.

    Errors: ``UserError`` for what a file holds, lacks or cannot be, before anything is written.
    """
    _check(options)
    output = check_output(output, listed_files, force=force, verb="imported")
    net = net_of(read_graph(file, options), options)
    chip = chip_of(net, options, seed)
    pixels, labels = _samples(chip, data, samples, seed)
    record = _record(file, net, chip, options, compared(net, chip, options, pixels, labels), data, seed)
    files: dict[str, str | bytes] = {
        NETWORK: network_toml(chip.spec),
        WEIGHTS: weights_bytes(chip.spec),
        RECORD: json.dumps(record, indent=2) + "\n",
    }
    write_folder(output, files)
    if json_path:
        write_record(json_path, record)
    _check_written(output / NETWORK, chip)
    for line in (f"{shown(output)}: {network_line(chip.spec)}", *chip.notes):
        echo(line)
    _print(record, console)
    return 0


def read_graph(file: Path, options: Options) -> Graph:
    """Return the graph of a file, whose kind is what its name ends with. Errors: ``UserError``."""
    kind = SOURCES.get(file.suffix.lower())
    if kind is None:
        raise UserError(f"{file}: unknown kind of file; allowed are {', '.join(SOURCES)}")
    graph = import_module(f"sc_hw.imports.{kind}").read(file, options)
    if not isinstance(graph, Graph):
        raise TypeError(f"{kind} gives no graph")
    return graph


def _check(options: Options) -> None:
    for option, value, allowed in (("--reset", options.reset, RESETS), ("--code", options.code, CODES)):
        if value is not None and value not in allowed:
            raise UserError(f"{option} {value!r}: unknown; allowed are {', '.join(allowed)}")
    for name in options.approximate:
        if name not in APPROXIMATIONS:
            raise UserError(f"--approximate {name!r}: unknown; allowed are {', '.join(APPROXIMATIONS)}")


def _samples(chip: Chip, data: str | None, samples: int, seed: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Return what both networks are shown: the test part of data, or bytes by chance, a third of them 0."""
    size = chip.spec.input.size
    if data is None:
        generator = np.random.default_rng(seed)
        return generator.integers(0, 256, (samples, size)).astype(np.uint8) * (generator.random((samples, size)) > 1 / 3), None
    from ..fit.data import load_samples

    try:
        loaded = load_samples(data, None, seed)
    except UserError:
        loaded = load_samples(data, 90, seed)  # a file without a test part
    pixels, labels = loaded.held_out[:samples], loaded.held_out_labels[:samples]
    if pixels.shape[1] != size:
        raise UserError(f"--data {data}: samples of {pixels.shape[1]} pixels; the network takes {size}; give other data")
    return pixels, labels


def _record(
    file: Path, net: Net, chip: Chip, options: Options, comparison: dict[str, Any], data: str | None, seed: int
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "verb": "import",
        "verdict": "pass",
        "file": file.name,
        "options": {key: list(value) if isinstance(value, tuple) else value for key, value in vars(options).items()},
        "data": data,
        "seed": seed,
        "tools": {"sc-hw": __version__, "numpy": np.__version__},
        "layers": [{"node": layer.name, "population": chip.populations[layer.name], "size": layer.size} for layer in net.layers],
        "projections": list(chip.losses),
        "approximated": list(chip.notes),
        "comparison": comparison,
        "weights_sha256": sha256(weights_bytes(chip.spec)),
    }


def _check_written(path: Path, chip: Chip) -> None:
    """Read the network back and see that its golden model starts as the one that was compared. Errors: ``CheckError``."""
    try:
        back, made = NetworkModel(network_of(path, option="")), NetworkModel(chip.spec)
    except ConfigError as error:
        raise CheckError(f"{path}: not read back ({error})") from error
    if any(not np.array_equal(value, back.state[name]) for name, value in made.state.items()):
        raise CheckError(f"{path}: read back it is another network")


def listed_files(folder: Path) -> list[str]:
    """Return the files of a folder that ``import`` wrote. Errors: ``UserError`` when it is none."""
    record = read_json(folder / RECORD, remedy="sc-hw import writes one")
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise UserError(f"{folder / RECORD}: no record of sc-hw import; sc-hw import writes one")
    return [NETWORK, WEIGHTS, RECORD]


def _print(record: dict[str, Any], console: Console) -> None:
    table = Table(box=SIMPLE_HEAD)
    table.add_column("projection")
    for name in ("synapses", "bits", "scale", "largest", "error, %", "to 0", "clipped"):
        table.add_column(name, justify="right")
    for row in record["projections"]:
        shown = (
            f"{row['scale']:.6g}",
            f"{row['largest']}",
            f"{100 * row['error']:.3f}",
            f"{row['to_zero']}",
            f"{row['clipped']}",
        )
        table.add_row(row["projection"], f"{row['synapses']:,}", f"{row['weight_bits']}", *shown)
    console.print(table)
    found = record["comparison"]
    for name, row in found["layers"].items():
        share = 100 * row["different"] / max(row["of"], 1)
        console.print(
            f"{name}: {row['spikes']:,} spikes, {row['float_spikes']:,} in floating point; {row['different']:,} of {row['of']:,} "
            f"differ ({share:.3f} %)"
        )
    right = ""
    if "accuracy" in found:
        right = f"; right {100 * found['accuracy']:.2f} %, in floating point {100 * found['float_accuracy']:.2f} %"
    console.print(f"decisions equal for {found['decisions_equal']} of {found['samples']} samples{right}")
