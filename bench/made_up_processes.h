// Made-up processes of made-up hosts, as events: for what costs memory by the process.
//
// Each host runs 40 programs under a few parents; every process has a guid and a pid of its own,
// three of four a command line of its own; image, user, hashes, directory and the parent's words
// repeat as they do on real hosts.
#pragma once

#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "engine/event/event.h"

namespace spoor::bench {

inline constexpr Timestamp kBegin = 1'700'000'000 * kNanosPerSecond;
inline constexpr std::uint32_t kPrograms = 40;
inline constexpr std::uint32_t kParents =
    25;  ///< Of a host's processes, the first so many have children.

/// Events of one process of one host, in buffers that are used again.
class EventWriter {
 public:
  Event& start(std::uint32_t host, std::uint32_t process) {
    begin(host, process);
    event_.type = EventType::process_creation;
    mention(host, process, self_, event_.actor);
    event_.actor.start_is_exact = true;
    if (process > 0) {
      mention(host, process < kParents ? 0 : process % kParents, parent_, event_.parent);
    }
    event_.set(FieldId::integrity_level, process % 3 == 0 ? "System" : "Medium");
    hashes_ = fmt::format("SHA1={0:040x},MD5={0:032x},SHA256={0:064x}", 77 * (process % kPrograms));
    event_.set(FieldId::hashes, hashes_);
    event_.set(FieldId::current_directory,
               process % 4 == 0 ? R"(C:\Users\user\)" : R"(C:\Windows\system32\)");
    return event_;
  }

  /// What most events are: the process does something.
  Event& act(std::uint32_t host, std::uint32_t process, std::uint32_t second) {
    begin(host, process);
    event_.type = EventType::network_connection;
    mention(host, process, self_, event_.actor);
    event_.actor.command_line = {};
    event_.time += second * kNanosPerSecond;
    return event_;
  }

 private:
  struct Texts {
    std::string uid, pid, command_line;
  };

  void begin(std::uint32_t host, std::uint32_t process) {
    event_.clear();
    event_.source = Source::sysmon;
    host_ = fmt::format("host{:05}", host);
    event_.host = host_;
    event_.hostname = host_;
    event_.uid = {.high = host, .low = ++events_};
    event_.time = start_of(host, process);
  }

  static Timestamp start_of(std::uint32_t host, std::uint32_t process) {
    return kBegin + (std::int64_t{process} * 7 + host % 50) * kNanosPerSecond;
  }

  void mention(std::uint32_t host, std::uint32_t process, Texts& texts, ProcessMention& mention) {
    mention.key = {.high = (std::uint64_t{host} << 32U) | 0x1234,
                   .low = (std::uint64_t{process} << 32U) | host};
    texts.uid.clear();
    fmt::format_to(std::back_inserter(texts.uid), "{{{:08x}-{:04x}-641b-{:04x}-{:012x}}}", host,
                   process & 0xFFFFU, process >> 16U, process * 4096ULL);
    texts.pid = std::to_string(4 * (process + 1));
    const std::uint32_t program = process % kPrograms;
    texts.command_line.clear();
    if (process % 4 == 0) {
      fmt::format_to(std::back_inserter(texts.command_line),
                     R"("C:\Program Files\Vendor\program{0}.exe" --service {0})", program);
    } else {
      fmt::format_to(std::back_inserter(texts.command_line),
                     R"("C:\Program Files\Vendor\program{}.exe" --type=worker --handle={})",
                     program, process * 2654435761U);
    }
    static const std::vector<std::string> kImages = [] {
      std::vector<std::string> images;
      for (std::uint32_t i = 0; i < kPrograms; ++i) {
        images.push_back(fmt::format(R"(C:\Program Files\Vendor\program{}.exe)", i));
      }
      return images;
    }();
    mention.vendor_uid = texts.uid;
    mention.pid = texts.pid;
    mention.image = kImages[program];
    mention.command_line = texts.command_line;
    mention.user = process % 3 == 0 ? "NT AUTHORITY\\SYSTEM" : "ACME\\user";
    mention.start = start_of(host, process);
  }

  Event event_;
  Texts self_;
  Texts parent_;
  std::string hashes_;
  std::string host_;
  std::uint64_t events_ = 0;
};

}  // namespace spoor::bench
