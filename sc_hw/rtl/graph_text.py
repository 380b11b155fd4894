"""The top module of a graph in Verilog: a section a node, each pin on its expression."""

from .graph import Graph
from .net import verilog_text
from .text import port_list, prologue, vector

__all__ = ["graph_text"]


def graph_text(graph: Graph) -> str:
    """Return the module of a graph."""
    top = graph.top
    lines = [prologue(f"{graph.name}.v", graph.purpose), "", *(f"// {line}" for line in graph.note.splitlines())]
    lines.append(f"module {graph.name} ({port_list(graph.ports())});")
    lines += [f"  wire {vector(wire.bits)}{wire.name};" for wire in top.wires]
    lines += [f"  assign {left.name} = {verilog_text(value)};" for left, value in top.assigned]
    for place, node in graph.nodes.items():
        pins = [f"    .{name}({verilog_text(value)})" for name, value in top.pins[place].items()]
        lines += ["", f"  // ---- {node.note} ----", f"  {node.block.name} {place} (", ",\n".join(pins), "  );"]
    return "\n".join([*lines, "endmodule", "`resetall", ""])
