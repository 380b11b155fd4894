"""The protocol monitor: what can happen on a core's streams, as named conditions.

The same text is bound into the simulated core, where Verilator counts each condition, and read by Yosys for the
proof about the conditions that never held.
"""

from ..rtl.design import CoreDesign

__all__ = ["conditions", "monitor"]


def conditions(design: CoreDesign) -> dict[str, str]:
    """Return the Verilog expression of each thing that can happen in a clock, by name."""
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
    return f"""`default_nettype wire
module {name} (
  input wire clk,
  input wire rst{ports},
  output wire [{len(expressions) - 1}:0] seen
);
  wire command_accept = command_valid & command_ready & ~rst;
  wire event_accept = event_valid & event_ready & ~rst;
  wire host_accept = host_valid & host_ready & ~rst;
  reg sweeping = 1'b0, clearing = 1'b0, ended = 1'b0;
  reg [31:0] words = 32'd0;  // of the sweep under way
  wire last = words == {design.words - 1};
  always @(posedge clk) begin
    ended <= sweeping & event_accept & last;
    if (command_accept) begin
      sweeping <= 1'b1;
      clearing <= command_clear;
      words <= 32'd0;
    end else if (sweeping & (clearing | event_accept)) begin
      sweeping <= ~last;
      words <= words + 32'd1;
    end
    if (rst) begin
      sweeping <= 1'b0;
      clearing <= 1'b0;
    end
  end
{seen}
`ifdef SC_HW_COVERAGE
{covers}
`endif
endmodule
`ifdef SC_HW_COVERAGE
bind {design.name} {name} protocol (.*, .seen());
`endif
"""
