// coverage.cpp: lets Python say from when on coverage counts, and where it is written.
#include "verilated.h"
#include "verilated_cov.h"

extern "C" {

void sc_hw_coverage_start() {
    VerilatedCovContext& coverage = *Verilated::threadContextp()->coveragep();
    coverage.forcePerInstance(true);
    coverage.zero();
}

void sc_hw_coverage_write(const char* path) { Verilated::threadContextp()->coveragep()->write(path); }

}  // extern "C"
