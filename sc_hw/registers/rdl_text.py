"""Registers in SystemRDL 2.0, from which other generators go on."""

from .description import BitField, Register
from .layout import ABI, Layout

__all__ = ["rdl_text"]

_ACCESS = {"ro": "sw = r; hw = w", "rw": "sw = rw; hw = r", "wo": "sw = w; hw = r", "w1c": "sw = rw; hw = w; onwrite = woclr"}
# The words that the language keeps.
_KEPT = frozenset(
    """
    abstract accesstype addressingtype addrmap alias all alternate bit boolean bothedge byte compact component componentwidth
    constraint default encode enum external false field fullalign hw inside int internal level longint mem na negedge new
    nonsticky number onreadtype onwritetype posedge precedencetype property r rclr real ref reg regalign regfile rset ruser
    rw rw1 shortint shortreal signal signed string struct sw this true type unsigned w w1 wclr with within woclr woset wot wr
    wset wuser wzc wzs wzt
    """.split()  # noqa: SIM905 - a list of words
)


def rdl_text(layout: Layout) -> str:
    """Return an address map. Names that the language keeps are escaped."""
    lines = [
        f"// Registers of {layout.name}, ABI {ABI}. Emitted by sc-hw; belongs to whoever emitted it.",
        f"addrmap {_name(layout.name)} {{",
        f'  name = "{layout.name}";',
        f'  desc = "{_quoted(layout.title)}";',
        "  default regwidth = 32;",
        "  default accesswidth = 32;",
    ]
    for register in layout.map:
        lines += _register(register)
    return "\n".join([*lines, "};", ""])


def _register(register: Register) -> list[str]:
    several = f"[{register.count}]" if register.count > 1 else ""
    fields = [_field(register, f) for f in register.fields]
    place = f"{_name(register.name)}{several} @ 0x{register.address:x}{' += 0x4' if several else ''}"
    kind = "external reg" if register.moves else "reg"  # what a read does to it is its stream's affair
    return [f'  {kind} {{ desc = "{_quoted(register.meaning)}";', *fields, f"  }} {place};"]


def _field(register: Register, f: BitField) -> str:
    moved = "; onread = ruser" if register.moves and register.access == "ro" else ""
    reset = "" if f.reset is None else f" = 0x{f.reset:x}"
    kind = f'{_ACCESS[register.access]}{moved}; desc = "{_quoted(f.meaning)}";'
    return f"    field {{ {kind} }} {_name(f.name)}[{f.high}:{f.low}]{reset};"


def _name(name: str) -> str:
    return f"\\{name}" if name in _KEPT else name


def _quoted(text: str) -> str:
    return text.replace("\\", "").replace('"', "'")
