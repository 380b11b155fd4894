"""Draw the pictures of these pages: ``python docs/pictures.py`` writes them into docs/images.

Those of designs are drawn from the designs; that of the house from the packages and what they import.
"""

import ast
from importlib import import_module
from pathlib import Path

import grimp

from sc_hw.report.diagram import diagram
from sc_hw.report.picture import Arrow, Box, picture, wrapped
from sc_hw.rtl.crossbar import CrossbarDesign
from sc_hw.rtl.design import CoreDesign
from sc_hw.rtl.layer import LayerDesign
from sc_hw_models.registry import get_rule

__all__ = ["pictures"]

PACKAGES = ("sc_hw_models", "sc_hw_sim", "sc_hw")


def pictures() -> dict[str, str]:
    """Return the pictures by file name."""
    r_stdp, three_factor, stp = get_rule("r_stdp"), get_rule("three_factor"), get_rule("stp")
    crossbar = CrossbarDesign.made("crossbar", r_stdp, r_stdp.config_type(), pre=12, post=8, lanes=4, addressed=True)
    neurons = CoreDesign(name="layer_neurons", rule=stp, config=stp.config_type(), synapses=64)
    layer = LayerDesign(name="layer", rule=three_factor, config=three_factor.config_type(), synapses=640, presynaptic=neurons)
    return {f"{design.name}.svg": diagram(design) for design in (crossbar, layer)} | {
        "house.svg": house(),
        "board.svg": board(),
    }


def board() -> str:
    """Return what stands between a program and a design on a board."""
    boxes = [
        Box("driver", ["your program: Driver,", "SerialLine"]),
        Box("receiver", ["bytes from the line"]),
        Box("bridge", ["frames to accesses,", "answers to frames;", "drops and counts noise"]),
        Box("sender", ["bytes to the line"]),
        Box("bus", ["Wishbone, registers"]),
        Box("design", ["core, layer or crossbar"]),
        Box("LEDs", ["learning, error"]),
    ]
    ways = {"driver": "receiver", "receiver": "bridge", "bridge": "bus", "bus": "design"}
    arrows = [Arrow(start=a, source=a, ends=(b,), targets=(a,)) for a, b in ways.items()]
    arrows += [Arrow(start="bridge", source="bridge", ends=(b,), targets=("bridge",)) for b in ("sender", "LEDs")]
    return picture({box.name: box for box in boxes}, arrows, "A design on a board: line, bridge, bus, design")


def house() -> str:
    """Return the rooms: what leads to what it is used by, leaving out what another room between them leads to as well."""
    graph = grimp.build_graph(*PACKAGES)
    folders = {module.rpartition(".")[0] for module in graph.modules} - {"", "sc_hw"}
    rooms = {".".join(folder.split(".")[:2]) for folder in folders} | {"sc_hw.cli"}
    boxes = {room: Box(room, wrapped(_summary(room), 26)) for room in sorted(rooms)}

    def room_of(module: str) -> str:
        while module not in rooms and "." in module:
            module = module.rpartition(".")[0]
        return module if module in rooms else ""

    used = {(room_of(there), room_of(here)) for here in graph.modules for there in graph.find_modules_directly_imported_by(here)}
    used = {(there, here) for there, here in used if there and here and there != here and (here, there) not in used}
    above = {room: {here for there, here in used if there == room} for room in rooms}

    def reached(room: str, seen: frozenset[str] = frozenset()) -> set[str]:
        return {b for a in above[room] - seen for b in (above[a] | reached(a, seen | {a}))}

    direct = {room: sorted(above[room] - reached(room)) for room in rooms}
    arrows = [
        Arrow(start=room, source=room, ends=tuple(ends), targets=(room,) * len(ends)) for room, ends in direct.items() if ends
    ]
    return picture(boxes, sorted(arrows, key=lambda arrow: arrow.start), "The rooms of sc-hw and what leads to what", row=5)


def _summary(module: str) -> str:
    package, _, inner = module.partition(".")
    place = Path(next(iter(import_module(package).__path__)), *inner.split(".")[: inner.count(".") + bool(inner)])
    file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    name, _, told = text.partition("\n")[0].replace("``", "").partition(": ")
    return (told if name.startswith(("The verb", "sc-hw")) else name).rstrip(".")


if __name__ == "__main__":
    for name, text in pictures().items():
        (Path(__file__).parent / "images" / name).write_text(text, encoding="utf-8")
