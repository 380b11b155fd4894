/* Driver of a design that sc-hw emitted behind a bus: C99, freestanding, no allocation, no floating point.
 *
 * A design is described by the constant NAME_design of NAME_design.h; the bus by two functions. Every function returns SC_OK or what
 * went wrong; after SC_BUS, SC_TIMEOUT and SC_ANOTHER the design is as the accesses until then left it. This file belongs to whoever
 * emitted it, without conditions. */
#ifndef SC_HW_DRIVER_H
#define SC_HW_DRIVER_H

#include <stddef.h>
#include <stdint.h>

enum sc_result {
  SC_OK = 0,
  SC_BUS = -1,     /* an access was answered with a bus error, and not because a stream was late */
  SC_TIMEOUT = -2, /* a stream did not move in as many tries as sc_device.patience says */
  SC_NO_DESIGN = -3,
  SC_ABI = -4,     /* a design of another version of addresses and meanings */
  SC_DIGEST = -5,  /* another design than the one described */
  SC_RANGE = -6,   /* an argument that the design does not have */
  SC_ANOTHER = -7, /* a checkpoint of another design, or a damaged one; nothing was written */
  SC_MARKS = -8,   /* a timestep had more or fewer beats than the design counts; status says of which stream, until sc_reset */
};

/* A stream of several beats a timestep (of a network: a sample). Into the design: beats of it in a word, the first lowest, or 0 where a beat has words of its
 * own. */
struct sc_stream {
  uint32_t address;
  uint16_t words;     /* registers of a beat */
  uint8_t beats;      /* beats of a word */
  uint8_t bits;       /* bits of a beat, where a word has several */
  uint8_t status_bit; /* of the register status: room, or a beat */
  uint8_t last_bit;   /* of a result's beat: the last of the timestep; 255 where there is one */
  uint16_t ending;    /* where the word that sends goes where it ends the timestep; 0 where nothing marks it */
};

/* Units that keep state: one unit is one state word. */
struct sc_part {
  uint32_t units;
  uint16_t lanes;
  uint8_t words; /* words of 32 bits of a state word */
  uint16_t chosen; /* what choose is written: which part it is of those that have the same registers */
  uint16_t choose, lane, address, data, host, readback; /* registers; 0 where there is nothing to choose, and one lane */
};

/* A command: the registers of its values, one behind the other, then the one that sends it. */
struct sc_command {
  uint16_t address;
  uint8_t words;
};

struct sc_design {
  uint8_t abi;
  uint8_t digest[8];
  uint16_t control, status, events, timesteps;
  uint16_t consolidate; /* of a network that is told of the end of a task: what says that an access is that; else 0 */
  uint8_t refused_bit, drops; /* drops: control can let results go */
  uint32_t rooms; /* bits of status that are 1 when nothing is under way or waits to begin, */
  uint32_t told;  /* and those that are 1 when a timestep had another number of beats */
  uint8_t inputs, outputs, parts, commands;
  const struct sc_stream *input, *output;
  const struct sc_part *part;
  const struct sc_command *command;
};

/* How the registers are reached: both return 0, or another number for a bus error. */
struct sc_device {
  int (*read)(void *context, uint32_t address, uint32_t *value);
  int (*write)(void *context, uint32_t address, uint32_t value);
  void *context;
  const struct sc_design *design;
  uint32_t patience; /* tries of an access, and looks at status, before it is given up */
};

/* Beats of a stream as words: of a stream that packs them, packed; of another, sc_stream.words words a beat. The driver marks the last. */
struct sc_beats {
  uint32_t *word;
  uint32_t count; /* beats; of results the room for them, then how many came */
};

int sc_open(struct sc_device *device);
int sc_reset(const struct sc_device *device);
/* SC_RANGE where a design has no command that clears it. */
int sc_clear(const struct sc_device *device);
int sc_settle(const struct sc_device *device);
/* Ends a task of a network. SC_RANGE where no kind of consolidation is told of it. */
int sc_consolidate(const struct sc_device *device);

/* A state word of a unit of a part. */
int sc_load(const struct sc_device *device, unsigned part, uint32_t unit, const uint32_t *word);
int sc_read(const struct sc_device *device, unsigned part, uint32_t unit, uint32_t *word);

/* A timestep, or a sample. values: of each command its words, in the order of sc_design.command. outputs may be NULL where drops is 1: results go. */
int sc_step(const struct sc_device *device, const uint32_t *const *values, const struct sc_beats *inputs, struct sc_beats *outputs);

/* Timesteps one behind the other as fast as a processor stores words: registers mapped into memory at window, results let go, nothing
 * looked at in between. For a design with at most one command and one stream of input that packs its beats (else SC_RANGE), whose
 * stream never waits as long as a bus error takes; sc_burst_end returns SC_TIMEOUT where one did, and words were lost, SC_MARKS where
 * beats is another number than the design counts. */
struct sc_burst {
  volatile uint32_t *command, *send, *whole, *rest; /* the values of a command, what sends it; where words go, and the last */
  uint32_t values, eights, left;                    /* values; words before the last in eights, and those left */
};
int sc_burst_begin(const struct sc_device *device, struct sc_burst *burst, volatile uint32_t *window, uint32_t beats);
/* values may be NULL: those of the timestep before. */
void sc_burst_step(const struct sc_burst *burst, const uint32_t *values, const uint32_t *word);
int sc_burst_end(const struct sc_device *device);

/* A checkpoint in sc_checkpoint_words words: a mark, the digest, every state word, a checksum. */
uint32_t sc_checkpoint_words(const struct sc_device *device);
int sc_save(const struct sc_device *device, uint32_t *buffer);
int sc_restore(const struct sc_device *device, const uint32_t *buffer);

#endif
