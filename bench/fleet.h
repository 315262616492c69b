// A made-up fleet's Sysmon log, as NXLog ships it: mostly benign, and the same for the same seed.
//
// The mix is a guess at an office: 14 % process create, 22 % image load, 16 % network, 12 % file,
// 12 % registry, 10 % process exit, 8 % DNS, 6 % process access. Images and keys repeat, about half
// of the command lines do not, file names hardly ever do. Hardly anything is suspicious.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spoor::bench {

struct Program;

class Fleet {
 public:
  explicit Fleet(std::uint64_t seed, std::size_t hosts = 300);

  /// Appends the next record and a newline.
  void append_record(std::string& out);

 private:
  struct Process {
    std::size_t program = 0;
    std::string guid;
    std::string pid;
    std::string image;
    std::string command_line;
    std::string user;
  };

  struct Host {
    std::string name;
    std::string user;
    std::string sid;
    std::vector<Process> live;
    std::uint64_t record = 0;
  };

  std::uint64_t next();

  std::size_t below(std::size_t bound) { return next() % bound; }

  std::string hex(std::size_t digits);
  std::string guid();
  std::string expand(std::string_view form, const Host& host);
  std::string time_text() const;
  Process start(std::size_t program, const Host& host);
  Process parent_of(const Program& program, const Host& host);
  Process& some_process(Host& host);
  const Process& some_client(Host& host);

  void put(std::string_view name, std::string value) { data_.emplace_back(name, std::move(value)); }

  void put_process(const Process& process);

  int create(Host& host);
  int load_image(Host& host);
  int connect(Host& host);
  int make_file(Host& host);
  int set_registry(Host& host);
  int end(Host& host);
  int ask_dns(Host& host);
  int access(Host& host);
  void write(const Host& host, int id, std::string& out) const;

  std::uint64_t state_;
  std::uint64_t now_ms_ = 1'700'000'000'000;
  std::vector<Host> hosts_;
  std::vector<std::pair<std::string_view, std::string>> data_;  ///< Of the record being made.
};

}  // namespace spoor::bench
