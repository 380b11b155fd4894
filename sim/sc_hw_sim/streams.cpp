// streams.cpp: beat buffers between the Verilog streams (DPI) and Python (ctypes, same process).
//
// Every stream owns a buffer of beats of 64-bit slots. A goal says how many beats each stream of a core
// has to move before the core's waker rises; a limit of idle clocks makes a stuck core a report, not a hang.
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "svdpi.h"

namespace {

struct Stream {
    int core = 0;
    std::string name;
    size_t slots = 0;
    std::vector<int64_t> beats;
    size_t position = 0;    // beats already pulled (sources)
    uint64_t outstanding = 0;  // beats still to move before the goal
    uint64_t unstable = 0;
    uint32_t stall = 0;     // stall probability in 1/256
    uint64_t random = 1;

    bool stalled() {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        return (random >> 32 & 255) < stall;
    }
};

struct Core {
    uint64_t outstanding = 0;
    uint64_t clocks = 0;      // since the start
    uint64_t limit = 0;       // clocks without a beat moved after which to give up; 0: no goal is set
    uint64_t moved = 0;       // the clock of the last beat moved
};

std::vector<Stream> streams;
std::vector<Core> cores;

void moved(Stream& stream) {
    if (stream.outstanding) {
        --stream.outstanding;
        --cores[stream.core].outstanding;
        cores[stream.core].moved = cores[stream.core].clocks;
    }
}

}  // namespace

extern "C" {

// From Verilog.

int sc_hw_open(int core, const char* name, int slots) {
    if (cores.size() <= static_cast<size_t>(core)) cores.resize(core + 1);
    Stream stream;
    stream.core = core;
    stream.name = name;
    stream.slots = slots;
    streams.push_back(stream);
    return static_cast<int>(streams.size()) - 1;
}

svBit sc_hw_pull(int id, svBitVecVal* beat) {
    Stream& stream = streams[id];
    if (stream.position * stream.slots >= stream.beats.size() || stream.stalled()) return 0;
    std::memcpy(beat, &stream.beats[stream.position * stream.slots], stream.slots * sizeof(int64_t));
    ++stream.position;
    moved(stream);
    return 1;
}

svBit sc_hw_ready(int id) { return !streams[id].stalled(); }

void sc_hw_push(int id, const svBitVecVal* beat) {
    Stream& stream = streams[id];
    const size_t end = stream.beats.size();
    stream.beats.resize(end + stream.slots);
    std::memcpy(&stream.beats[end], beat, stream.slots * sizeof(int64_t));
    moved(stream);
}

void sc_hw_unstable(int id) { ++streams[id].unstable; }

svBit sc_hw_poll(int id) {
    Core& core = cores[id];
    ++core.clocks;
    return core.limit && (core.outstanding == 0 || core.clocks >= core.moved + core.limit);
}

// From Python.

int sc_hw_find(int core, const char* name) {
    for (size_t id = 0; id < streams.size(); ++id)
        if (streams[id].core == core && streams[id].name == name) return static_cast<int>(id);
    return -1;
}

void sc_hw_load(int id, const int64_t* beats, uint64_t count) {
    Stream& stream = streams[id];
    stream.beats.erase(stream.beats.begin(), stream.beats.begin() + stream.position * stream.slots);
    stream.position = 0;
    stream.beats.insert(stream.beats.end(), beats, beats + count * stream.slots);
}

void sc_hw_flush(int id) {
    Stream& stream = streams[id];
    cores[stream.core].outstanding -= stream.outstanding;
    stream.outstanding = 0;
    stream.beats.clear();
    stream.position = 0;
}

void sc_hw_expect(int id, uint64_t count) {
    Stream& stream = streams[id];
    stream.outstanding += count;
    cores[stream.core].outstanding += count;
}

uint64_t sc_hw_count(int id) { return streams[id].beats.size() / streams[id].slots - streams[id].position; }

void sc_hw_take(int id, int64_t* beats) {
    Stream& stream = streams[id];
    if (!stream.beats.empty()) std::memcpy(beats, stream.beats.data(), stream.beats.size() * sizeof(int64_t));
    stream.beats.clear();
}

void sc_hw_set_stall(int id, uint32_t stall, uint64_t seed) {
    streams[id].stall = stall;
    streams[id].random = seed | 1;
}

uint64_t sc_hw_unstable_count(int id) { return streams[id].unstable; }

void sc_hw_arm(int id, uint64_t limit) {
    cores[id].limit = limit;
    cores[id].moved = cores[id].clocks;
}

uint64_t sc_hw_clocks(int id) { return cores[id].clocks; }

}  // extern "C"
