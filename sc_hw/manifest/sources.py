"""What the Verilog of a folder may say: only what means the same to every tool, and what acts on nothing outside the design.

A folder's Verilog may be edited by hand and is then given to a simulator, a prover and synthesis. So it is read here first, by
allow-lists: of system functions, compiler directives, keywords, attributes and comments that speak to a tool, and of constructs
(grammar.py). What a memory holds at power-up is taken in the emitted form alone (rtl/contents.py). What is not listed is refused:
tasks that run or read something (``$system``, ``$readmemh``, DPI, ``$c``), text that only some tools see (`` `ifdef``,
``translate_off``), and every macro, in which any of these could hide. ``$`` tasks, strings and DPI alone can be allowed, for
simulation.
"""

import hashlib
import re

from ..errors import UserError, one_line
from ..rtl.contents import without_contents
from ..rtl.keywords import VERILOG_KEYWORDS
from .grammar import check_grammar

__all__ = ["check_verilog"]

_FUNCTIONS = frozenset({"$signed", "$clog2"})
_DIRECTIVES = frozenset({"`resetall", "`timescale", "`default_nettype"})
# Not src: a proof asks Yosys in which file a module stands, and would be told what the attribute says.
_ATTRIBUTES = frozenset(
    {"keep", "keep_hierarchy", "no_rw_check", "ram_block", "ram_style", "rom_style", "syn_ramstyle", "syn_romstyle"}
)
# The words of what our generators write (see grammar.py), and of what simulation alone may have.
_KEYWORDS = frozenset(
    """
    always assign begin case default else end endcase endgenerate endmodule for generate genvar if initial input integer
    localparam module output parameter posedge reg signed wire
    """.split()  # noqa: SIM905 - as in keywords.py
)
_SIMULATION = frozenset(
    """
    automatic chandle context endfunction endtask export final function import pure real repeat return static string task
    unsigned void while
    """.split()  # noqa: SIM905
)
_FLAG = "sc-hw sim --allow-system-tasks simulates it all the same"

_TOKEN = re.compile(
    r"""
      (?P<comment>//[^\n]*|/\*.*?\*/)
    | (?P<attribute>\(\*(?!\s*\)).*?\*\))
    | (?P<name>[A-Za-z_][A-Za-z0-9_$]*)
    | (?P<system>\$[A-Za-z0-9_$]*)
    | (?P<directive>`\S*)
    | (?P<escaped>\\\S*)
    | (?P<string>"(?:\\[^\n]|[^"\\\n])*")
    | (?P<wrong>/\*|\(\*(?!\s*\))|"|[^\x09\x0a\x0d\x20-\x7e])  # what nothing closes, and what is neither text nor blank
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_VALUE = r"(?:\d+|\"[A-Za-z0-9_./:|, -]*\")"
_ATTRIBUTE = re.compile(rf"\s*([A-Za-z_]\w*)(?:\s*=\s*{_VALUE})?\s*", re.ASCII)
_ESCAPED = re.compile(r"\\[A-Za-z_][A-Za-z0-9_.:\[\]$]*", re.ASCII)
_LINT = re.compile(r"// verilator lint_(?:off|on) UNUSED(?:SIGNAL|PARAM)")
# A comment that a tool obeys begins with its name; the last three words are looked for anywhere.
_OBEYED = re.compile(
    r"[\s,/*]*(?:verilator|synopsys|synthesis|pragma|ambit|cadence|mentor|vcs|xilinx|altera|exemplar)"
    r"|.*(?:translate_o|full_case|parallel_case)",
    re.IGNORECASE | re.DOTALL,
)
_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")

_ALLOWED: set[bytes] = set()  # digests of texts that were read and allowed: the same modules are in many folders of one process


def check_verilog(text: str, where: str, *, system_tasks: bool = False) -> None:
    """Raise ``UserError`` that names the first word of a Verilog text that is not allowed, ``where`` it is and in which line.

    ``system_tasks`` allows system tasks and functions, strings, and DPI, which act on files and processes.
    """
    if found := re.search(r"\r(?!\n)", text):
        raise _refused(text, where, found.start(), "a carriage return alone", "where a line ends differs between tools")
    text = without_contents(text.replace("\r\n", "\n"))
    digest = hashlib.sha256(f"{system_tasks} {text}".encode()).digest()
    if digest in _ALLOWED:
        return
    for token in _TOKEN.finditer(text):
        word = token[0]
        match token.lastgroup:
            case "name" if word not in VERILOG_KEYWORDS or word in _KEYWORDS:
                continue
            case "name" if word in _SIMULATION:
                allowed, why = system_tasks, f"not Verilog that becomes hardware; {_FLAG}"
            case "name":
                allowed, why = False, "not Verilog that every tool here reads as the same hardware"
            case "system":
                allowed = word in _FUNCTIONS or (system_tasks and len(word) > 1)
                why = f"a system task or function other than {', '.join(sorted(_FUNCTIONS))}; {_FLAG}"
            case "string":
                allowed, why = system_tasks and '"""' not in word + text[token.end() : token.end() + 1], f"a string; {_FLAG}"
            case "directive":
                allowed, why = word in _DIRECTIVES, f"allowed are {', '.join(sorted(_DIRECTIVES))}, and no macro"
            case "comment":
                plain = word.rstrip(" \t")
                hidden = plain.endswith("\\") or _HIDDEN.search(plain)
                allowed = not hidden and (bool(_LINT.fullmatch(plain)) or not _OBEYED.match(plain))
                why = "a comment that a tool may obey, or with characters that do not show"
            case "attribute":
                parts = [_ATTRIBUTE.fullmatch(part) for part in word[2:-2].split(",")]
                allowed = all(part and part[1] in _ATTRIBUTES for part in parts)
                why = f"an attribute other than {', '.join(sorted(_ATTRIBUTES))}"
            case "escaped":
                allowed, why = bool(_ESCAPED.fullmatch(word)), "an escaped name of other than letters, digits and _ . : [ ]"
            case "wrong":
                allowed, why = False, "never closed, or no character of Verilog outside a comment"
            case _:
                continue
        if not allowed:
            raise _refused(text, where, token.start(), word, why)
    check_grammar(text, where, system_tasks=system_tasks)
    _ALLOWED.add(digest)


def _refused(text: str, where: str, position: int, word: str, why: str) -> UserError:
    line = text.count("\n", 0, position) + 1
    return UserError(f"{where}:{line}: {one_line(word)[:60]!r} is not allowed ({why}); correct the file or emit the core again")
