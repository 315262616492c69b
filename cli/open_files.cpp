#include "cli/open_files.h"

#include <string>

#include <sys/resource.h>

#include "cli/log.h"

namespace spoor {

std::uint64_t open_files_wanted(const RunConfig& config) {
  // The state holds 512 at most (RocksDB's max_open_files), and a log and locks beside them.
  constexpr std::uint64_t kOfState = 600;
  // Bus, sinks, brokers, /metrics, files of a folder.
  constexpr std::uint64_t kOthers = 400;
  std::uint64_t wanted = kOfState + kOthers;
  for (const InputConfig& input : config.inputs) {
    if (input.type == InputType::tcp || input.type == InputType::http) {
      wanted += input.listen.connections;
    }
  }
  return wanted;
}

void raise_open_files(std::uint64_t wanted) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return;
  }
  if (limit.rlim_cur < limit.rlim_max) {
    rlimit raised = limit;
    raised.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) {
      limit = raised;
    }
  }
  if (limit.rlim_cur < wanted) {
    log_warning("only " + std::to_string(limit.rlim_cur) +
                " files may be open, and the inputs' connections and the state may need " +
                std::to_string(wanted) +
                ": connections will be refused; raise the hard limit (ulimit -Hn, LimitNOFILE) "
                "or lower 'connections'");
  }
}

}  // namespace spoor
