"""What is counted in RTL: small designs whose figures can be told by hand."""

import pytest
from amaranth.back import rtlil
from amaranth.hdl import Cat, Const, Module, Mux, Signal

from sc_hw.estimate.fabric import Blocks, fabric_of
from sc_hw.estimate.gates import Multiplier, gates_of
from sc_hw.estimate.quantities import Memory
from sc_hw.estimate.rtlil import read_module
from sc_hw.targets import load_target


def counted(build, ports):
    m = Module()
    build(m)
    return gates_of(read_module(rtlil.convert(m, ports=ports, name="m", emit_src=False)), {})


def gate(expression, width=8, out=1):
    """Return what a function of a signal takes."""
    a, y = Signal(width), Signal(out)

    def build(m):
        m.d.comb += y.eq(expression(a))

    return counted(build, [a, y])


@pytest.mark.parametrize(
    ("expression", "four", "six"),
    [
        (lambda a: a[0] & a[1], 1, 1),
        (lambda a: a[:4].all(), 1, 1),
        (lambda a: a[:5].any(), 2, 1),
        (lambda a: a.xor(), 3, 2),
        (lambda a: a == 77, 3, 2),
        (lambda a: Mux(a[0], a[1], a[2]), 1, 1),
        (lambda a: Mux(a[0], Mux(a[1], a[2], a[3]), Mux(a[1], a[4], a[5])), 3, 1),
        (lambda a: a[0], 0, 0),
        (lambda a: a[0] & Const(0, 1), 0, 0),
        (lambda a: ~a[0], 1, 1),
    ],
)
def test_gates_are_packed(expression, four, six):
    found = gate(expression)
    assert (found.packed(4), found.packed(6)) == (four, six)


def test_sums():
    found = gate(lambda a: a[:4] + a[4:], out=5)
    assert (found.carries, found.chains, found.packed(4)) == (5, 1, 0)
    assert gate(lambda a: a[:4] + a[4:], out=3).carries == 3  # what nobody reads is not made
    assert gate(lambda a: Cat(Const(0, 4), a[:4]) + a[4:], out=9).carries <= 5  # below the lowest sum there are only wires
    assert gate(lambda a: a - 1, out=8).carries == 8


def test_registers():
    def shift(m, d, enable, reset, y):
        states = [Signal(4, name=f"s{k}", reset_less=True) for k in range(3)]
        twin = Signal(4, name="twin", reset_less=True)
        with m.If(enable):
            m.d.sync += [states[0].eq(Mux(reset, 5, d)), twin.eq(Mux(reset, 5, d)), states[1].eq(states[0]), states[2].eq(twin)]
        m.d.comb += y.eq(states[1] ^ states[2])

    d, enable, reset, y = Signal(4), Signal(), Signal(), Signal(4)
    found = counted(lambda m: shift(m, d, enable, reset, y), [d, enable, reset, y])
    assert found.registers == 8  # those that always hold the same are one
    assert found.controls == 2  # enable and reset are inputs of the flip-flop
    assert found.packed(4) <= 4


def test_products():
    def product(s, x, y):
        a, b, out = Signal(s), Signal(x), Signal(y)

        def build(m):
            m.d.comb += out.eq(a.as_signed() * b)

        (found,) = counted(build, [a, b, out]).multipliers
        return found

    # Yosys 0.70 was run on these: the form with fewer partial products is taken.
    assert product(9, 5, 14) == Multiplier(9, 6, 14, False)
    assert product(16, 4, 20) == Multiplier(20, 4, 20, True)
    assert product(8, 1, 9) == Multiplier(9, 1, 9, True)
    a = Signal(16)
    out = Signal(32)

    def square(m):
        m.d.comb += out.eq(a * a)

    assert counted(square, [a, out]).multipliers == [Multiplier(16, 16, 32, True)]


@pytest.mark.parametrize(
    ("target", "memory", "blocks"),
    [
        ("ice40-hx8k", (1024, 52), Blocks(units=13, deep=1)),  # 1,024 words of 4 bits: no multiplexer behind them
        ("ice40-hx8k", (600, 34), Blocks(units=7, deep=3)),  # bits of several depths share a block
        ("ecp5-25k", (1024, 52), Blocks(units=3, deep=1)),
        ("ecp5-25k", (16, 33), Blocks(cells=9, deep=1)),
        ("gowin-gw1n9", (2048, 8), Blocks(units=1, deep=1)),
        ("xc7a35t", (1024, 67), Blocks(units=2, deep=1)),
        ("xc7a35t", (4096, 9), Blocks(units=1, deep=1)),
        ("ice40-hx8k", (3, 4), Blocks()),
    ],
)
def test_memories(target, memory, blocks):
    assert fabric_of(load_target(target)).memory(Memory(*memory)) == blocks


@pytest.mark.parametrize(
    ("target", "product", "units"),
    [
        ("ecp5-25k", (30, 30, 60, False), 4),
        ("ecp5-25k", (19, 4, 23, False), 1),  # what is left of 19 is one bit, of which no multiplier is made
        ("ecp5-25k", (20, 4, 20, True), 2),
        ("gowin-gw1n9", (30, 30, 60, False), 4),
        ("gowin-gw1n9", (8, 4, 12, False), 0.5),
        ("ice40-up5k", (5, 5, 10, False), 0),
        ("xc7a35t", (16, 16, 32, True), 1),
        ("ice40-hx8k", (16, 16, 32, True), 0),
    ],
)
def test_multipliers(target, product, units):
    assert fabric_of(load_target(target)).product(Multiplier(*product)).units == units


def test_an_operator_that_is_not_known_is_named():
    text = "module \\m\n  wire width 4 input 0 \\a\n  wire width 4 output 1 \\y\n  cell $div $1\n    connect \\A \\a [3:0]\n"
    with pytest.raises(ValueError, match=r"\$div"):
        gates_of(read_module(text + "    connect \\B \\a [3:0]\n    connect \\Y \\y\n  end\nend\n"), {})
