"""The protocol monitor: what can happen on the streams of a design and of each core inside, as named conditions.

The same text is bound into what is simulated, where Verilator counts each condition, and read by Yosys for the
proof about the conditions that never held.
"""

from ..rtl.design import CoreDesign

__all__ = ["MONITOR", "conditions", "instance", "monitor", "monitored"]

MONITOR = "protocol"  # its instance in what it looks at


def monitored(design: CoreDesign) -> dict[str, CoreDesign]:
    """Return what has a monitor of its own, by place: the whole, and each core inside."""
    return {"": design} | {place: part for place, (_, part) in design.parts.items()}


def conditions(design: CoreDesign) -> dict[str, str]:
    """Return the Verilog expression of each thing that can happen in a clock, by name; of several cores what is seen outside."""
    return _outside(design) if design.parts else _of_core(design)


def _outside(design: CoreDesign) -> dict[str, str]:
    result = {"a reset while it is not idle": "rst & ~idle", "a reset while it is idle": "rst & idle"}
    for name, checked in {stream.name: stream.checked for stream in design.streams}.items():
        waits = f"{name}_valid & ~{name}_ready"
        result |= {
            f"{name}: a beat moves": f"{name}_valid & {name}_ready & ~rst",
            f"{name}: a beat waits": waits,
            f"{name}: a beat is waited for": f"{name}_ready & ~{name}_valid",
            f"{name}: a reset while a beat waits": f"rst & {waits}",
        }
        if checked:
            result |= {f"{name}: an early mark is told": f"{name}_last_unexpected"}
            result |= {f"{name}: a missing mark is told": f"{name}_last_missing"}
    return result


def _of_core(design: CoreDesign) -> dict[str, str]:
    result = {
        "a result waits": "result_valid & ~result_ready",
        "the last result waits": "result_valid & ~result_ready & result_last",
        "a sweep waits for an event": "event_ready & ~event_valid",
        "an event waits": "event_valid & ~event_ready & ~result_valid",
        "an event waits behind a result": "event_valid & ~event_ready & result_valid",
        "a command waits": "command_valid & ~command_ready",
        "a timestep starts while the last one drains": "command_accept & ~idle",
        "a timestep starts in the clock after the last event": "command_accept & ended",
        "a timestep waits for a clear": "command_valid & ~command_clear & clearing & ~idle",
        "a clear waits for a timestep": "command_valid & command_clear & ~clearing & ~idle",
        "a clear follows a clear": "command_accept & command_clear & clearing",
        "a command and a host access meet": "command_accept & host_valid",
        "a host access waits for a sweep": "host_valid & sweeping",
        "a read word waits": "readback_valid & ~readback_ready",
        "a reset ends a sweep": "rst & sweeping & ~clearing",
        "a reset ends a clear": "rst & sweeping & clearing",
        "a reset drops updates under way": "rst & ~sweeping & ~idle & ~clearing",
        "a reset drops a result that waits": "rst & result_valid & ~result_ready",
    }
    lanes = "host_lane == {} & " if design.lanes > 1 else ""
    for lane in range(design.lanes):
        last = len(range(lane, design.synapses, design.lanes)) - 1
        for verb, write in (("load", ""), ("read", "~")):
            for word, address in (("first", 0), ("last", last)):
                at = f"host_address == {address}"
                result[f"{verb} of lane {lane}, {word} word"] = f"host_accept & {write}host_write & {lanes.format(lane)}{at}"
    if design.padded_lanes:
        spikes = [
            f"{design.lane_part(f'event_{f.name}', f, lane)} != 0"
            for f in design.spec.synapse_inputs
            for lane in sorted(design.padded_lanes)
        ]
        last_word = f"event_accept & words == {design.words - 1}"
        result["an event for a lane without a synapse"] = f"{last_word} & ({' | '.join(f'({s})' for s in spikes)})"
    return result


def monitor(design: CoreDesign) -> str:
    """Return the Verilog of module ``sc_hw_protocol_<core>``, whose port ``seen`` has one bit for each condition, in order.

    With ``SC_HW_COVERAGE`` defined each bit is a cover point named ``seen_<k>``, and the module binds itself to the core.
    """
    ports = "".join(f",\n  input wire [{p.bits - 1}:0] {p.name}" for p in design.ports() if p.name not in ("clk", "rst"))
    expressions = conditions(design).values()
    seen = "".join(f"  assign seen[{k}] = {expression};\n" for k, expression in enumerate(expressions))
    covers = "".join(f"  seen_{k}: cover property (@(posedge clk) seen[{k}]);\n" for k in range(len(expressions)))
    name = f"sc_hw_protocol_{design.name}"
    tracked = "" if design.parts else _tracked(design)
    return f"""`default_nettype wire
module {name} (
  input wire clk,
  input wire rst{ports},
  output wire [{len(expressions) - 1}:0] seen
);
{tracked}{seen}
`ifdef SC_HW_COVERAGE
{covers}
`endif
endmodule
`ifdef SC_HW_COVERAGE
bind {design.name} {name} {MONITOR} (.*, .seen());
`endif
"""


def _tracked(design: CoreDesign) -> str:
    """Return what the monitor of a core remembers of its commands and events."""
    step = f"event_skip & ~clearing ? {design.row_words} : 1" if design.row_words else "1"
    return f"""  wire command_accept = command_valid & command_ready & ~rst;
  wire event_accept = event_valid & event_ready & ~rst;
  wire host_accept = host_valid & host_ready & ~rst;
  reg sweeping = 1'b0, clearing = 1'b0, ended = 1'b0;
  reg [31:0] words = 32'd0;  // of the sweep under way
  wire [31:0] step = {step};  // words that a beat is of
  wire last = words + step == {design.words};
  always @(posedge clk) begin
    ended <= sweeping & event_accept & last;
    if (command_accept) begin
      sweeping <= 1'b1;
      clearing <= command_clear;
      words <= 32'd0;
    end else if (sweeping & (clearing | event_accept)) begin
      sweeping <= ~last;
      words <= words + step;
    end
    if (rst) begin
      sweeping <= 1'b0;
      clearing <= 1'b0;
    end
  end
"""


def instance(design: CoreDesign) -> tuple[str, str]:
    """Return a wire for what the monitor of a design sees and the Verilog inside its module that drives it, on one line."""
    pins = ", ".join(f".{port.name}({port.name})" for port in design.ports())
    wire = f"sc_hw_{MONITOR}_seen"
    text = f"wire [{len(conditions(design)) - 1}:0] {wire}; sc_hw_protocol_{design.name} sc_hw_{MONITOR} ({pins}, .seen({wire}));"
    return wire, text
