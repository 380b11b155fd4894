/* See sc_hw_driver.h. */
#include "sc_hw_driver.h"

#define MARK 0x31706b63u /* "ckp1" */

static uint32_t masked(unsigned bits) { return bits >= 32 ? 0xffffffffu : (1u << bits) - 1u; }

/* What kept a stream from moving for so long: another number of beats than the design counts, or something else. */
static int given_up(const struct sc_device *d) {
  uint32_t status;
  if (d->read(d->context, d->design->status, &status)) return SC_BUS;
  return status & d->design->told ? SC_MARKS : SC_TIMEOUT;
}

/* An access, again while its stream is late: the design says so by an error and the event refused. */
static int access_patiently(const struct sc_device *d, uint32_t address, uint32_t *value, int write) {
  uint32_t tries, events;
  for (tries = 0; tries < d->patience; tries++) {
    int wrong = write ? d->write(d->context, address, *value) : d->read(d->context, address, value);
    if (!wrong) return SC_OK;
    if (d->read(d->context, d->design->events, &events)) return SC_BUS;
    if (!(events >> d->design->refused_bit & 1u)) return SC_BUS;
    if (d->write(d->context, d->design->events, 1u << d->design->refused_bit)) return SC_BUS;
  }
  return given_up(d);
}

static int put(const struct sc_device *d, uint32_t address, uint32_t value) { return access_patiently(d, address, &value, 1); }

static int get(const struct sc_device *d, uint32_t address, uint32_t *value) { return access_patiently(d, address, value, 0); }

int sc_open(struct sc_device *d) {
  static const char magic[4] = {'S', 'C', 'h', 'w'};
  uint32_t found;
  unsigned k;
  for (k = 0; k < 16; k++) {
    if (d->read(d->context, 4u * k, &found)) return SC_NO_DESIGN;
    if (k < 4 && found != (uint32_t)magic[k]) return SC_NO_DESIGN;
    if (k == 4 && found != d->design->abi) return SC_ABI;
    if (k >= 8 && found != d->design->digest[k - 8]) return SC_DIGEST;
  }
  return SC_OK;
}

int sc_reset(const struct sc_device *d) { return put(d, d->design->control, 1u); }

int sc_settle(const struct sc_device *d) {
  uint32_t tries, status;
  for (tries = 0; tries < d->patience; tries++) {
    int wrong = get(d, d->design->status, &status);
    if (wrong) return wrong;
    if (status & d->design->told) return SC_MARKS;
    if ((status & d->design->rooms) == d->design->rooms) return SC_OK;
  }
  return SC_TIMEOUT;
}

/* Commands of all parts; values may be NULL for a clear, which looks at none. */
static int command(const struct sc_device *d, const uint32_t *const *values, uint32_t first) {
  unsigned k, w;
  for (k = 0; k < d->design->commands; k++) {
    const struct sc_command *c = &d->design->command[k];
    int wrong = SC_OK;
    for (w = 0; w < c->words && !wrong; w++) wrong = put(d, c->address + 4u * w, values ? values[k][w] : 0u);
    if (!wrong) wrong = put(d, c->address + 4u * c->words, first);
    if (wrong) return wrong;
  }
  return SC_OK;
}

int sc_clear(const struct sc_device *d) {
  int wrong = d->design->commands ? command(d, NULL, 1u) : SC_RANGE;
  return wrong ? wrong : sc_settle(d);
}

int sc_consolidate(const struct sc_device *d) {
  const uint16_t ends = d->design->consolidate;
  int wrong = ends ? sc_settle(d) : SC_RANGE, later;
  if (!wrong) wrong = put(d, ends, 1u);
  if (wrong) return wrong;
  wrong = put(d, d->design->part[0].host, 0u);
  if (!wrong) wrong = sc_settle(d);
  later = put(d, ends, 0u); /* it stays as it was written, and other accesses are none */
  return wrong ? wrong : later;
}

static int asked(const struct sc_device *d, const struct sc_part *p, uint32_t unit, const uint32_t *word) {
  unsigned k;
  int wrong = p->choose ? put(d, p->choose, p->chosen) : SC_OK;
  if (!wrong && p->lane) wrong = put(d, p->lane, unit % p->lanes);
  if (!wrong) wrong = put(d, p->address, unit / p->lanes);
  for (k = 0; word && k < p->words && !wrong; k++) wrong = put(d, p->data + 4u * k, word[k]);
  return wrong ? wrong : put(d, p->host, word != NULL);
}

int sc_load(const struct sc_device *d, unsigned part, uint32_t unit, const uint32_t *word) {
  if (part >= d->design->parts || unit >= d->design->part[part].units) return SC_RANGE;
  return asked(d, &d->design->part[part], unit, word);
}

int sc_read(const struct sc_device *d, unsigned part, uint32_t unit, uint32_t *word) {
  const struct sc_part *p;
  unsigned k;
  int wrong;
  if (part >= d->design->parts || unit >= d->design->part[part].units) return SC_RANGE;
  p = &d->design->part[part];
  wrong = asked(d, p, unit, NULL);
  for (k = 0; k < p->words && !wrong; k++) wrong = get(d, p->readback + 4u * k, &word[k]);
  return wrong;
}

/* Where the last word of a timestep goes, with so many beats. */
static uint32_t end_of(const struct sc_stream *s, uint32_t beats) { return (s->ending ? s->ending : s->address) + 4u * (beats - 1u); }

/* The first beats of those that are left, from word on: as many as a write sends. Returns how many, or what went wrong. */
static int32_t sent(const struct sc_device *d, const struct sc_stream *s, const uint32_t *word, uint32_t count) {
  unsigned k;
  int wrong = SC_OK;
  if (s->beats) {
    if (count > s->beats) wrong = put(d, s->address + 4u * (s->beats - 1u), *word);
    else wrong = put(d, end_of(s, count), *word & masked(count * s->bits));
    return wrong ? wrong : (int32_t)(count < s->beats ? count : s->beats);
  }
  for (k = 0; k < s->words && !wrong; k++) {
    int ends = s->ending && count == 1u && k + 1u == s->words;
    wrong = put(d, ends ? s->ending : s->address + 4u * k, word[k]);
  }
  return wrong ? wrong : 1;
}

/* A beat of results; last tells whether it ends the timestep. */
static int taken(const struct sc_device *d, const struct sc_stream *s, struct sc_beats *b, uint32_t done, int *last) {
  unsigned k;
  int wrong = SC_OK;
  if (done >= b->count) return SC_RANGE;
  for (k = 0; k < s->words && !wrong; k++) wrong = get(d, s->address + 4u * k, &b->word[done * s->words + k]);
  *last = s->last_bit == 255 || (b->word[done * s->words + s->last_bit / 32u] >> s->last_bit % 32u & 1u);
  return wrong;
}

#define MOST 8

int sc_step(const struct sc_device *d, const uint32_t *const *values, const struct sc_beats *inputs, struct sc_beats *outputs) {
  const struct sc_design *g = d->design;
  uint32_t fed[MOST] = {0}, got[MOST] = {0}, idle = 0, status, open;
  const uint32_t *next[MOST];
  unsigned k;
  int wrong;
  if (g->inputs > MOST || g->outputs > MOST || (!outputs && !g->drops)) return SC_RANGE;
  open = outputs ? masked(g->outputs) : 0u;
  if (!outputs) {
    wrong = put(d, g->control, 2u);
    if (wrong) return wrong;
  }
  for (k = 0; k < g->inputs; k++) next[k] = inputs[k].word; /* moved on without a division, which small processors lack */
  wrong = command(d, values, 0u);
  while (!wrong) {
    int moved = 0;
    uint32_t left = 0;
    wrong = get(d, g->status, &status);
    if (!wrong && (status & g->told)) wrong = SC_MARKS;
    for (k = 0; k < g->inputs && !wrong; k++) {
      if (fed[k] < inputs[k].count && (status >> g->input[k].status_bit & 1u)) {
        int32_t beats = sent(d, &g->input[k], next[k], inputs[k].count - fed[k]);
        if (beats < 0) wrong = (int)beats;
        else fed[k] += (uint32_t)beats;
        next[k] += g->input[k].beats ? 1 : g->input[k].words;
        moved = 1;
      }
      if (fed[k] < inputs[k].count) left = 1;
    }
    for (k = 0; k < g->outputs && !wrong; k++) {
      if ((open >> k & 1u) && (status >> g->output[k].status_bit & 1u)) {
        int last = 0;
        wrong = taken(d, &g->output[k], &outputs[k], got[k]++, &last);
        if (last) open &= ~(1u << k);
        moved = 1;
      }
    }
    if (!left && !open) break;
    idle = moved ? 0u : idle + 1u;
    if (idle > d->patience) wrong = SC_TIMEOUT;
  }
  for (k = 0; outputs && k < g->outputs; k++) outputs[k].count = got[k];
  if (!wrong && !outputs) wrong = sc_settle(d);
  if (!outputs) {
    int later = put(d, g->control, 0u);
    if (!wrong) wrong = later;
  }
  return wrong;
}

int sc_burst_begin(const struct sc_device *d, struct sc_burst *b, volatile uint32_t *window, uint32_t beats) {
  const struct sc_design *g = d->design;
  const struct sc_stream *s = &g->input[0];
  if (g->inputs != 1 || g->commands > 1 || !g->drops || !s->beats || !beats) return SC_RANGE;
  b->values = g->commands ? g->command[0].words : 0u;
  b->command = g->commands ? window + g->command[0].address / 4u : NULL;
  b->send = g->commands ? b->command + b->values : NULL;
  b->whole = window + s->address / 4u + s->beats - 1u;
  b->eights = (beats - 1u) / s->beats & ~7u;
  b->left = (beats - 1u) / s->beats & 7u;
  b->rest = window + end_of(s, (beats - 1u) % s->beats + 1u) / 4u;
  return put(d, d->design->control, 2u);
}

/* What stands between the last word of a timestep and the first of the next is time in which the design waits: as little as can be. */
void sc_burst_step(const struct sc_burst *b, const uint32_t *values, const uint32_t *word) {
  volatile uint32_t *port;
  const uint32_t *end;
  uint32_t k;
  if (values)
    for (k = 0; k < b->values; k++) b->command[k] = values[k];
  if (b->send) *b->send = 0u;
  port = b->whole;
  for (end = word + b->eights; word != end; word += 8) { /* a jump for each word would take longer than the design for its beats */
    *port = word[0], *port = word[1], *port = word[2], *port = word[3];
    *port = word[4], *port = word[5], *port = word[6], *port = word[7];
  }
  word += b->left;
  switch (b->left) { /* no jump between two words */
    case 7: *port = word[-7]; /* fall through */
    case 6: *port = word[-6]; /* fall through */
    case 5: *port = word[-5]; /* fall through */
    case 4: *port = word[-4]; /* fall through */
    case 3: *port = word[-3]; /* fall through */
    case 2: *port = word[-2]; /* fall through */
    case 1: *port = word[-1]; /* fall through */
    default: *b->rest = *word;
  }
}

int sc_burst_end(const struct sc_device *d) {
  uint32_t events;
  int wrong = sc_settle(d), later = put(d, d->design->control, 0u), lost = get(d, d->design->events, &events);
  if (!lost && (events >> d->design->refused_bit & 1u)) /* cleared whatever else went wrong: it is nothing of the next burst */
    lost = put(d, d->design->events, 1u << d->design->refused_bit) ? SC_BUS : SC_TIMEOUT;
  return wrong ? wrong : later ? later : lost;
}

uint32_t sc_checkpoint_words(const struct sc_device *d) {
  uint32_t words = 4u; /* mark, digest, checksum */
  unsigned k;
  for (k = 0; k < d->design->parts; k++) words += d->design->part[k].units * d->design->part[k].words;
  return words;
}

/* Fletcher's checksum over 32 bits: words in another order have another. */
static uint32_t checksum(const uint32_t *word, uint32_t words) {
  uint32_t low = 1u, high = 0u, k;
  for (k = 0; k < 2u * words; k++) {
    low = (low + (word[k / 2u] >> 16u * (k % 2u) & 0xffffu)) % 65521u;
    high = (high + low) % 65521u;
  }
  return high << 16 | low;
}

static uint32_t digest_word(const struct sc_device *d, unsigned k) {
  const uint8_t *b = &d->design->digest[4 * k];
  return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

int sc_save(const struct sc_device *d, uint32_t *buffer) {
  uint32_t at = 0, unit;
  unsigned part;
  buffer[at++] = MARK;
  buffer[at++] = digest_word(d, 0);
  buffer[at++] = digest_word(d, 1);
  for (part = 0; part < d->design->parts; part++)
    for (unit = 0; unit < d->design->part[part].units; unit++) {
      int wrong = sc_read(d, part, unit, &buffer[at]);
      if (wrong) return wrong;
      at += d->design->part[part].words;
    }
  buffer[at] = checksum(buffer, at);
  return SC_OK;
}

int sc_restore(const struct sc_device *d, const uint32_t *buffer) {
  uint32_t at = 3u, unit, words = sc_checkpoint_words(d);
  unsigned part;
  int wrong;
  if (buffer[0] != MARK || buffer[1] != digest_word(d, 0) || buffer[2] != digest_word(d, 1)) return SC_ANOTHER;
  if (buffer[words - 1u] != checksum(buffer, words - 1u)) return SC_ANOTHER;
  for (part = 0; part < d->design->parts; part++)
    for (unit = 0; unit < d->design->part[part].units; unit++) {
      wrong = sc_load(d, part, unit, &buffer[at]);
      if (wrong) return wrong;
      at += d->design->part[part].words;
    }
  wrong = sc_settle(d);
  return wrong ? wrong : sc_reset(d); /* random registers start from their seeds */
}
