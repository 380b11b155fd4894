// A verilated design behind a bus as a program: it reads accesses from standard input, a line each, and answers each in a line.
//   r ADDRESS                a read          0 DATA, or 1 for a bus error
//   w ADDRESS DATA STROBE    a write         0, or 1 for a bus error
//   t CLOCKS                 let time pass   0
//   c                        clocks since the reset
//   i                        the interrupt's level
// All numbers are hexadecimal. The master does its best: it asks for the next access in the clock behind an answer.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include "Vbus.h"
#include "verilated.h"

static Vbus *top;
static uint64_t clocks;

static void tick() {
  top->clk = 0;
  top->eval();
  top->clk = 1;
  top->eval();
  clocks++;
}

// Returns whether the design answered with an error; data is what was read.
static bool accessed(bool write, uint32_t address, uint32_t &data, uint32_t strobe) {
  for (uint64_t patience = 0; patience < 100000; patience++) {
#if defined(BUS_AXI_LITE)
    if (!patience) {
      if (write) {
        top->s_axi_awaddr = address;
        top->s_axi_wdata = data;
        top->s_axi_wstrb = strobe;
        top->s_axi_awvalid = top->s_axi_wvalid = 1;
      } else {
        top->s_axi_araddr = address;
        top->s_axi_arvalid = 1;
      }
      top->s_axi_bready = top->s_axi_rready = 1;
    }
    top->clk = 0;
    top->eval();
    bool taken = write ? top->s_axi_awready : top->s_axi_arready;
    bool answered = write ? top->s_axi_bvalid : top->s_axi_rvalid;
    bool wrong = (write ? top->s_axi_bresp : top->s_axi_rresp) != 0;
    uint32_t found = top->s_axi_rdata;
    tick();
    if (taken) top->s_axi_awvalid = top->s_axi_wvalid = top->s_axi_arvalid = 0;
    if (answered) {
      if (!write) data = found;
      return wrong;
    }
#elif defined(BUS_WISHBONE)
    top->wb_cyc_i = top->wb_stb_i = 1;
    top->wb_we_i = write;
    top->wb_adr_i = address;
    top->wb_dat_i = data;
    top->wb_sel_i = strobe;
    top->clk = 0;
    top->eval();
    bool answered = top->wb_ack_o || top->wb_err_o, wrong = top->wb_err_o;
    uint32_t found = top->wb_dat_o;
    tick();
    if (answered) {
      top->wb_cyc_i = top->wb_stb_i = 0;
      if (!write) data = found;
      return wrong;
    }
#else
    top->psel = 1;
    top->penable = patience > 0;
    top->pwrite = write;
    top->paddr = address;
    top->pwdata = data;
    top->pstrb = strobe;
    top->clk = 0;
    top->eval();
    bool answered = top->penable && top->pready, wrong = top->pslverr;
    uint32_t found = top->prdata;
    tick();
    if (answered) {
      top->psel = top->penable = 0;
      if (!write) data = found;
      return wrong;
    }
#endif
  }
  fprintf(stderr, "no answer\n");
  exit(3);
}

int main(int argc, char **argv) {
  VerilatedContext context;
  context.commandArgs(argc, argv);
  top = new Vbus(&context);
  top->rst = 1;
  for (int k = 0; k < 4; k++) tick();
  top->rst = 0;
  clocks = 0;
  char line[128];
  while (fgets(line, sizeof line, stdin)) {
    uint32_t address = 0, data = 0, strobe = 0;
    if (sscanf(line, "r %x", &address) == 1) {
      if (accessed(false, address, data, 15)) puts("1");
      else printf("0 %x\n", data);
    } else if (sscanf(line, "w %x %x %x", &address, &data, &strobe) == 3) {
      puts(accessed(true, address, data, strobe) ? "1" : "0");
    } else if (sscanf(line, "t %x", &data) == 1) {
      while (data--) tick();
      puts("0");
    } else if (line[0] == 'c') {
      printf("%llx\n", (unsigned long long)clocks);
    } else if (line[0] == 'i') {
      top->eval();
      printf("%x\n", top->irq);
    } else {
      return 2;
    }
    fflush(stdout);
  }
  top->final();
  return 0;
}
