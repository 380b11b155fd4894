// PicoRV32, plain RV32I, behind the bus of soc.v: its look-ahead tells the memory the address a clock early.

`resetall
`timescale 1ns / 1ps
`default_nettype none

module cpu (
    input wire clk,
    input wire rst,
    output wire ahead,               // in the next clock valid is 1 for this address
    output wire [31:0] ahead_address,
    output wire valid,               // an access; all is kept until ready
    output wire [31:0] address,
    output wire [31:0] data,
    output wire [3:0] strobe,        // bytes to write, 0 for a read
    input wire ready,
    input wire [31:0] found          // with ready: what was read
);

  wire ahead_read, ahead_write;
  assign ahead = ahead_read | ahead_write;

  picorv32 #(
      .ENABLE_COUNTERS(0),
      .BARREL_SHIFTER(1),
      .CATCH_MISALIGN(1),
      .CATCH_ILLINSN(1),
      .PROGADDR_RESET(32'h0),
      .STACKADDR(32'hffff_ffff)
  ) core (
      .clk(clk),
      .resetn(~rst),
      .trap(),
      .mem_valid(valid),
      .mem_instr(),
      .mem_ready(ready),
      .mem_addr(address),
      .mem_wdata(data),
      .mem_wstrb(strobe),
      .mem_rdata(found),
      .mem_la_read(ahead_read),
      .mem_la_write(ahead_write),
      .mem_la_addr(ahead_address),
      .mem_la_wdata(),
      .mem_la_wstrb(),
      .pcpi_valid(),
      .pcpi_insn(),
      .pcpi_rs1(),
      .pcpi_rs2(),
      .pcpi_wr(1'b0),
      .pcpi_rd(32'd0),
      .pcpi_wait(1'b0),
      .pcpi_ready(1'b0),
      .irq(32'd0),
      .eoi(),
      .trace_valid(),
      .trace_data()
  );

endmodule

`resetall
