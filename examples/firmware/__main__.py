"""Firmware on a RISC-V processor lets a core learn digits; processor, memory and core run in Verilator.

PicoRV32 and SERV, from their wheels, run `firmware.c` with the driver in C that stands beside the emitted core. It shows each
digit twice, its bright pixels with a reward and its dark ones with a punishment. In the end every state word of the core is
compared with that of the golden model that was told the same, and the clocks of a timestep with those of the core's own sweep.

    python examples/firmware [--digits N] [--cpu picorv32] [-o FILE.md]

Needs pip install 'sc-hw[digits,firmware]' and a compiler: apt-get install gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf.
Exit status 1 when a word differs or nothing is learned, 2 when something is missing.
"""

import argparse
import importlib.util
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import sc_hw
from sc_hw.bus.folder import load_bus
from sc_hw.driver.program import program
from sc_hw.manifest import Core, load_core
from sc_hw_models.core import CoreModel
from sc_hw_models.registry import get_rule

HERE = Path(__file__).parent
PIXELS, CLASSES, TEST, SEED = 64, 10, 400, 1
SETTINGS = {"trace_decay_shift": 1, "eligibility_decay_shift": 1, "learning_shift": 8}
START, REWARD = 1 << 15, 100
BAR = 1.2  # clocks of a timestep beside a sweep's
MOST = 400_000_000  # clocks
GCC = "riscv64-unknown-elf-gcc"
FLAGS = (
    "-march=rv32i",
    "-mabi=ilp32",
    "-O2",
    "-flto",
    "-std=c99",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-ffreestanding",
    "-nostartfiles",
)
CPUS = {
    "picorv32": ("pythondata_cpu_picorv32", ("picorv32.v",)),
    "serv": ("pythondata_cpu_serv", ("rtl/*.v",)),
}


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a processor's run gave: clocks, and the state words and weights of the core in the end."""

    cpu: str
    driver_clocks: float  # of a timestep, by sc_step
    learning_clocks: float  # of a timestep, all that prepares it within
    burst_clocks: float  # of a timestep, its words being there
    differing: int
    accuracy: float


def missing() -> str:
    """Return what is lacking on this machine, empty when there is everything."""
    if shutil.which(GCC) is None:
        return f"{GCC}: not found; apt-get install gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf"
    found = subprocess.run([GCC, "-print-file-name=picolibc.specs"], capture_output=True, text=True, check=False).stdout.strip()
    if not Path(found).is_absolute():
        return "picolibc: not found; apt-get install picolibc-riscv64-unknown-elf"
    for package, _ in CPUS.values():
        if importlib.util.find_spec(package) is None:
            return f"{package}: not found; pip install 'sc-hw[firmware]'"
    return ""


def digits(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return bright pixels and classes of ``count`` digits to learn, and of others."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    bright, order = pixels > 7, np.random.default_rng(SEED).permutation(len(pixels))
    return bright[order[:count]], labels[order[:count]], bright[order[-TEST:]], labels[order[-TEST:]]


def timesteps(bright: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
    """Return the timesteps in which digits are learned: four with the bright pixels, four with the dark ones, each digit."""
    steps, synapses = 8 * len(bright), CLASSES * PIXELS
    inputs = {name: np.zeros((steps, synapses), bool) for name in ("pre_spike", "post_spike")}
    inputs["reward"] = np.zeros(steps, np.int64)
    for k, (pixels, label) in enumerate(zip(bright, labels, strict=True)):
        for at, shown, reward in ((8 * k, pixels, REWARD), (8 * k + 4, ~pixels, -REWARD)):
            inputs["pre_spike"][at] = np.tile(shown, CLASSES)
            inputs["post_spike"][at + 1, label * PIXELS : (label + 1) * PIXELS] = True
            inputs["reward"][at + 2] = reward
    return inputs


def golden(inputs: dict[str, np.ndarray]) -> CoreModel:
    """Return the golden model that has learned."""
    rule = get_rule("r_stdp")
    model = CoreModel(rule, rule.config_type(**SETTINGS), synapses=CLASSES * PIXELS, lanes=1)
    model.load({**model.state, "weight": np.full(CLASSES * PIXELS, START)})
    model.run(inputs)
    return model


def header(core: Core, bright: np.ndarray, labels: np.ndarray) -> str:
    """Return the digits for the firmware: sixteen pixels a word, each at the place of its synapse's spike before it."""
    words = [[sum(1 << 2 * k for k in range(16) if row[at + k]) for at in range(0, PIXELS, 16)] for row in bright]
    low, bits = core.design.banks[""].lows["weight"], next(f.bits for f in core.design.spec.state if f.name == "weight")
    mask, start = (1 << bits) - 1 << low, START << low
    (reward,) = (f for f in core.design.spec.step_inputs if f.name == "reward")
    lines = [
        f"#define DIGITS {len(bright)}u",
        f"#define PIXELS {PIXELS}u",
        f"#define CLASSES {CLASSES}u",
        f"#define WORDS_OF_A_CLASS {PIXELS // 16}u",
        f"#define REWARD {REWARD}u",
        f"#define PUNISHMENT {-REWARD & (1 << reward.bits) - 1}u",
        *(f"#define WEIGHT_MASK_{k} 0x{mask >> 32 * k & 0xFFFFFFFF:x}u" for k in (0, 1)),
        *(f"#define WEIGHT_START_{k} 0x{start >> 32 * k & 0xFFFFFFFF:x}u" for k in (0, 1)),
        "static const uint32_t pixels[DIGITS][WORDS_OF_A_CLASS] = {",
        *(f"  {{{', '.join(f'0x{word:08x}u' for word in row)}}}," for row in words),
        "};",
        f"static const uint8_t labels[DIGITS] = {{{', '.join(map(str, labels))}}};",
    ]
    return "\n".join(["#include <stdint.h>", *lines, ""])


def built(core: Core, folder: Path, text: str) -> Path:
    """Compile the firmware and return its words as a file that Verilog reads. Errors: ``CheckError``."""
    (folder / "digits.h").write_text(text, encoding="utf-8")
    bus, image = core.folder / "bus", folder / "firmware.elf"
    sources = [HERE / "start.S", HERE / "firmware.c", bus / "sc_hw_driver.c"]
    places = [f"-I{folder}", f"-I{bus}", f"-T{HERE / 'link.ld'}"]
    command = [GCC, "--specs=picolibc.specs", *FLAGS, *places, *map(str, sources), "-lgcc", "-o", str(image)]
    for words in (command, [GCC.replace("gcc", "objcopy"), "-O", "binary", str(image), str(folder / "firmware.bin")]):
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            raise sc_hw.CheckError(f"{words[0]}: the firmware cannot be built\n{done.stderr[-2000:]}")
    content = (folder / "firmware.bin").read_bytes()
    content += bytes(-len(content) % 4)
    (folder / "firmware.hex").write_text("".join(f"{w:08x}\n" for w in np.frombuffer(content, "<u4")), encoding="utf-8")
    return folder / "firmware.hex"


def verilog(core: Core, cpu: str) -> dict[str, bytes]:
    """Return all Verilog of the SoC by name, the top first."""
    package, patterns = CPUS[cpu]
    place = Path(str(importlib.util.find_spec(package).submodule_search_locations[0])) / "verilog"
    own = {name: (HERE / name).read_bytes() for name in ("soc.v", f"cpu_{cpu}.v")}
    theirs = {path.name: path.read_bytes() for pattern in patterns for path in sorted(place.glob(pattern))}
    return own | theirs | load_bus(core).verilog | core.verilog


def run(core: Core, cpu: str, image: Path) -> list[int]:
    """Return the words that the firmware tells. Errors: ``CheckError`` when it does not end."""
    options = ("-Wno-fatal", "--no-timing")
    with program(verilog(core, cpu), "firmware_soc", HERE / "harness.cpp", options) as path:
        done = subprocess.run([path, f"+firmware={image}", str(MOST)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise sc_hw.CheckError(f"{cpu}: {done.stderr.strip()[-500:]}")
    return [int(word, 16) for word in done.stdout.split()]


def measure(core: Core, cpu: str, image: Path, count: int, model: CoreModel, test: tuple[np.ndarray, np.ndarray]) -> Measured:
    """Let a processor's firmware learn and return what came of it. Errors: ``CheckError`` for one that reports a failure."""
    stepped, learned, wrong, *words, burst, late = run(core, cpu, image)
    if wrong or late:
        raise sc_hw.CheckError(f"{cpu}: the driver returned {[(w + (1 << 31)) % (1 << 32) - (1 << 31) for w in (wrong, late)]}")
    bank, differing = core.design.banks[""], 0
    found: dict[str, Any] = {}
    state = np.array([low | high << 32 for low, high in zip(words[::2], words[1::2], strict=True)], object)
    for f in bank.fields:
        values = np.array([int(word) >> bank.lows[f.name] & (1 << f.bits) - 1 for word in state])
        found[f.name] = np.where(f.signed & (values > f.maximum), values - (1 << f.bits), values)
        differing += int((found[f.name] != model.state[f.name]).sum())
    bright, labels = test
    guessed = (bright @ found["weight"].reshape(CLASSES, PIXELS).T).argmax(axis=1)
    return Measured(
        cpu=cpu,
        driver_clocks=stepped / 4,
        learning_clocks=learned / (8 * count),
        burst_clocks=burst / 8,
        differing=differing,
        accuracy=100 * float((guessed == labels).mean()),
    )


def told(one: Measured, sweep: int) -> str:
    """Return a run in lines."""
    rows = (("sc_step", one.driver_clocks), ("sc_burst_step", one.burst_clocks), ("all of learning", one.learning_clocks))
    ratios = ", ".join(f"{name} {clocks:,.0f} ({clocks / sweep:.2f} x)" for name, clocks in rows)
    return (
        f"{one.cpu}: clocks of a timestep, and beside a sweep's {sweep}: {ratios}\n"
        f"{one.cpu}: {one.differing} values of the state are not the golden model's; {one.accuracy:.1f} % of {TEST} other digits"
    )


def page(runs: list[Measured], sweep: int, count: int) -> str:
    """Return what was measured as a page."""
    rows = []
    for r in runs:
        clocks = (r.driver_clocks, r.burst_clocks, r.learning_clocks)
        cells = (f"{each:,.0f} | {each / sweep:.2f}" for each in clocks)
        rows.append(f"| {r.cpu} | {' | '.join(cells)} | {'met' if r.burst_clocks <= BAR * sweep else 'missed'} |")
    return f"""# Firmware

Measured with sc-hw {sc_hw.__version__} by

    {" ".join(["python examples/firmware", *sys.argv[1:]])}

A core of {CLASSES * PIXELS} synapses of `r_stdp`, one lane, behind Wishbone; a processor from its wheel, RV32I, memory that
answers in a clock; {8 * count} timesteps in which {count} digits are learned. Clocks of a timestep, and how many times the
{sweep} of the core's own sweep. The bar is {BAR} for `sc_burst_step`.

| processor | `sc_step` | x | `sc_burst_step` | x | all of learning | x | bar |
|---|---:|---:|---:|---:|---:|---:|---|
{chr(10).join(rows)}

{sum(r.differing for r in runs)} values of the state are not those of the golden model.
It then knows {runs[0].accuracy:.1f} % of {TEST} other digits. [What the columns mean, and why](../firmware.md).
"""


def main() -> int:
    """Run the example and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--digits", type=int, default=100, help="how many are learned, 1 to 1,000  [default: 100]")
    parser.add_argument("--cpu", choices=CPUS, action="append", help="which processor  [default: all]")
    parser.add_argument("-o", "--output", type=Path, help="page to write")
    options = parser.parse_args()
    if not 1 <= options.digits <= 1000:
        raise sc_hw.UserError(f"--digits {options.digits}: allowed are 1 to 1,000")
    if lacking := missing():
        raise sc_hw.UserError(lacking)
    bright, labels, *test = digits(options.digits)
    model, runs = golden(timesteps(bright, labels)), []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "core"
        sc_hw.emit(synapses=CLASSES * PIXELS, settings=SETTINGS, bus="wishbone", output=folder)
        core = load_core(folder)
        image, sweep = built(core, Path(place), header(core, bright, labels)), core.design.timestep_clocks
        for cpu in options.cpu or CPUS:
            runs.append(measure(core, cpu, image, options.digits, model, (test[0], test[1])))
            print(told(runs[-1], sweep), flush=True)
    if options.output:
        options.output.write_text(page(runs, sweep, options.digits), encoding="utf-8")
    return int(any(one.differing or one.accuracy < 30 for one in runs))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (sc_hw.UserError, sc_hw.CheckError) as error:
        print(f"firmware: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, sc_hw.UserError) else 1)
