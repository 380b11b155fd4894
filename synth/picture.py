"""Draw a compiled datapath, its stages side by side: docs/images/compiled.svg is the rule that `sc-hw rule new` writes."""

import argparse
import tempfile
from html import escape
from pathlib import Path

from sc_hw.compiler.node import Node
from sc_hw.compiler.pipeline import Pipeline
from sc_hw.compiler.rule import Timing, compiled
from sc_hw.rtl.design import CoreDesign
from sc_hw.rule.new import new_rule
from sc_hw_models.rule_file import add_rule_file

WIDE, HIGH, ROW, COLUMN = 150, 26, 36, 200
SIGNS = {
    "add": "+",
    "sub": "-",
    "mul": "x",
    "lt": "<",
    "select": "?:",
    "clamp": "clip",
    "any": "any",
    "shl": "<<",
    "cat": "{ , }",
}


def drawn(pipeline: Pipeline) -> str:
    """Return the picture as SVG: a box an operation with its name, kind and bits; a bar where registers are, with their bits."""
    shown = [node for node in pipeline.nodes if node.operation not in ("shr", "low", "not")]
    columns: dict[int, list[Node]] = {}
    for node in shown:
        columns.setdefault(pipeline.schedule.stage[node.number] + (node.operation != "var"), []).append(node)
    place = {
        node.number: (20 + column * COLUMN, 50 + row * ROW) for column, nodes in columns.items() for row, node in enumerate(nodes)
    }

    def source(node: Node) -> Node:
        return source(node.arguments[0]) if node.operation in ("shr", "low", "not") else node

    lines, boxes = [], []
    for node in shown:
        x, y = place[node.number]
        for a in node.arguments:
            if not a.constant:
                ax, ay = place[source(a).number]
                start, middle, end = ay + HIGH / 2, ax + WIDE + 25, y + HIGH / 2
                lines.append(f'<path d="M{middle - 25} {start} C{middle} {start} {x - 25} {end} {x} {end}"/>')
        kind = SIGNS.get(node.operation, "" if node.operation == "var" else node.operation)
        text = escape(f"{pipeline.names[node.number]} {kind} [{node.bits}]")
        look = "in" if node.operation == "var" else "op"
        boxes.append(
            f'<rect x="{x}" y="{y}" width="{WIDE}" height="{HIGH}" rx="4" class="{look}"/>'
            f'<text x="{x + WIDE / 2}" y="{y + 17}">{text}</text>'
        )
    bottom = max(y for _, y in place.values()) + ROW + 10
    bars = []
    for stage in range(pipeline.latency):
        bits = sum(
            node.bits for node in pipeline.nodes if pipeline.schedule.stage[node.number] <= stage < pipeline.last[node.number]
        )
        x = 20 + (stage + 1) * COLUMN + WIDE + 22
        bars.append(
            f'<line x1="{x}" y1="30" x2="{x}" y2="{bottom}"/>'
            f'<text x="{x - WIDE / 2 - 22}" y="20">stage {stage + 1}</text>'
            f'<text x="{x}" y="{bottom + 16}">{bits} FF</text>'
        )
    style = (
        "text{font:11px sans-serif;text-anchor:middle}path{fill:none;stroke:#888}rect{stroke:#444}.in{fill:#e8eef8}"
        ".op{fill:#f6f0e0}line{stroke:#b03030;stroke-width:3}"
    )
    size = f'width="{60 + (pipeline.latency + 1) * COLUMN}" height="{bottom + 30}"'
    return "\n".join(
        [f'<svg xmlns="http://www.w3.org/2000/svg" {size}>', f"<style>{style}</style>", *lines, *bars, *boxes, "</svg>", ""]
    )


def main() -> None:
    """Draw the rule to begin with, in three stages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=Path("docs/images/compiled.svg"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "my_rule.py"
        new_rule("my_rule", path, force=False)
        rule = compiled(add_rule_file(path).rule, Timing(latency=3))
        design = CoreDesign(name="core", rule=rule, config=rule.config_type(), synapses=1)
        parser.parse_args().output.write_text(drawn(rule.datapath.pipeline(design)), encoding="utf-8")


if __name__ == "__main__":
    main()
