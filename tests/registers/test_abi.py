"""The ABI: no address and no meaning moves without a new version; ``abi.txt`` holds what they are.

After a change that is meant: raise ``ABI`` in ``sc_hw/registers/layout.py``, and ``python -m tests.registers.test_abi``.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from sc_hw.config import build_config
from sc_hw.network_file import network_of
from sc_hw.network_folder import network_design
from sc_hw.registers.description import BitField, Register
from sc_hw.registers.layout import ABI, IDENTITY, MAGIC, PATIENCE, Layout, ends
from sc_hw.rtl.crossbar import CrossbarDesign
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.layer import LayerDesign
from sc_hw.rtl.stream import Item, Stream
from sc_hw_models.registry import get_rule

from ..networks.small import SMALL_FILE

GOLDEN = Path(__file__).with_name("abi.txt")


def designs():
    """A design of every kind, with items that fill a word, cross words, and share one."""
    stdp, stp, factor = get_rule("r_stdp"), get_rule("stp"), get_rule("three_factor")
    own = {rule: build_config(rule, {}) for rule in (stdp, stp, factor)}
    neurons = CoreDesign(name="dut_neurons", rule=stp, config=own[stp], synapses=6, lanes=2)
    sides = {"pre": 5, "post": 4, "lanes": 2}
    return {
        "core": CoreDesign(name="dut", rule=stdp, config=own[stdp], synapses=9),
        "lanes": CoreDesign(name="dut", rule=stdp, config=own[stdp], synapses=100, lanes=20, queued=True),
        "layer": LayerDesign(name="dut", rule=factor, config=own[factor], synapses=24, lanes=2, presynaptic=neurons),
        "crossbar": CrossbarDesign.made("dut", stdp, own[stdp], **sides),
        "addressed": CrossbarDesign.made("dut", stdp, own[stdp], addressed=True, **sides),
        "network": network_design(network_of(SMALL_FILE, option=""), "dut"),
    }


def layouts():
    for name, design in designs().items():
        for axi_stream in (False, True):
            streams = tuple(design.streams)
            yield (
                f"{name}{'_axi_stream' if axi_stream else ''}",
                Layout(name="dut", title=name, streams=streams, axi_stream=axi_stream, digest="0123456789abcdef" * 4),
            )


def line(register):
    """Return all that software relies on of a register: where it is, what may be done with it, and what that means."""
    moves = "moves" if register.moves else "holds"
    place = f"0x{register.address:03x} {register.name} x{register.count} {register.access} {register.stream or '-'} {moves}"
    fields = [
        f"{f.high}:{f.low} {f.name} {'signed' if f.signed else 'unsigned'} {f.reset} {f.meaning!r}" for f in register.fields
    ]
    return f"{place} {register.meaning!r} [{'; '.join(fields)}]"


def current():
    found = [f"abi {ABI}", f"magic {MAGIC.decode()} identity {IDENTITY} patience {PATIENCE}"]
    for name, layout in layouts():
        found += ["", f"{name}: {layout.map.size} bytes", *map(line, layout.map)]
    return "\n".join(found) + "\n"


def test_nothing_moved():
    golden = GOLDEN.read_text()
    assert golden.startswith(f"abi {ABI}\n"), "a new version: python -m tests.registers.test_abi, and look at what differs"
    assert current() == golden, "an address or a meaning moved: that is a new version of the ABI"


@pytest.mark.parametrize(
    "change", [{"address": 0x7FC}, {"access": "other"}, {"meaning": "x"}, {"count": 99}, {"name": "x"}, {"stream": "x"}]
)
def test_a_register_that_moves_is_found(change):
    golden = GOLDEN.read_text()
    for _, layout in layouts():
        assert all(line(register) in golden for register in layout.map)
        assert all(line(replace(register, **change)) not in golden for register in layout.map)
        assert all(line(replace(register, moves=not register.moves)) not in golden for register in layout.map)


@pytest.mark.parametrize("change", [{"low": 7}, {"bits": 5}, {"signed": True}, {"reset": 77}, {"meaning": "x"}, {"name": "x"}])
def test_a_field_that_moves_is_found(change):
    register = Register(name="a", address=0, access="rw", meaning="m", fields=(BitField(name="f", low=1, bits=2, meaning="n"),))
    assert line(replace(register, fields=(replace(register.fields[0], **change),))) != line(register)


def test_registers_stand_apart_and_every_stream_has_its_own():
    for name, layout in layouts():
        reached = {register.stream for register in layout.map if register.stream}
        assert reached == {stream.name for stream in layout.streams} - {stream.name for stream in layout.ports}, name
        for tray in layout.trays:
            assert [register.moves for register in tray.registers] == [False] * (len(tray.registers) - 1) + [True]
            assert bool(tray.ending) == (not tray.stream.gives and ends(tray.stream))
            held = sum(f.bits for register in tray.registers for f in register.fields)
            assert held == (tray.bits * tray.beats if tray.beats else tray.bits), (name, tray.name)
        same = {tray.name: tray.registers for tray in replace(layout, axi_stream=True).trays}
        assert all(same[tray.name] == tray.registers for tray in layout.trays if tray.name in same)


def test_streams_of_any_width_have_registers():
    """Nothing is known of a stream but its items: widths from a bit to several words."""
    for bits in (1, 2, 3, 15, 16, 17, 31, 32, 33, 64, 65, 300):
        items = (Item(name="first"), Item(name="second", bits=bits))
        streams = (
            Stream(name="orders", offered="", taken="", items=items),
            Stream(name="beats", several=True, offered="", taken="", items=items),
            Stream(name="answers", gives=True, several=True, offered="", taken="", items=(Item(name="last"), *items)),
        )
        layout = Layout(name="dut", title="", streams=streams, axi_stream=False, digest="00" * 32)
        held = {tray.name: sum(f.bits for r in tray.registers for f in r.fields) // max(1, tray.beats) for tray in layout.trays}
        assert held == {"orders": bits + 1, "beats": bits + 1, "answers": bits + 2}


if __name__ == "__main__":
    GOLDEN.write_text(current())
