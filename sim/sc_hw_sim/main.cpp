// main.cpp: the simulator's main loop. It turns the clock itself and enters cocotb only when a Python
// coroutine has something to do: at a time it asked for (a Timer) or when a waker has changed.
#include <algorithm>
#include <memory>
#include <string>

#include "Vtop.h"
#include "verilated_vpi.h"
#if VM_TRACE
#include "verilated_vcd_c.h"
#endif

extern "C" {
void vlog_startup_routines_bootstrap();           // cocotb's
extern const uint64_t sc_hw_clock_period = 10;    // in simulator steps
}
bool sc_hw_woken();  // streams.cpp

namespace {

void settle() {
    while (VerilatedVpi::callValueCbs()) {
    }
}

// Let cocotb's callbacks see and change values until nothing changes any more.
void call_back(Vtop& top) {
    do {
        do {
            top.eval_step();
            VerilatedVpi::clearEvalNeeded();
            VerilatedVpi::doInertialPuts();
            settle();
        } while (VerilatedVpi::evalNeeded());
        VerilatedVpi::callCbs(cbReadWriteSynch);
        VerilatedVpi::doInertialPuts();
        settle();
    } while (VerilatedVpi::evalNeeded());
    top.eval_end_step();
    VerilatedVpi::callCbs(cbReadOnlySynch);
}

}  // namespace

int main(int argc, char** argv) {
    VerilatedContext& context = *Verilated::threadContextp();
    context.commandArgs(argc, argv);
    context.fatalOnVpiError(false);  // cocotb looks for objects that may not exist
#if VM_TRACE
    context.traceEverOn(true);
#endif
    const auto top = std::make_unique<Vtop>(&context, "");
#if VM_TRACE
    VerilatedVcdC waves;
    const std::string file = context.commandArgsPlusMatch("sc_hw_waves=");
    top->trace(&waves, 99);
    waves.open(file.substr(file.find('=') + 1).c_str());
#endif
    vlog_startup_routines_bootstrap();
    VerilatedVpi::callCbs(cbStartOfSimulation);
    settle();
    call_back(*top);

    const uint64_t half_period = sc_hw_clock_period / 2;
    uint64_t edge = half_period;
    bool called = true;  // whether Python ran in the last time step and may wait for the next one
    while (!context.gotFinish()) {
        const uint64_t deadline = VerilatedVpi::cbNextDeadline();
        context.time(std::min(edge, deadline));
        called |= deadline == context.time();
        if (called) {
            VerilatedVpi::callCbs(cbNextSimTime);
            settle();
        }
        if (context.time() == edge) {
            top->clk = !top->clk;
            edge += half_period;
        }
        if (called) {
            VerilatedVpi::callTimedCbs();
            settle();
        }
        top->eval();
        const bool woken = sc_hw_woken();
        if (called || woken) call_back(*top);
        called = woken || deadline == context.time();
#if VM_TRACE
        waves.dump(context.time());
#endif
    }
    top->final();
    VerilatedVpi::callCbs(cbEndOfSimulation);
#if VM_TRACE
    waves.close();
#endif
    return context.errorCount() > 0;
}
