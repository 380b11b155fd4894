// streams.sv: valid/ready streams and write monitors whose beats are moved in bulk by streams.cpp.
//
// A beat is its fields side by side, the first in the lowest bits. All state changes happen at the rising
// clock edge. Stalls are drawn in streams.cpp.
`resetall
`timescale 1ns / 1ps
`default_nettype none

package sc_hw_streams;
  // One width for every stream of a build, because a DPI function has one prototype.
  typedef bit [64*`SC_HW_WORDS-1:0] beat_t;
  import "DPI-C" function int sc_hw_open(input int core, input string name, input int bits);
  import "DPI-C" function bit sc_hw_pull(input int id, output beat_t beat);
  import "DPI-C" function bit sc_hw_ready(input int id, input bit offered);
  import "DPI-C" function void sc_hw_push(input int id, input beat_t beat);
  import "DPI-C" function void sc_hw_unstable(input int id);
  import "DPI-C" function bit sc_hw_poll(input int core, input bit idle, input bit busy, input bit after, input bit wrong);
  typedef bit [`SC_HW_MOMENTS-1:0] moments_t;
  import "DPI-C" function bit sc_hw_corner(input int core, input int words, input moments_t now);
endpackage

// Offers beats; holds a beat until it is taken; leaves gaps. In a reset it offers none, or, with prime, the first of those that
// are for after the reset, which the clock after it can take. What may be withdrawn, and is not steady, is withdrawn now and then
// for some clocks.
module sc_hw_source #(
  parameter int CORE = 0,
  parameter string NAME = "",
  parameter int BITS = 1,
  parameter bit WITHDRAWN = 1'b0
) (
  input wire clk,
  input wire rst,
  input wire prime,
  input wire steady,
  output reg valid,
  input wire ready,
  output reg [BITS-1:0] beat
);
  import sc_hw_streams::*;
  int id;
  initial id = sc_hw_open(CORE, NAME, BITS);
  beat_t next;
  bit got;
  reg primed;  // what is offered is for after the reset
  reg [15:0] chance;
  reg [2:0] away;  // clocks until what was withdrawn is offered again
  initial chance = 16'hace1;
  initial away = 3'd0;
  always @(posedge clk) begin
    primed <= rst && prime;
    chance <= {chance[14:0], chance[15] ^ chance[13] ^ chance[12] ^ chance[10]};
    if (rst) away <= 3'd0;
    if (rst && !prime) valid <= 1'b0;
    else if (!rst && away != 3'd0) begin
      away <= away - 3'd1;
      valid <= away == 3'd1;
      if (away == 3'd1) beat <= ~beat;
    end else if (WITHDRAWN && !rst && !steady && valid && !ready && chance[4:0] == 5'd0) begin
      away <= {1'b0, chance[6:5]} + 3'd1;
      valid <= 1'b0;
      beat <= ~beat;
    end else if (!valid || (rst ? !primed : ready)) begin
      got = sc_hw_pull(id, next);
      valid <= got;
      // What a stream shows while valid is low must not matter.
      beat <= got ? next[BITS-1:0] : ~beat;
    end
  end
endmodule

// Takes beats, with backpressure, and checks that an offered beat is neither withdrawn nor changed.
module sc_hw_sink #(
  parameter int CORE = 0,
  parameter string NAME = "",
  parameter int BITS = 1
) (
  input wire clk,
  input wire rst,
  input wire valid,
  output reg ready,
  input wire [BITS-1:0] beat
);
  import sc_hw_streams::*;
  int id;
  initial id = sc_hw_open(CORE, NAME, BITS);
  reg waiting;
  reg [BITS-1:0] offered;
  always @(posedge clk) begin
    if (!rst && waiting && !(valid && beat === offered)) sc_hw_unstable(id);
    if (!rst && valid && ready) sc_hw_push(id, beat_t'(beat));
    waiting <= !rst && valid && !ready;
    offered <= beat;
    ready <= sc_hw_ready(id, valid);
  end
endmodule

// Records what a memory really writes.
module sc_hw_probe #(
  parameter int CORE = 0,
  parameter string NAME = "",
  parameter int BITS = 1
) (
  input wire clk,
  input wire write_enable,
  input wire [BITS-1:0] beat
);
  import sc_hw_streams::*;
  int id;
  initial id = sc_hw_open(CORE, NAME, BITS);
  always @(posedge clk) if (write_enable) sc_hw_push(id, beat_t'(beat));
endmodule

// Says whether what a core tells of the marks of a stream's last beats is wrong: the first that is not where BEATS end, until
// a reset. It is told when a beat is counted, which may be later than it was sent, in the order in which they were.
module sc_hw_marks #(
  parameter int BEATS = 1
) (
  input wire clk,
  input wire rst,
  input wire sent,
  input wire last,
  input wire counted,
  input wire unexpected,
  input wire missing,
  output wire wrong
);
  int beats;        // of the timestep, counted
  bit kept[$];      // marks of beats that were sent and are not counted
  reg early, late;  // what came first
  reg invented;     // a beat was counted that was not sent
  reg known;        // there was a reset
  bit mark;
  bit waits, first;  // whether any is kept, and what its mark is
  wire ends = beats == BEATS - 1;
  wire breach = counted && !early && !late && (waits ? first : last) != ends;  // in this clock, for moments
  initial known = 1'b0;
  always @(posedge clk)
    if (rst) begin
      beats <= 0;
      {early, late, invented} <= 3'b000;
      kept.delete();
      known <= 1'b1;
      waits <= 1'b0;
    end else begin
      if (sent) kept.push_back(last);
      if (counted) begin
        if (kept.size() == 0) invented <= 1'b1;
        else mark = kept.pop_front();
        beats <= ends ? 0 : beats + 1;
        if (!early && !late) {early, late} <= {mark && !ends, ends && !mark};
      end
      waits <= kept.size() != 0;
      first <= kept.size() != 0 && kept[0];
    end
  assign wrong = known && (invented || {unexpected, missing} !== {early, late});
endmodule

// Says whether a command and an access of a host break the rule which of them goes first: a command, unless one went before
// an access that still waits.
module sc_hw_turns (
  input wire clk,
  input wire rst,
  input wire host_valid,
  input wire host_ready,
  input wire command_valid,
  input wire command_ready,
  output wire wrong
);
  reg passed;
  reg known;  // there was a reset
  initial known = 1'b0;
  always @(posedge clk) begin
    passed <= !rst && host_valid && !host_ready && (passed || (command_valid && command_ready));
    if (rst) known <= 1'b1;
  end
  assign wrong = known && !rst && host_valid && command_valid && (passed ? command_ready : host_ready);
endmodule

// Changes wake when every stream of a core has moved the beats that were asked for, or time is up.
module sc_hw_waker #(
  parameter int CORE = 0
) (
  input wire clk,
  input wire rst,
  input wire idle,
  input wire busy,  // a beat is offered, or no command is taken that no host waits for, which an idle core does not do
  input wire wrong, // it tells of its events what is not so, or lets go first what may not
  output reg wake
);
  import sc_hw_streams::*;
  reg after;  // the core was reset at the last edge, and is idle
  initial wake = 1'b0;
  always @(posedge clk) begin
    wake <= sc_hw_poll(CORE, idle, busy, after, wrong);
    after <= rst;
  end
endmodule
`resetall
