// A verilated board whose serial line is a pseudo-terminal. Prints the terminal's path, then works until standard input ends.
// A line that comes there is answered: s with clocks, bytes to the board and bytes from it.
// Time stands still while the line rests and nothing is under way, and where something is that waits for the line.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>
#include "Vbus.h"
#include "verilated.h"

static const uint32_t REST = 64 * DIVIDER + 1024;  // clocks after which a line that rests, rests: longer than any access and sum
static const uint32_t LONG = 1 << 20;              // the same while a sweep is under way
static const int LOOK = 256;                       // clocks between looks at the terminal
static const unsigned MOST = 4096;             // bytes that wait on either side

int main(int argc, char **argv) {
  VerilatedContext context;
  context.commandArgs(argc, argv);
  Vbus *top = new Vbus(&context);
  int terminal = posix_openpt(O_RDWR | O_NOCTTY);
  if (terminal < 0 || grantpt(terminal) || unlockpt(terminal)) return 3;
  const char *path = ptsname(terminal);
  int other = path ? open(path, O_RDWR | O_NOCTTY) : -1;  // kept, so that the line is there while nobody is on it
  if (other < 0) return 3;
  struct termios plain;
  if (tcgetattr(other, &plain)) return 3;
  cfmakeraw(&plain);
  if (tcsetattr(other, TCSANOW, &plain) || fcntl(terminal, F_SETFL, O_NONBLOCK)) return 3;

  uint64_t clocks = 0, in = 0, out = 0;
  std::deque<uint8_t> to, from;
  uint32_t sent = 1, sent_bits = 0, sent_wait = 0;        // of the byte on its way to the board
  uint32_t got = 0, got_bits = 0, got_wait = 0, rest = 0;  // of the byte on its way from it
  top->rx = 1;
  top->rst = 1;
  for (;;) {
    // ---- Look at terminal and standard input; wait there if nothing is under way ----
    bool rests = rest > (top->learning ? LONG : REST);
    struct pollfd seen[2] = {{terminal, (short)((to.size() < MOST ? POLLIN : 0) | (from.empty() ? 0 : POLLOUT)), 0}, {0, POLLIN, 0}};
    if (poll(seen, 2, rests && to.empty() ? -1 : 0) < 0) continue;
    if (seen[1].revents) {
      char line[64];
      if (read(0, line, sizeof line) <= 0) break;
      printf("%llu %llu %llu\n", (unsigned long long)clocks, (unsigned long long)in, (unsigned long long)out);
      fflush(stdout);
    }
    if (seen[0].revents & POLLIN) {
      uint8_t bytes[1024];
      ssize_t n = read(terminal, bytes, sizeof bytes);
      for (ssize_t k = 0; k < n; k++) to.push_back(bytes[k]);
    }
    if (seen[0].revents & POLLOUT) {
      while (!from.empty() && write(terminal, &from.front(), 1) == 1) from.pop_front();
    }
    if (from.size() >= MOST) from.clear();  // nobody reads: as on a wire, it is lost
    if (!to.empty()) rest = 0, rests = false;
    // ---- Some clocks ----
    for (int k = 0; k < LOOK && !rests; k++) {
      if (clocks == 4) top->rst = 0;
      if (!sent_bits && !to.empty() && clocks > 4) {
        sent = 1u << 9 | (uint32_t)to.front() << 1;
        to.pop_front();
        in++;
        sent_bits = 10;
        sent_wait = 0;
      }
      if (sent_bits && !sent_wait) {
        top->rx = sent & 1;
        sent >>= 1;
        sent_wait = DIVIDER;
      }
      if (sent_wait && !--sent_wait) sent_bits--;
      if (!sent_bits) top->rx = 1;
      top->clk = 0;
      top->eval();
      top->clk = 1;
      top->eval();
      clocks++;
      if (!got_bits && !top->tx && clocks > 8) {
        got_bits = 10;
        got_wait = DIVIDER / 2;
      }
      if (got_bits && !got_wait--) {
        got_wait = DIVIDER - 1;
        got = got >> 1 | (uint32_t)top->tx << 9;
        if (!--got_bits && (got >> 9)) {
          from.push_back(got >> 1);
          out++;
        }
      }
      rest = sent_bits || got_bits || clocks < 8 ? 0 : rest + 1;
    }
    if (clocks >= 8 && path) {
      puts(path);
      fflush(stdout);
      path = nullptr;
    }
  }
  top->final();
  return 0;
}
