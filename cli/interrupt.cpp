#include "cli/interrupt.h"

#include <atomic>
#include <csignal>

namespace spoor {
namespace {

std::atomic<bool> caught{false};  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): a
                                  // handler has no other way.
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler may not lock");

std::atomic<bool> hung_up{false};  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

void note(int /*signal*/) {
  caught.store(true);
}

void note_hangup(int /*signal*/) {
  hung_up.store(true);
}

}  // namespace

void catch_interrupts() {
  struct sigaction action {};

  action.sa_handler = note;
  // Once: the second signal ends the program at once.
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);

  struct sigaction ignore {};

  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, nullptr);
}

bool interrupted() {
  return caught.load();
}

void catch_hangups() {
  struct sigaction action {};

  action.sa_handler = note_hangup;
  action.sa_flags = SA_RESTART;
  sigaction(SIGHUP, &action, nullptr);
}

bool take_hangup() {
  return hung_up.exchange(false);
}

}  // namespace spoor
