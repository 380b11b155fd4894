"""A module as gates, registers, carry chains and multipliers, and how many LUTs of K inputs the gates fill if packed greedily.

This is what synthesis starts from, not what it ends in: constants are folded and equal gates are one, but nothing is rewritten.
The fit says how much of it a device takes.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .logic import ONE, ZERO, Logic
from .rtlil import Assign, Bit, Cell, Module, Switch

__all__ = ["Gates", "Multiplier", "Placed", "gates_of"]

_CHAINED = ("$add", "$sub", "$neg", "$mul", "$lt", "$le", "$gt", "$ge")


@dataclass(frozen=True)
class Multiplier:
    """A product: the bits of its factors, the wider first, of the product those that are used; whether factors are unsigned."""

    a: int
    b: int
    product: int
    unsigned: bool


@dataclass(frozen=True)
class Placed:
    """A module inside: its name, its parameters, which bits of its inputs are constant, and which of its outputs are used.

    ``shared`` are the bits of its inputs that each other instance of the module gets too.
    """

    name: str
    parameters: tuple[tuple[str, int], ...]
    constants: frozenset[tuple[str, int, str]]
    used: frozenset[tuple[str, int]]
    shared: frozenset[tuple[str, int]] = frozenset()


@dataclass
class Gates:
    """What a module holds. ``nodes[n]`` are the nodes a gate joins, none for what is no gate; ``roots`` stay nets."""

    nodes: list[tuple[int, ...]]
    roots: set[int] = field(default_factory=set)
    registers: int = 0
    shared_registers: int = 0  # of them those that every instance of the module has alike
    carries: int = 0
    chains: int = 0
    controls: int = 0
    multipliers: list[Multiplier] = field(default_factory=list)
    instances: list[Placed] = field(default_factory=list)

    def packed(self, inputs: int) -> int:
        """Return how many LUTs of that many inputs the gates fill, a gate going into the one behind where it alone reads it."""
        readers = [0] * len(self.nodes)
        for root in self.roots:
            readers[root] = 1
        for node in range(len(self.nodes) - 1, ONE, -1):  # what a gate joins was made before it
            for fanin in self.nodes[node] if readers[node] else ():
                readers[fanin] += 1
        leaves: list[frozenset[int]] = []
        luts = {root for root in self.roots if self.nodes[root]}
        for node, fanins in enumerate(self.nodes):
            found = frozenset(fanin for fanin in fanins if fanin > ONE) if readers[node] else frozenset()
            alone = [n for n in found if self.nodes[n] and readers[n] == 1 and n not in self.roots]
            for inner in sorted(alone, key=lambda n: (len(leaves[n]), n)):
                merged = (found - {inner}) | leaves[inner]
                if len(merged) <= inputs:
                    found = merged
            luts.update(n for n in found if self.nodes[n])
            leaves.append(found)
        return len(luts)


class _Builder:
    def __init__(self, module: Module, placed: Placed | None, outputs: Mapping[str, Collection[str]]) -> None:
        self._logic = Logic()
        self.gates = Gates(nodes=self._logic.nodes)
        self._module, self._placed, self._outputs = module, placed, outputs
        self._drivers: dict[Bit, tuple[str, Cell | Assign | list[Assign | Switch], int]] = {}
        self._known: dict[Bit, int] = {"0": ZERO, "1": ONE, "x": ZERO}
        if placed:
            self._known |= {(f"\\{name}", place): int(value == "1") for name, place, value in placed.constants}
        self._carried: dict[int, int] = {}  # by cell: the highest bit that is used
        self._todo: list[Bit] = []
        self._controls: set[int] = set()
        self._same: dict[int, int] = {}
        self._fed: dict[int, tuple[int, ...]] = {}  # by register: its data, and what enables or resets it
        for connection in module.connections:
            self._drive(connection.target, "wire", connection)
        for body in module.processes:
            targets = {bit: None for statement in _assigns(body) for bit in statement.target}
            self._drive(list(targets), "process", body)
        for cell in module.cells:
            if cell.kind.startswith("$"):
                self._drive(cell.pins.get("Y", cell.pins.get("Q", [])), cell.kind, cell)

    def _drive(self, bits: Sequence[Bit], kind: str, what: Cell | Assign | list[Assign | Switch]) -> None:
        for place, bit in enumerate(bits):
            self._drivers[bit] = kind, what, place

    def build(self) -> Gates:
        """Follow everything back from what leaves the module."""
        module = self._module
        outputs = [(name, place) for name in module.outputs for place in range(module.widths[name])]
        if self._placed:
            outputs = [bit for bit in outputs if (bit[0][1:], bit[1]) in self._placed.used]
        roots = [self.node(bit) for bit in outputs]
        instances = [cell for cell in module.cells if not cell.kind.startswith("$")]
        roots += [
            self.node(bit) for cell in instances for pin, bits in cell.pins.items() if not self._leaves(cell, pin) for bit in bits
        ]
        self.gates.roots |= set(roots)
        self._registers()
        self._count_carries()
        self._count_registers()
        self.gates.roots |= self._controls
        self.gates.controls = len(self._controls)
        alike = self._alike()
        everywhere: dict[tuple[str, str, int], set[Bit]] = {}
        for cell in instances:
            for pin, bits in cell.pins.items():
                for place, bit in enumerate(bits):
                    everywhere.setdefault((cell.kind, pin, place), set()).add(bit)
        self.gates.instances = [self._inside(cell, alike, everywhere) for cell in instances]
        return self.gates

    def _alike(self) -> set[int]:
        """Return the nodes that hold the same in every instance of this module, and count the registers among them."""
        alike = {ZERO, ONE}
        if self._placed:
            alike |= {node for name, place in self._placed.shared if (node := self._known.get((f"\\{name}", place))) is not None}
        while True:
            before = len(alike)
            alike |= {own for own, fed in self._fed.items() if alike.issuperset(fed)}
            for node, fanins in enumerate(self.gates.nodes):
                if fanins and alike.issuperset(fanins):
                    alike.add(node)
            if len(alike) == before:
                break
        self.gates.shared_registers = len({same for own, same in self._same.items() if own in alike})
        return alike

    def _leaves(self, cell: Cell, pin: str) -> bool:
        """Return whether a pin of an instance is an output of it."""
        return pin in self._outputs[cell.kind[1:]]

    def _inside(self, cell: Cell, alike: set[int], everywhere: Mapping[tuple[str, str, int], set[Bit]]) -> Placed:
        constants, used, shared = set(), set(), set()
        for pin, bits in cell.pins.items():
            for place, bit in enumerate(bits):
                if self._leaves(cell, pin):
                    used |= {(pin, place)} if bit in self._known else set()
                elif (node := self.node(bit)) <= ONE:
                    constants.add((pin, place, str(node)))
                elif len(everywhere[cell.kind, pin, place]) == 1 and (node in alike or not self._placed):
                    shared.add((pin, place))
        parameters = tuple(sorted(cell.parameters.items()))
        return Placed(cell.kind[1:], parameters, frozenset(constants), frozenset(used), frozenset(shared))

    def _registers(self) -> None:
        """Count the registers that were reached, and what feeds them beside the enable and the reset that each device has."""
        while self._todo:
            q = self._todo.pop()
            _, cell, place = self._drivers[q]
            if not isinstance(cell, Cell):
                raise ValueError("a register that no cell makes")
            data, own = self.node(cell.pins["D"][place]), self._known[q]
            controls = []
            while data in self._logic.muxes:
                condition, yes, no = self._logic.muxes[data]
                held = self._without(data, own)
                if held != data:  # it keeps its value in some case: a clock enable
                    data = held
                elif yes in (ZERO, ONE) or no in (ZERO, ONE):  # a constant: a synchronous reset or set
                    data = no if yes in (ZERO, ONE) else yes
                else:
                    break
                controls.append(condition)
            self._controls.update(controls)
            self.gates.roots.add(data)
            if data > ONE:
                self._fed[own] = data, *controls

    def _count_registers(self) -> None:
        """Count the registers, those that always hold the same being one."""
        same: dict[int, int] = {}
        while True:
            found: dict[tuple[int, ...], int] = {}
            merged = {own: found.setdefault((same.get(fed[0], fed[0]), *fed[1:]), own) for own, fed in self._fed.items()}
            if merged == same:
                break
            same = merged
        self._same = same
        self.gates.registers = len(set(same.values()))

    def _without(self, node: int, own: int) -> int:
        """Return what a tree of multiplexers gives where it does not give ``own``."""
        if node not in self._logic.muxes:
            return node
        condition, yes, no = self._logic.muxes[node]
        if own in (yes, no):
            return self._without(no if yes == own else yes, own)
        fewer = self._without(yes, own), self._without(no, own)
        return node if fewer == (yes, no) else self._logic.mux_(condition, *fewer)

    def node(self, bit: Bit) -> int:
        """Return the node of a bit."""
        known = self._known.get(bit)
        if known is not None:
            return known
        driver = self._drivers.get(bit)
        if driver is None:
            return self._leaf(bit)
        kind, what, place = driver
        if kind == "$dff":
            self._todo.append(bit)
            return self._leaf(bit)
        if kind in _CHAINED and isinstance(what, Cell):
            return self._chained(bit, what, place)
        result = self._gate(kind, what, place, bit)
        self._known[bit] = result
        return result

    def _leaf(self, bit: Bit) -> int:
        self._known[bit] = self._logic.leaf()
        return self._known[bit]

    def _meets(self, value: Sequence[Bit], patterns: Sequence[str]) -> int:
        """Return whether a value meets one of the patterns."""
        if not patterns:
            return ONE
        terms = []
        for pattern in patterns:
            nodes = [(self.node(bit), want) for bit, want in zip(value, reversed(pattern), strict=True) if want != "-"]
            terms.append(self._logic.tree_("and", [node if want == "1" else self._logic.not_(node) for node, want in nodes]))
        return self._logic.tree_("or", terms)

    def _process(self, body: Sequence[Assign | Switch], bit: Bit, start: int) -> int:
        """Return what a body makes of a bit that was ``start`` before it."""
        value = start
        for statement in body:
            if isinstance(statement, Assign):
                if bit in statement.target:
                    value = self.node(statement.value[statement.target.index(bit)])
            elif any(bit in a.target for a in _assigns([statement])):
                before, chain = value, value
                for patterns, inner in reversed(statement.cases):
                    made = self._process(inner, bit, before)
                    chain = made if made == chain else self._logic.mux_(self._meets(statement.value, patterns), made, chain)
                value = chain
        return value

    def _gate(self, kind: str, what: Cell | Assign | list[Assign | Switch], place: int, bit: Bit) -> int:
        if isinstance(what, Assign):
            return self.node(what.value[place])
        if isinstance(what, list):
            return self._process(what, bit, ZERO)
        width = len(what.pins["Y"])
        match kind:
            case "$not":
                return self._logic.not_(self.node(what.operand("A", width)[place]))
            case "$and" | "$or" | "$xor":
                operands = (self.node(what.operand(pin, width)[place]) for pin in "AB")
                return {"$and": self._logic.and_, "$or": self._logic.or_, "$xor": self._logic.xor_}[kind](*operands)
            case "$mux":
                s = self.node(what.pins["S"][0])
                return self._logic.mux_(s, self.node(what.pins["B"][place]), self.node(what.pins["A"][place]))
            case "$shl" | "$shr" | "$sshr":
                return self._shifted(kind, what, place)
            case "$eq" | "$ne":
                both = max(len(what.pins["A"]), len(what.pins["B"]))
                pairs = zip(what.operand("A", both), what.operand("B", both), strict=True)
                return self._logic.tree_("or", [self._logic.xor_(self.node(a), self.node(b)) for a, b in pairs])
            case "$reduce_and" | "$reduce_or" | "$reduce_xor" | "$reduce_bool":
                gate = kind.removeprefix("$reduce_").replace("bool", "or")
                return self._logic.tree_(gate, [self.node(a) for a in what.pins["A"]])
        raise ValueError(f"{kind}: an operator that the estimate does not know")

    def _shifted(self, kind: str, cell: Cell, place: int) -> int:
        """Return a bit of a shift, level by level of its amount."""
        width, amount = len(cell.pins["Y"]), cell.pins["B"]
        top: Bit = cell.pins["A"][-1] if kind == "$sshr" and cell.parameters.get("A_SIGNED") else "0"
        bits: list[int] = [self.node(bit) for bit in cell.operand("A", max(width, len(cell.pins["A"])))]
        fill, step = self.node(top), 1 if kind != "$shl" else -1
        for level, control in enumerate(amount):
            s, far = self.node(control), step << level

            def at(k: int, bits: list[int] = bits) -> int:
                return bits[k] if 0 <= k < len(bits) else (fill if k >= len(bits) else ZERO)

            bits = [self._logic.mux_(s, at(k + far), own) for k, own in enumerate(bits)]
        return bits[place]

    def _chained(self, bit: Bit, what: Cell, place: int) -> int:
        """Return the leaf of a bit that a carry chain or a multiplier makes; where a sum is one of its operands, that."""
        kind = what.kind
        if kind in ("$add", "$sub"):
            a, b = ([self.node(x) for x in what.operand(pin, place + 1)] for pin in "AB")
            if not any(b) or (kind == "$add" and not any(a)):
                return self._known.setdefault(bit, a[place] if not any(b) else b[place])
        self._carried[id(what)] = max(self._carried.get(id(what), 0), place)
        return self._leaf(bit)

    def _count_carries(self) -> None:
        """Count the chains up to the highest bit that is used, their operands being nets of their own."""
        done: set[int] = set()
        while left := [c for c in self._module.cells if id(c) in self._carried and id(c) not in done]:
            for cell in left:
                done.add(id(cell))
                self._chain(cell, self._carried[id(cell)] + 1)
            self._registers()

    def _product(self, cell: Cell, used: int) -> Multiplier:
        """Return a product: a factor under a sign that is always 0 is unsigned."""
        bits = {pin: cell.pins[pin] for pin in "AB"}
        plain = {pin for pin in "AB" if not cell.parameters.get(f"{pin}_SIGNED")}
        for pin in {"A", "B"} - plain:
            if self.node(bits[pin][-1]) == ZERO:
                bits[pin] = bits[pin][:-1]
                plain.add(pin)
        widths = [len(bits[pin]) for pin in "AB"]
        if len(plain) == 1:  # Yosys (wreduce) takes what has fewer partial products: a bit more of one, or all of the product
            narrow, own = (len(bits[pin]) for pin in (*plain, *({"A", "B"} - plain)))
            widths, signed = ([own, narrow + 1], True) if narrow * narrow > own else ([len(cell.pins["Y"]), narrow], False)
        else:
            signed = not plain
        return Multiplier(max(widths), min(widths), used, not signed)

    def _chain(self, cell: Cell, width: int) -> None:
        gates = self.gates
        if cell.kind == "$mul":
            for pin in "AB":
                gates.roots |= {self.node(x) for x in cell.pins[pin]}
            gates.multipliers.append(self._product(cell, width))
            return
        if cell.kind not in ("$add", "$sub", "$neg"):
            width = max(len(cell.pins["A"]), len(cell.pins["B"]))
        if cell.kind == "$neg":
            a, b = [ZERO] * width, [self.node(x) for x in cell.operand("A", width)]
        else:
            a, b = ([self.node(x) for x in cell.operand(pin, width)] for pin in "AB")
        first = next((k for k in range(width) if b[k] != ZERO and not (cell.kind == "$add" and a[k] == ZERO)), width)
        gates.carries += width - first
        gates.chains += width > first
        gates.roots |= {*a[first:], *b[first:]}


def _assigns(body: Iterable[Assign | Switch]) -> Iterable[Assign]:
    for statement in body:
        if isinstance(statement, Assign):
            yield statement
        else:
            for _, inner in statement.cases:
                yield from _assigns(inner)


def gates_of(module: Module, outputs: Mapping[str, Collection[str]], placed: Placed | None = None) -> Gates:
    """Return what a module holds, as far as anything that leaves it depends on it, where it is ``placed`` or by itself.

    ``outputs`` names the outputs of each module that may be inside.
    """
    return _Builder(module, placed, outputs).build()
