/* Firmware that lets a core learn digits, with the driver that sc-hw emits beside the core.
 *
 * A synapse leads from each pixel to each class. A digit is shown twice: its bright pixels spike, then the neuron of its class, then a
 * reward comes; then its dark pixels, the same neuron, and a punishment. All that learns is in the core: nothing here multiplies. */
#include "digits.h"
#include "sc_core_design.h"

#define BOARD ((volatile uint32_t *)0x30000000u)
#define CORE ((volatile uint32_t *)0x40000000u)
#define WORDS (CLASSES * WORDS_OF_A_CLASS) /* of a timestep: sixteen synapses each, two bits a synapse, before and behind it */
#define BEFORE 0x55555555u
#define BEHIND 0xaaaaaaaau

static void tell(uint32_t word) { BOARD[0] = word; }

static int read_word(void *context, uint32_t address, uint32_t *value) {
  (void)context;
  *value = CORE[address / 4u];
  return (int)BOARD[1];
}

static int write_word(void *context, uint32_t address, uint32_t value) {
  (void)context;
  CORE[address / 4u] = value;
  return (int)BOARD[1];
}

static struct sc_device device = {read_word, write_word, NULL, &sc_core_design, 1000u};
static uint32_t before[WORDS], behind[WORDS], silence[WORDS], reward;
static unsigned of_before; /* whose words of behind are set */

/* The three kinds of timestep by turns, and one of rest. */
static const uint32_t *const kinds[4] = {before, behind, silence, silence};

static void prepare(unsigned digit, uint32_t turned) {
  unsigned k, class = labels[digit];
  for (k = 0; k < WORDS_OF_A_CLASS; k++) {
    uint32_t word = pixels[digit][k] ^ turned;
    unsigned each;
#pragma GCC unroll 16
    for (each = 0; each < CLASSES; each++) before[each * WORDS_OF_A_CLASS + k] = word;
  }
  for (k = 0; k < WORDS_OF_A_CLASS; k++) behind[of_before + k] = 0;
  of_before = class * WORDS_OF_A_CLASS;
  for (k = 0; k < WORDS_OF_A_CLASS; k++) behind[of_before + k] = BEHIND;
}

/* Every weight to where it begins; whatever else there is to what a clear leaves. */
static int begin(void) {
  unsigned unit;
  int wrong = sc_clear(&device);
  for (unit = 0; unit < CLASSES * PIXELS && !wrong; unit++) {
    uint32_t word[2];
    wrong = sc_read(&device, 0, unit, word);
    word[0] = (word[0] & ~WEIGHT_MASK_0) | WEIGHT_START_0;
    word[1] = (word[1] & ~WEIGHT_MASK_1) | WEIGHT_START_1;
    if (!wrong) wrong = sc_load(&device, 0, unit, word);
  }
  return wrong ? wrong : sc_settle(&device);
}

/* A digit by sc_step, which looks where there is room before each word. */
static int patiently(unsigned digit, uint32_t turned, uint32_t paid) {
  unsigned step;
  int wrong = SC_OK;
  prepare(digit, turned);
  for (step = 0; step < 4 && !wrong; step++) {
    const uint32_t *values = &reward;
    struct sc_beats beats = {(uint32_t *)kinds[step], CLASSES * PIXELS};
    reward = step == 2 ? paid : 0u;
    wrong = sc_step(&device, &values, &beats, NULL);
  }
  return wrong;
}

static void at_once(const struct sc_burst *burst, unsigned digit, uint32_t turned, uint32_t paid) {
  unsigned step;
  prepare(digit, turned);
  for (step = 0; step < 4; step++) {
    static const uint32_t nothing;
    sc_burst_step(burst, step == 2 ? &paid : step == 3 ? &nothing : NULL, kinds[step]); /* a value is kept until it is written again */
  }
}

int main(void) {
  struct sc_burst burst;
  uint32_t from, word[2];
  unsigned digit, unit, step;
  int wrong = sc_open(&device);
  if (!wrong) wrong = begin();
  from = BOARD[0];
  if (!wrong) wrong = patiently(0, 0, REWARD);
  tell(BOARD[0] - from); /* clocks of four timesteps by sc_step */
  if (!wrong) wrong = begin();
  if (!wrong) wrong = sc_burst_begin(&device, &burst, CORE, CLASSES * PIXELS);
  from = BOARD[0];
  for (digit = 0; digit < DIGITS; digit++) {
    at_once(&burst, digit, 0, REWARD);
    at_once(&burst, digit, BEFORE, PUNISHMENT);
  }
  if (!wrong) wrong = sc_burst_end(&device);
  tell(BOARD[0] - from); /* clocks of all that is learned, with what prepares it */
  tell((uint32_t)wrong);
  for (unit = 0; unit < CLASSES * PIXELS; unit++) {
    if (!wrong) wrong = sc_read(&device, 0, unit, word);
    tell(word[0]);
    tell(word[1]);
  }
  if (!wrong) wrong = sc_burst_begin(&device, &burst, CORE, CLASSES * PIXELS);
  reward = 0;
  sc_burst_step(&burst, &reward, silence);
  from = BOARD[0];
  for (step = 0; step < 8; step++) sc_burst_step(&burst, NULL, silence);
  tell(BOARD[0] - from); /* clocks of eight timesteps whose words are there */
  if (!wrong) wrong = sc_burst_end(&device);
  tell((uint32_t)wrong);
  return 0;
}
