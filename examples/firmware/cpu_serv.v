// SERV, a bit at a time, behind the bus of soc.v. Its two buses take turns; it asks for data before the next instruction.

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

  wire [31:0] instruction_address, data_address;
  wire instruction_asked, data_asked, write;
  wire [3:0] bytes;
  reg begun = 1'b0;

  assign ahead_address = data_asked ? data_address : instruction_address;
  assign address = ahead_address;
  assign ahead = (instruction_asked | data_asked) & ~begun;
  assign valid = (instruction_asked | data_asked) & begun;
  assign strobe = data_asked & write ? bytes : 4'd0;

  always @(posedge clk) begun <= ~rst & (ahead | valid & ~ready);

  serv_rf_top #(
      .RESET_PC(32'h0),
      .WITH_CSR(0)
  ) core (
      .clk(clk),
      .i_rst(rst),
      .i_timer_irq(1'b0),
      .o_ibus_adr(instruction_address),
      .o_ibus_cyc(instruction_asked),
      .i_ibus_rdt(found),
      .i_ibus_ack(ready & ~data_asked),
      .o_dbus_adr(data_address),
      .o_dbus_dat(data),
      .o_dbus_sel(bytes),
      .o_dbus_we(write),
      .o_dbus_cyc(data_asked),
      .i_dbus_rdt(found),
      .i_dbus_ack(ready & data_asked),
      .o_ext_rs1(),
      .o_ext_rs2(),
      .o_ext_funct3(),
      .i_ext_rd(32'd0),
      .i_ext_ready(1'b0),
      .o_mdu_valid()
  );

endmodule

`resetall
