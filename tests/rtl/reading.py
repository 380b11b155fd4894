"""What a reader of emitted Verilog stumbles over: each function returns one line for each place."""

import re
from collections.abc import Iterator, Mapping

__all__ = ["doubles", "looks", "misnumbered"]

LINE = 120
_SMELLS = {
    r"\{1\{": "a repetition of one",
    r"~\s*\(?\s*~": "a negation of a negation",
    r"\b0'[bdh]": "a constant without bits",
    r"\[0:0\]": "a range of one bit",
    r"\[-": "a range that runs below 0",
    r"\bmod 1\b|\bdiv 1\b": "a division by one",
    r"\| \d+'h0+;": "a gate that changes nothing",
    r"\w\s*\(\((?:[^()])*\)\)": "brackets in brackets",
    r"[ \t]$": "a blank at the end",
    r"\t": "a tab",
    r"\{ \{": "a blank between braces",
}


def looks(name: str, text: str) -> Iterator[str]:
    """Yield what is wrong with the looks of a file: wide lines, smells, ports without meaning, code in comments."""
    lines = text.split("\n")
    if not lines[0].startswith(f"// {name}: ") or lines[-1] or lines[-2] != "`resetall":
        yield f"{name}: does not begin with its name and end with `resetall"
    for number, line in enumerate(lines, 1):
        at = f"{name}:{number}"
        if len(line) > LINE:
            yield f"{at}: {len(line)} characters"
        code, _, comment = line.partition("//")
        for smell, what in _SMELLS.items():
            if re.search(smell, line if what.startswith(("a blank", "a tab")) else comment if "division" in what else code):
                yield f"{at}: {what}: {line.strip()}"
        if re.search(r"=.*;\s*$|\bassign\b|^\s*(?:wire|reg) ", comment):
            yield f"{at}: code in a comment: {comment.strip()}"
        if not line and not lines[number - 2] and number < len(lines):
            yield f"{at}: a second empty line"
    (head,) = re.findall(r"^module \w+(?: #\(.*?\n\))? \((.*?)^\);$", text, re.MULTILINE | re.DOTALL)
    for line in head.split("\n"):
        continued = re.fullmatch(r" {20,}// \S.*", line)
        if line and not continued and not re.fullmatch(r"  (?:input|output) +(?:wire|reg) .*\b\w+,? +// \S.*", line):
            yield f"{name}: a port without a line of its own and a meaning: {line.strip()}"


def doubles(files: Mapping[str, str]) -> Iterator[str]:
    """Yield pairs of files that differ in the name of their module alone.

    What a core has of its own is left out, because a part stays a core that can be used alone: memories, which are swapped one
    by one, and the random register.
    """
    seen: dict[str, str] = {}
    for path, text in files.items():
        name = path.rpartition("/")[2].removesuffix(".v")
        if re.search(r"_memory(?:_\d+)?$|_random$", name):
            continue
        body = re.sub(r"//[^\n]*", "", text).replace(name, "")
        if body in seen:
            yield f"{path} is {seen[body]} again"
        seen.setdefault(body, path)


def misnumbered(name: str, text: str, latency: int) -> Iterator[str]:
    """Yield the registers of a datapath whose number is not that of the clock which they end.

    A register ``x_k`` must hold what registers ``y_<k-1>`` and nothing else lead to; inputs count as clock 0, and an output
    that is a register itself as the last one.
    """
    text = re.sub(r"//[^\n]*", "", text)
    head, _, body = text.partition("\n);\n")
    inputs = set(re.findall(r"input +wire [^,\n]*?(\w+)\s*(?:,|$)", head, re.MULTILINE)) - {"clk", "enable"}
    registers = dict.fromkeys(re.findall(r"output reg [^,\n]*?(\w+)\s*(?:,|$)", head, re.MULTILINE), latency)
    for names in re.findall(r"^ *reg (?:signed )?(?:\[[^\]]*\] )?([\w, \n]+);", body, re.MULTILINE):
        for one in re.split(r",\s*", names):
            found = re.search(r"_(\d+)$", one)
            if not found:
                yield f"{name}: register {one} has no number"
            registers[one] = int(found[1]) if found else -1
    reads: dict[str, set[str]] = {}
    for target, value in re.findall(r"(?:\bwire(?: signed)?(?: \[[^\]]*\])?|\bassign) (\w+|\{[^}]*\}) =\s*([^;]*);", body):
        for one in re.findall(r"\w+", target):
            reads.setdefault(one, set()).update(re.findall(r"[A-Za-z_]\w*", value))
    for target, value in re.findall(r"(?:^ *|\bif \(enable\) )(\w+) <=\s*([^;]*);", body, re.MULTILINE):
        reads[target] = set(re.findall(r"[A-Za-z_]\w*", value))
    for pins in re.findall(r"\w+ #\([^;]*?\) \w+ \(([^;]*)\);", body):  # helpers: what goes in, what comes out
        given = re.findall(r"\.(\w+)\(([^()]*(?:\([^()]*\))?[^()]*)\)", pins)
        ((_, out),) = [pin for pin in given if pin[0] in ("result", "position")]
        reads.setdefault(out, set()).update(
            word for pin, value in given if (pin, value) != ("result", out) for word in re.findall(r"[A-Za-z_]\w*", value)
        )

    def clocks(signal: str, above: frozenset[str] = frozenset()) -> set[int]:
        """Return the clocks that a signal's value comes from."""
        if signal in registers:
            return {registers[signal]}
        if signal in inputs:
            return {0}
        return {clock for one in reads.get(signal, ()) if one not in above for clock in clocks(one, above | {signal})}

    seen: dict[str, set[int]] = {}
    for register, number in registers.items():
        sources = {clock for one in reads.get(register, ()) for clock in seen.setdefault(one, clocks(one))}
        if sources - {number - 1}:
            yield f"{name}: {register} holds what clocks {sorted(sources)} gave"
        if register not in reads:
            yield f"{name}: {register} is never set"
