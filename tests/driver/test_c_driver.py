"""The driver in C: compiled as firmware is, it plays the vectors of the Python driver through the same simulation."""

import ctypes
import subprocess

import numpy as np
import pytest

from sc_hw.bus.folder import load_bus
from sc_hw.driver import BusError
from sc_hw.driver.beats import carried, gathered, planned
from sc_hw.driver.simulation import Simulation
from sc_hw.network_folder import load_emitted
from sc_hw_sim.stimulus import random_state

from ..bus.designs import EMITTED, SMALL_FILE, Golden, golden, random_inputs
from ..daily import check, few

FLAGS = ["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-ffreestanding", "-O2", "-fPIC"]
READ = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_uint32, ctypes.POINTER(ctypes.c_uint32))
WRITE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32)
OK, BUS, TIMEOUT, NO_DESIGN, ABI, DIGEST, RANGE, ANOTHER, MARKS = 0, -1, -2, -3, -4, -5, -6, -7, -8
EXPORT = '#include "sc_core_design.h"\n#include "sc_core_registers.h"\nextern const struct sc_design *the_design(void);\n'


class Device(ctypes.Structure):
    _fields_ = (
        ("read", READ),
        ("write", WRITE),
        ("context", ctypes.c_void_p),
        ("design", ctypes.c_void_p),
        ("patience", ctypes.c_uint32),
    )


class Beats(ctypes.Structure):
    _fields_ = (("word", ctypes.POINTER(ctypes.c_uint32)), ("count", ctypes.c_uint32))


class Burst(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("command", "send", "whole", "rest")),
        *((name, ctypes.c_uint32) for name in ("values", "eights", "left")),
    )


def words(values):
    return (ctypes.c_uint32 * max(1, len(values)))(*values)


class Driver:
    """The library behind ctypes, over a transport."""

    def __init__(self, core, around, transport, folder):
        (folder / "export.c").write_text(EXPORT + "const struct sc_design *the_design(void) { return &sc_core_design; }\n")
        self.folder = core.folder / "bus"
        sources = [self.folder / "sc_hw_driver.c", folder / "export.c"]
        built = ["gcc", *FLAGS, "-shared", "-I", core.folder / "bus", *sources, "-o", folder / "driver.so"]
        subprocess.run(list(map(str, built)), check=True)
        self.library = ctypes.CDLL(str(folder / "driver.so"))
        self.library.the_design.restype = ctypes.c_void_p
        self.layout, self.design, self.transport = around.layout, core.design, transport
        self.device = Device(READ(self._read), WRITE(self._write), None, self.library.the_design(), 200)
        self.parts = list(core.design.banks.values())

    def _read(self, _context, address, value):
        try:
            value[0] = self.transport.read(address)
        except BusError:
            return 1
        return 0

    def _write(self, _context, address, value):
        try:
            self.transport.write(address, value)
        except BusError:
            return 1
        return 0

    def call(self, name, *arguments):
        return getattr(self.library, name)(ctypes.byref(self.device), *arguments)

    def load(self, part, state):
        own = self.parts[part]
        for unit in range(own.units):
            word = sum((int(state[f.name][unit]) & (1 << f.bits) - 1) << own.lows[f.name] for f in own.fields)
            assert self.call("sc_load", part, unit, words([word & 0xFFFFFFFF, word >> 32 & 0xFFFFFFFF, word >> 64])) == OK

    def read(self, part):
        own = self.parts[part]
        found = {f.name: [] for f in own.fields}
        for unit in range(own.units):
            buffer = words([0, 0, 0])
            assert self.call("sc_read", part, unit, buffer) == OK
            word = sum(value << 32 * k for k, value in enumerate(buffer))
            for f in own.fields:
                value = word >> own.lows[f.name] & (1 << f.bits) - 1
                found[f.name].append(value - (1 << f.bits) if f.signed and value > f.maximum else value)
        return found

    def play(self, beats, command, *, results=True):
        """Play the beats of a timestep or a sample; return the status and the beats of results."""
        fed, got = [], []
        for tray in self.layout.inlets:
            if tray.stream.several:
                listed = beats[tray.name]
                listed = [carried(tray, beat)[0] for beat in listed]
                if tray.beats:
                    packs = [listed[k : k + tray.beats] for k in range(0, len(listed), tray.beats)]
                    data = [sum(beat << k * tray.bits for k, beat in enumerate(pack)) for pack in packs]
                else:
                    data = [beat >> 32 * k & 0xFFFFFFFF for beat in listed for k in range(len(tray.registers))]
                fed.append(Beats(words(data), len(listed)))
        outlets = [tray for tray in self.layout.outlets if tray.stream.several]
        for tray in outlets:
            got.append(Beats(words([0] * 600 * len(tray.registers)), 600))
        commands = [tray for tray in self.layout.inlets if tray.name.endswith("command")]
        values = [words([command[i.name] & (1 << i.bits) - 1 for i in t.stream.items[1:]]) for t in commands]
        pointers = (ctypes.POINTER(ctypes.c_uint32) * max(1, len(values)))(
            *(ctypes.cast(v, ctypes.POINTER(ctypes.c_uint32)) for v in values)
        )
        outputs = (Beats * len(got))(*got)
        status = self.call("sc_step", pointers, (Beats * len(fed))(*fed), outputs if results else None)
        found = {}
        for tray, one in zip(outlets, outputs, strict=True):
            size = len(tray.registers)
            found[tray.name] = [sum(one.word[k * size + w] << 32 * w for w in range(size)) for k in range(one.count)]
        return status, found

    def step(self, inputs, *, results=True):
        status, found = self.play(*planned(self.design, self.layout, inputs), results=results)
        return status, gathered(self.design, self.layout, found) if results and status == OK else {}


def options_of(name, folder):
    """Return the options of emit for a design; the network ``tasks`` consolidates."""
    if name != "tasks":
        return EMITTED[name]
    kind = 'learning_shift = 6\nconsolidation = "si"\nimportance_offset = 0\nimportance_damping = 4'
    (folder / "tasks.toml").write_text(SMALL_FILE.read_text().replace("learning_shift = 6", kind))
    return ["--network", folder / "tasks.toml"]


@pytest.fixture
def compiled(sc_hw, tmp_path):
    running = []

    def make(name, bus="axi-lite"):
        status, _, err = sc_hw("emit", *options_of(name, tmp_path), "--bus", bus, "-o", tmp_path / "core")
        assert status == 0, err
        core = load_emitted(tmp_path / "core")
        around = load_bus(core)
        running.append(Simulation(core, around))
        return Driver(core, around, running[-1], tmp_path)

    yield make
    for one in running:
        one.close()


def equal(driver, golden):
    for part, state in enumerate(golden.state.values()):
        found = driver.read(part)
        for name, values in state.items():
            assert found[name] == values.tolist(), (part, name)


@pytest.mark.parametrize(
    ("name", "bus"),
    few(
        [("core", "axi-lite"), ("lanes", "apb"), ("layer", "wishbone"), ("crossbar", "apb"), ("addressed", "axi-lite")],
        [("layer", "wishbone")],
        "every design; the driver in Python goes through the others in every run",
    ),
)
def test_it_learns_as_the_golden_model_does(compiled, name, bus):
    driver = compiled(name, bus)
    golden, generator = Golden(driver.design), np.random.default_rng(20261129)
    assert driver.call("sc_open") == OK
    assert driver.call("sc_clear") == OK
    equal(driver, golden)
    for part, (own, model) in enumerate(golden.parts.values()):
        model.load(random_state(own.spec.state, own.synapses, generator))
        driver.load(part, model.state)
    equal(driver, golden)
    inputs = random_inputs(driver.design, 4, generator)
    for k in range(4):
        status, outputs = driver.step({key: values[k] for key, values in inputs.items()}, results=k < 3)
        golden.run({key: values[k : k + 1] for key, values in inputs.items()})
        assert status == OK
        if k < 3:
            weights = golden.state[""]["weight"]
            there = ~outputs.get("skipped", np.zeros(len(weights), bool))
            assert outputs["weight"][there].tolist() == weights[there].tolist()
    equal(driver, golden)


@check("the driver in Python learns with a network, and this one with a layer, in every run")
@pytest.mark.parametrize("bus", few(["apb", "axi-lite", "wishbone"], 1, "the other designs go through these"))
def test_a_network_learns_as_its_golden_model_does(compiled, bus):
    driver = compiled("network", bus)
    model, generator = golden(driver.design), np.random.default_rng(20261129)
    assert driver.call("sc_open") == OK
    equal(driver, model)
    assert driver.call("sc_clear") == RANGE, "nothing clears a chip"
    for results in (True, True, False, True):
        beats, command, wanted = model.play(driver.layout, generator)
        status, found = driver.play(beats, command, results=results)
        assert status == OK
        if results:
            model.compare(driver.layout, found, wanted)
    assert driver.call("sc_settle") == OK
    equal(driver, model)
    for part, own in enumerate(driver.parts):
        values = generator.integers(-100, 100, own.units)
        driver.load(part, {"weight": values})
        list(model.state.values())[part]["weight"][:] = values
    equal(driver, model)
    buffer = words([0] * driver.call("sc_checkpoint_words"))
    assert driver.call("sc_save", buffer) == OK
    assert driver.play(*model.play(driver.layout, generator)[:2])[0] == OK
    assert driver.call("sc_settle") == OK
    equal(driver, model)
    assert driver.call("sc_restore", buffer) == OK
    assert driver.read(0)["weight"] == list(buffer_weights(buffer, driver.parts[0]))


@check("the driver in Python ends a task; the register that C writes is looked at in every run")
def test_a_task_of_a_network_ends(compiled):
    driver = compiled("tasks")
    model, generator = golden(driver.design), np.random.default_rng(20261129)
    for _ in range(2):
        for _ in range(20):
            status, _ = driver.play(*model.play(driver.layout, generator)[:2], results=False)
            assert status == OK
        assert driver.call("sc_consolidate") == OK
        model.model.consolidate()
        equal(driver, model)
    assert model.state["out"]["code"].any()
    assert driver.call("sc_load", 0, 0, words([85])) == OK, "an access after it is an access"
    assert driver.read(0)["weight"][0] == 85
    assert driver.read(0)["weight"][1:] == model.state["in"]["weight"].tolist()[1:]


def test_only_a_network_that_consolidates_ends_tasks(sc_hw, tmp_path):
    """The header names the register of those that do."""
    for name, ends in (("tasks", True), ("network", False)):
        status, _, err = sc_hw("emit", *options_of(name, tmp_path), "--bus", "apb", "-o", tmp_path / name)
        assert status == 0, err
        registers = load_bus(load_emitted(tmp_path / name)).layout.map
        assert ("host_consolidate" in registers) == ends
        address = f"0x{registers['host_consolidate'].address:03x}" if ends else "0"
        assert f", {address},\n" in (tmp_path / name / "bus" / "sc_core_design.h").read_text()


def buffer_weights(buffer, own):
    """Yield the weights of the first part of a checkpoint."""
    (f,) = own.fields
    for word in buffer[3 : 3 + own.units]:
        value = word >> own.lows[f.name] & (1 << f.bits) - 1
        yield value - (1 << f.bits) if value > f.maximum else value


@check("the same in Python is in every run")
def test_checkpoints_and_refusals(compiled, tmp_path):
    driver = compiled("core")
    assert driver.call("sc_open") == OK
    golden, generator = Golden(driver.design), np.random.default_rng(3)
    golden.parts[""][1].load(random_state(driver.design.spec.state, driver.design.synapses, generator))
    driver.load(0, golden.state[""])
    size = driver.call("sc_checkpoint_words")
    assert size == 4 + 2 * driver.design.synapses
    buffer = words([0] * size)
    assert driver.call("sc_save", buffer) == OK
    assert driver.call("sc_clear") == OK
    for k in (1, 5, size - 1):  # another design's, damaged, a damaged checksum: nothing is written
        buffer[k] ^= 1 << 7
        assert driver.call("sc_restore", buffer) == ANOTHER
        buffer[k] ^= 1 << 7
    assert set(driver.read(0)["eligibility"]) == {0}
    assert driver.call("sc_restore", buffer) == OK
    equal(driver, golden)
    assert driver.call("sc_load", 1, 0, words([0, 0])) == RANGE
    assert driver.call("sc_read", 0, driver.design.synapses, words([0, 0])) == RANGE
    # A timestep without its events: the results never come, and that is said in time.
    driver.device.patience = 5
    beats = (Beats * 1)(Beats(words([0]), 1))
    got = (Beats * 1)(Beats(words([0] * 64), 64))
    pointers = (ctypes.POINTER(ctypes.c_uint32) * 1)(ctypes.cast(words([0]), ctypes.POINTER(ctypes.c_uint32)))
    assert driver.call("sc_step", pointers, beats, got) == TIMEOUT


@pytest.mark.parametrize("beats", few([5, 12], 1, "the other breach"))
def test_a_timestep_of_another_length_is_told(compiled, beats):
    """Of nine words; the driver marks the last that it is given."""
    driver = compiled("core")
    assert driver.call("sc_clear") == OK
    given = (Beats * 1)(Beats(words([0]), beats))
    values = (ctypes.POINTER(ctypes.c_uint32) * 1)(ctypes.cast(words([0]), ctypes.POINTER(ctypes.c_uint32)))
    assert driver.call("sc_step", values, given, None) == MARKS
    assert driver.call("sc_settle") == MARKS
    driver.device.patience = 3  # commands wait behind what the design waits for: that is told, not that they wait
    assert {driver.call("sc_step", values, given, None) for _ in range(3)} == {MARKS}
    driver.device.patience = 200
    assert driver.call("sc_reset") == OK
    assert driver.call("sc_step", values, (Beats * 1)(Beats(words([0]), 9)), None) == OK


def test_another_design_is_refused(compiled):
    driver = compiled("core")
    assert driver.call("sc_consolidate") == RANGE, "nothing of a core is told of the end of a task"
    read = driver.transport.read

    def lie(address, index, value):
        return lambda at: value if at == 4 * index else read(at)

    for index, value, expected in ((0, 0x54, NO_DESIGN), (4, 3, ABI), (9, read(36) ^ 1, DIGEST)):
        driver.transport.read = lie(0, index, value)
        assert driver.call("sc_open") == expected


def test_a_burst_stores_to_the_registers(compiled):
    """Each register has the last word that belongs there; these words, through the bus, are the golden model's timestep."""
    driver = compiled("core")
    at, burst = driver.layout.map, Burst()
    event, last, nothing = at["event"].address, at["event_last"].address, 0xDEADBEEF

    def stored(beats, values, data):
        window = words([nothing] * 1024)
        assert driver.call("sc_burst_begin", ctypes.byref(burst), window, beats) == OK
        driver.library.sc_burst_step(ctypes.byref(burst), values, words(data))
        return {4 * k: word for k, word in enumerate(window) if word != nothing}

    told = {at["command"].address: 0}
    assert stored(41, words([20]), [1, 2, 3]) == told | {at["command_reward"].address: 20, event + 60: 2, last + 32: 3}
    assert stored(144, None, range(1, 10)) == told | {event + 60: 8, last + 60: 9}
    assert stored(128, None, range(1, 9)) == told | {event + 60: 7, last + 60: 8}
    assert stored(3, None, [5]) == told | {last + 8: 5}
    golden, generator = Golden(driver.design), np.random.default_rng(5)
    assert driver.call("sc_clear") == OK
    for _ in range(3):
        beats, command, _ = golden.play(driver.layout, generator)
        tray = next(tray for tray in driver.layout.trays if tray.name == "event")
        word = sum(carried(tray, beat)[0] << 2 * k for k, beat in enumerate(beats["event"]))
        for address, value in sorted(stored(9, words([command["reward"] & 0xFF]), [word]).items()):
            driver.transport.write(address, value)
    assert driver.call("sc_burst_end") == OK
    equal(driver, golden)
    read = driver.transport.read
    driver.transport.read = lambda address: read(address) | (4 if address == at["events"].address else 0)
    assert driver.call("sc_burst_end") == TIMEOUT, "a word that was refused was lost"
    driver.transport.read, driver.device.patience = read, 3
    for _ in range(2):  # one is taken and has no events, one waits
        driver.transport.write(at["command"].address, 0)
    with pytest.raises(BusError):
        driver.transport.write(at["command"].address, 0)
    assert driver.call("sc_burst_end") == TIMEOUT
    assert driver.call("sc_reset") == OK
    assert driver.call("sc_burst_end") == OK, "what was refused before is nothing of the next burst"


def test_it_needs_nothing_of_a_system(compiled, tmp_path):
    """Firmware has no library: the object asks for no symbol."""
    folder = compiled("core").folder
    subprocess.run(["gcc", *FLAGS, "-c", str(folder / "sc_hw_driver.c"), "-o", str(tmp_path / "driver.o")], check=True)
    found = subprocess.run(["nm", "-u", str(tmp_path / "driver.o")], capture_output=True, text=True, check=True)
    assert found.stdout.replace("_GLOBAL_OFFSET_TABLE_", "").split() in ([], ["U"])
