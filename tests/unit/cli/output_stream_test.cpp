#include "cli/output_stream.h"

#include <array>
#include <csignal>

#include <gtest/gtest.h>
#include <unistd.h>

namespace spoor {
namespace {

/// Two ends of a pipe.
class Pipe {
 public:
  Pipe() { opened_ = ::pipe(ends_.data()) == 0; }

  ~Pipe() {
    close_reader();
    ::close(ends_[1]);
  }

  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  [[nodiscard]] bool opened() const { return opened_; }

  [[nodiscard]] int writer() const { return ends_[1]; }

  void close_reader() {
    if (ends_[0] >= 0) {
      ::close(ends_[0]);
      ends_[0] = -1;
    }
  }

  std::string read() {
    std::string text(64, '\0');
    const ssize_t bytes = ::read(ends_[0], text.data(), text.size());
    return text.substr(0, bytes < 0 ? 0 : static_cast<std::size_t>(bytes));
  }

 private:
  std::array<int, 2> ends_{-1, -1};
  bool opened_ = false;
};

TEST(OutputStream, GoesOutWhenAWhileHasPassed) {
  Pipe pipe;
  ASSERT_TRUE(pipe.opened());
  ManualClock clock;
  OutputStream output(pipe.writer(), true, clock);
  output.write("a");
  clock.advance(std::chrono::seconds(1));
  output.write("b");
  EXPECT_EQ(pipe.read(), "ab");
  output.write("c");
  output.flush();
  EXPECT_EQ(pipe.read(), "c");
}

TEST(OutputStream, UnbufferedGoesOutAtOnce) {
  Pipe pipe;
  ASSERT_TRUE(pipe.opened());
  const ManualClock clock;
  OutputStream output(pipe.writer(), false, clock);
  output.write("a");
  EXPECT_EQ(pipe.read(), "a");
}

TEST(OutputStream, AReaderThatLeavesIsNoFailure) {
  std::signal(SIGPIPE, SIG_IGN);  // NOLINT(cert-err33-c)
  Pipe pipe;
  ASSERT_TRUE(pipe.opened());
  pipe.close_reader();
  const ManualClock clock;
  OutputStream output(pipe.writer(), false, clock);
  output.write("a");
  EXPECT_TRUE(output.reader_left());
  EXPECT_FALSE(output.failure());
  EXPECT_TRUE(output.is_over());
}

TEST(OutputStream, WhatCannotBeWrittenIsAFailure) {
  const ManualClock clock;
  OutputStream output(-1, false, clock);
  output.write("a");
  EXPECT_FALSE(output.reader_left());
  ASSERT_TRUE(output.failure());
  EXPECT_EQ(output.failure()->code, ErrorCode::io);
}

}  // namespace
}  // namespace spoor
