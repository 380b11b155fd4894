// The SoC as a program: prints each word that the firmware tells, and ends with it. Its last argument is the most clocks.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include "Vbus.h"
#include "verilated.h"

int main(int argc, char **argv) {
  VerilatedContext context;
  context.commandArgs(argc, argv);
  Vbus *top = new Vbus(&context);
  uint64_t most = strtoull(argv[argc - 1], nullptr, 10);
  for (uint64_t clock = 0; clock < most; clock++) {
    top->rst = clock < 8;
    top->clk = 0;
    top->eval();
    if (top->told) printf("%x\n", top->word);
    if (top->ended) return 0;
    top->clk = 1;
    top->eval();
  }
  fprintf(stderr, "the firmware has not ended after %llu clocks\n", (unsigned long long)most);
  return 1;
}
