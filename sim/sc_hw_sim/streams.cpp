// streams.cpp: beat buffers between the Verilog streams (DPI) and Python (ctypes, same process).
//
// Every stream owns a buffer of beats: packed bits as in Verilog, in whole 64-bit words. Python fills and
// empties it column by column, one NumPy array for each field of a beat. A goal says how many beats each
// stream of a core has to move before the core's waker changes; a limit of idle clocks makes a stuck core a
// report, not a hang.
#include <cstdint>
#include <cstring>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "svdpi.h"

namespace {

struct Stream {
    int core = 0;
    std::string name;
    size_t words = 0;          // of a beat
    std::vector<uint64_t> beats;
    size_t position = 0;       // words already pulled (sources)
    uint64_t outstanding = 0;  // beats still to move before the goal
    uint64_t unstable = 0;
    uint32_t stall = 0;        // stall probability in 1/256
    uint64_t random = 1;
    uint64_t held = 0;         // clocks in which to stall a beat all the same
    uint64_t before = 0;       // beats to move before that
    bool source = false;       // whether beats are loaded into it
    bool in_turn = false;      // whether it offers beats in its core's turns only
    std::vector<uint64_t> later;  // what is for after a reset: beats, and how many are to move
    uint64_t later_outstanding = 0;

    bool stalled(bool offered) {
        if (held && !before) {
            held -= offered;
            return true;
        }
        if (!stall) return false;
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        return (random >> 32 & 255) < stall;
    }
    size_t count() const { return (beats.size() - position) / words; }
};

struct Core {
    uint64_t outstanding = 0;
    uint64_t clocks = 0;      // since the start
    uint64_t limit = 0;       // clocks without a beat moved after which to give up; 0: no goal is set
    uint64_t moved = 0;       // the clock of the last beat moved
    uint64_t contradictions = 0;  // clocks in which the core was idle and busy, or said what is not so
    bool until_idle = false;  // the goal includes that the core is idle
    bool wake = false;        // changes when the goal is met or the limit reached
    int trap = -1;            // the moment in which to reset the core, if it comes
    uint64_t length = 0;      // for how many clocks
    bool restart = false;     // whether sources go on then with what is for after the reset
    uint64_t resetting = 0;   // clocks of a reset that are left
    bool sprung = false;      // whether it came
    std::vector<uint64_t> met;  // clocks in which each moment held
    std::deque<std::pair<int, uint64_t>> turns;  // one source for several streams: which is next, and with how many beats
};

std::vector<Stream> streams;
std::vector<Core> cores;
bool woken = false;  // whether the wake of any core has changed

void moved(Stream& stream) {
    if (stream.before) --stream.before;
    if (stream.outstanding) {
        --stream.outstanding;
        --cores[stream.core].outstanding;
        cores[stream.core].moved = cores[stream.core].clocks;
    }
}

// Whether a source that has nothing on offer may offer a beat. A turn ends when its last beat has been taken.
bool in_turn(int id) {
    auto& turns = cores[streams[id].core].turns;
    if (!streams[id].in_turn) return true;
    if (!turns.empty() && turns.front().first == id && !turns.front().second) turns.pop_front();
    return !turns.empty() && turns.front().first == id && turns.front().second;
}

void forget_turns(int id) {
    cores[id].turns.clear();
    for (Stream& stream : streams)
        if (stream.core == id) stream.in_turn = false;
}

void swap_later(Stream& stream) {
    stream.beats.erase(stream.beats.begin(), stream.beats.begin() + stream.position);
    stream.position = 0;
    std::swap(stream.beats, stream.later);
    cores[stream.core].outstanding += stream.later_outstanding - stream.outstanding;
    std::swap(stream.outstanding, stream.later_outstanding);
}

void forget_later(Stream& stream) {
    stream.later.clear();
    stream.later_outstanding = 0;
}

// A field is ``bits`` (1..62) of each beat from bit ``low``; its column holds one value a beat.
template <typename Value>
void pack(Stream& stream, size_t count, unsigned low, unsigned bits, const void* column) {
    const auto* value = static_cast<const Value*>(column);
    const uint64_t mask = (uint64_t{1} << bits) - 1;
    const unsigned shift = low % 64;
    uint64_t* word = stream.beats.data() + stream.beats.size() - count * stream.words + low / 64;
    for (size_t beat = 0; beat < count; ++beat, word += stream.words) {
        const uint64_t field = value[beat] & mask;
        word[0] |= field << shift;
        if (shift + bits > 64) word[1] |= field >> (64 - shift);
    }
}

template <typename Value>
void unpack(const Stream& stream, unsigned low, unsigned bits, bool is_signed, void* column) {
    auto* value = static_cast<Value*>(column);
    const uint64_t mask = (uint64_t{1} << bits) - 1;
    const uint64_t sign = is_signed ? uint64_t{1} << (bits - 1) : 0;
    const unsigned shift = low % 64;
    const uint64_t* word = stream.beats.data() + low / 64;
    const size_t count = stream.count();
    for (size_t beat = 0; beat < count; ++beat, word += stream.words) {
        uint64_t field = word[0] >> shift;
        if (shift + bits > 64) field |= word[1] << (64 - shift);
        value[beat] = static_cast<Value>(((field & mask) ^ sign) - sign);
    }
}

}  // namespace

// For the main loop: whether a waker has changed since the last call.
bool sc_hw_woken() {
    const bool result = woken;
    woken = false;
    return result;
}

extern "C" {

// From Verilog.

int sc_hw_open(int core, const char* name, int bits) {
    if (cores.size() <= static_cast<size_t>(core)) cores.resize(core + 1);
    Stream stream;
    stream.core = core;
    stream.name = name;
    stream.words = (bits + 63) / 64;
    streams.push_back(stream);
    return static_cast<int>(streams.size()) - 1;
}

svBit sc_hw_pull(int id, svBitVecVal* beat) {
    Stream& stream = streams[id];
    if (!in_turn(id) || stream.position == stream.beats.size() || stream.stalled(true)) return 0;
    if (stream.in_turn) --cores[stream.core].turns.front().second;
    std::memcpy(beat, &stream.beats[stream.position], stream.words * sizeof(uint64_t));
    stream.position += stream.words;
    moved(stream);
    return 1;
}

svBit sc_hw_ready(int id, svBit offered) { return !streams[id].stalled(offered); }

void sc_hw_push(int id, const svBitVecVal* beat) {
    Stream& stream = streams[id];
    const size_t end = stream.beats.size();
    stream.beats.resize(end + stream.words);
    std::memcpy(&stream.beats[end], beat, stream.words * sizeof(uint64_t));
    moved(stream);
}

void sc_hw_unstable(int id) { ++streams[id].unstable; }

// The moments of the clock whose edge comes next; whether it resets the core.
svBit sc_hw_corner(int id, int words, const svBitVecVal* now) {
    Core& core = cores[id];
    if (core.met.empty()) core.met.resize(words * 32);
    for (int word = 0; word < words; ++word)
        for (uint32_t bits = now[word]; bits; bits &= bits - 1) ++core.met[word * 32 + __builtin_ctz(bits)];
    if (core.trap >= 0 && (now[core.trap / 32] >> core.trap % 32 & 1)) {
        core.trap = -1;
        core.sprung = true;
        core.resetting = core.length;
        for (Stream& stream : streams)
            if (core.restart && stream.core == id && stream.source) {
                swap_later(stream);
                forget_later(stream);
                stream.held = 0;
            }
    }
    return core.resetting && core.resetting--;
}

svBit sc_hw_poll(int id, svBit idle, svBit busy, svBit after, svBit wrong) {
    Core& core = cores[id];
    ++core.clocks;
    core.contradictions += (idle && busy) || (after && !idle) || wrong;
    const bool met = core.sprung || (core.outstanding == 0 && (idle || !core.until_idle));
    if (core.limit && (met || core.clocks >= core.moved + core.limit)) {
        core.limit = 0;
        core.wake = !core.wake;
        woken = true;
    }
    return core.wake;
}

// From Python.

int sc_hw_find(int core, const char* name) {
    for (size_t id = 0; id < streams.size(); ++id)
        if (streams[id].core == core && streams[id].name == name) return static_cast<int>(id);
    return -1;
}

// Append beats of zeros, whose fields sc_hw_pack then fills.
void sc_hw_append(int id, uint64_t count) {
    Stream& stream = streams[id];
    stream.source = true;
    stream.beats.erase(stream.beats.begin(), stream.beats.begin() + stream.position);
    stream.position = 0;
    stream.beats.resize(stream.beats.size() + count * stream.words);
}

void sc_hw_pack(int id, uint64_t count, unsigned low, unsigned bits, unsigned size, const void* column) {
    const auto packing = size == 1 ? pack<uint8_t> : size == 2 ? pack<uint16_t> : size == 4 ? pack<uint32_t> : pack<uint64_t>;
    packing(streams[id], count, low, bits, column);
}

void sc_hw_unpack(int id, unsigned low, unsigned bits, bool is_signed, unsigned size, void* column) {
    const auto unpacking =
        size == 1 ? unpack<uint8_t> : size == 2 ? unpack<uint16_t> : size == 4 ? unpack<uint32_t> : unpack<uint64_t>;
    unpacking(streams[id], low, bits, is_signed, column);
}

void sc_hw_flush(int id) {
    Stream& stream = streams[id];
    cores[stream.core].outstanding -= stream.outstanding;
    stream.outstanding = 0;
    stream.held = 0;
    if (stream.in_turn) forget_turns(stream.core);
    stream.beats.clear();
    stream.position = 0;
    forget_later(stream);
}

// Let some beats of a stream follow those of the turns before, as one source sends them.
void sc_hw_turn(int id, uint64_t count) {
    streams[id].in_turn = true;
    cores[streams[id].core].turns.emplace_back(id, count);
}

// Let all streams of a core offer beats when they have some.
void sc_hw_end_turns(int id) { forget_turns(id); }

// Exchange what a stream has with what it has for after a reset.
void sc_hw_swap(int id) { swap_later(streams[id]); }

void sc_hw_expect(int id, uint64_t count) {
    Stream& stream = streams[id];
    stream.outstanding += count;
    cores[stream.core].outstanding += count;
}

uint64_t sc_hw_count(int id) { return streams[id].count(); }

uint64_t sc_hw_outstanding(int id) { return streams[id].outstanding; }

void sc_hw_set_stall(int id, uint32_t stall, uint64_t seed) {
    streams[id].stall = stall;
    streams[id].random = seed | 1;
}

void sc_hw_hold(int id, uint64_t clocks, uint64_t before) {
    streams[id].held = clocks;
    streams[id].before = before;
}

void sc_hw_trap(int id, int moment, uint64_t clocks, bool restart) {
    cores[id].trap = moment;
    cores[id].length = clocks;
    cores[id].restart = restart;
    cores[id].sprung = false;
}

// Forget what a campaign that ended anywhere has left.
void sc_hw_begin(int id) {
    Core& core = cores[id];
    core.trap = -1;
    core.resetting = 0;
    core.limit = 0;
    core.sprung = core.restart = core.until_idle = false;
    forget_turns(id);
    for (Stream& stream : streams)
        if (stream.core == id) {
            sc_hw_flush(static_cast<int>(&stream - streams.data()));
            stream.stall = 0;
        }
}

bool sc_hw_sprung(int id) { return cores[id].sprung; }

uint64_t sc_hw_met(int id, int moment) { return cores[id].met.empty() ? 0 : cores[id].met[moment]; }

uint64_t sc_hw_unstable_count(int id) { return streams[id].unstable; }

void sc_hw_arm(int id, uint64_t limit, bool until_idle) {
    cores[id].limit = limit;
    cores[id].moved = cores[id].clocks;
    cores[id].until_idle = until_idle;
}

uint64_t sc_hw_clocks(int id) { return cores[id].clocks; }

uint64_t sc_hw_contradictions(int id) { return cores[id].contradictions; }

}  // extern "C"
