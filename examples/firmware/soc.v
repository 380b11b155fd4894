// A processor, 128 KiB of memory and the core behind Wishbone.
//
//   0x0000_0000  memory, its contents from +firmware=FILE
//   0x3000_0000  read: clocks since the reset; write: a word for whoever watches
//   0x3000_0004  read: 1 if an access to the core was answered with an error since the last such read; write: the end
//   0x4000_0000  the registers of the core
//
// A store to the core is taken at once and waits in a buffer of one word until the core has room, while the processor goes on. What is
// read of the core, or of the errors, waits until the buffer is empty.

`resetall
`timescale 1ns / 1ps
`default_nettype none

module firmware_soc (
    input wire clk,
    input wire rst,
    output wire told,        // the firmware tells a word
    output wire [31:0] word,
    output wire ended        // it has ended
);

  wire ahead, valid, ready, ack, err;
  wire [31:0] ahead_address, address, data, read;
  wire [3:0] strobe;

  wire of_memory = address[31:28] == 4'h0;
  wire of_board = address[31:28] == 4'h3;
  wire of_core = address[31:28] == 4'h4;

  reg [31:0] memory[0:32767];
  reg [31:0] fetched = 32'd0;
  reg [31:0] clocks = 32'd0;
  reg failed = 1'b0;
  reg stored = 1'b0;             // the buffer holds a store
  reg [11:0] stored_address = 12'd0;
  reg [31:0] stored_data = 32'd0;
  reg [3:0] stored_strobe = 4'd0;
  reg [1023:0] path;

  initial if ($value$plusargs("firmware=%s", path)) $readmemh(path, memory);

  always @(posedge clk) begin
    if (ahead) fetched <= memory[ahead_address[16:2]];
    if (valid & of_memory) begin
      if (strobe[0]) memory[address[16:2]][7:0] <= data[7:0];
      if (strobe[1]) memory[address[16:2]][15:8] <= data[15:8];
      if (strobe[2]) memory[address[16:2]][23:16] <= data[23:16];
      if (strobe[3]) memory[address[16:2]][31:24] <= data[31:24];
    end
    clocks <= rst ? 32'd0 : clocks + 32'd1;
    if (valid & of_core & |strobe & ~stored) begin
      stored <= 1'b1;
      stored_address <= address[11:0];
      stored_data <= data;
      stored_strobe <= strobe;
    end else if (ack | err) stored <= 1'b0;
    if (valid & ready & of_board & address[2] & ~|strobe) failed <= 1'b0;
    if (err) failed <= 1'b1;
    if (rst) {failed, stored} <= 2'b00;
  end

  assign told = valid & ready & of_board & ~address[2] & |strobe;
  assign ended = valid & ready & of_board & address[2] & |strobe;
  assign word = data;
  assign ready = valid & (of_core ? ~stored & (|strobe | ack | err) : of_board ? ~stored : 1'b1);

  wire [31:0] of_board_read = address[2] ? {31'd0, failed} : clocks;
  wire [31:0] core_read;
  assign read = of_core ? core_read : of_board ? of_board_read : fetched;

  cpu cpu (
      .clk(clk),
      .rst(rst),
      .ahead(ahead),
      .ahead_address(ahead_address),
      .valid(valid),
      .address(address),
      .data(data),
      .strobe(strobe),
      .ready(ready),
      .found(read)
  );

  wire asked = stored | valid & of_core & ~|strobe;

  sc_core_bus core (
      .clk(clk),
      .rst(rst),
      .wb_adr_i(stored ? stored_address : address[11:0]),
      .wb_cyc_i(asked),
      .wb_stb_i(asked),
      .wb_we_i(stored),
      .wb_sel_i(stored ? stored_strobe : 4'hf),
      .wb_dat_i(stored_data),
      .wb_ack_o(ack),
      .wb_err_o(err),
      .wb_dat_o(core_read),
      .irq()
  );

endmodule

`resetall
