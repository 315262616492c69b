// What memory_bytes() says is what is allocated, and it is little: counted, by an operator new of
// this program. A program of its own, because the count is everybody's.

#include <cstdlib>
#include <new>
#include <string>

#include <gtest/gtest.h>
#include <malloc.h>

#include "engine/base/huge_pages.h"
#include "engine/process_graph/process_graph.h"
#include "tests/support/events.h"

namespace {

std::size_t allocated_bytes = 0;

void* count(void* memory) {
  if (memory == nullptr) {
    std::abort();
  }
  allocated_bytes += malloc_usable_size(memory);
  return memory;
}

void release(void* memory) {
  allocated_bytes -= memory == nullptr ? 0 : malloc_usable_size(memory);
  std::free(memory);  // NOLINT(*-no-malloc)
}

}  // namespace

void* operator new(std::size_t size) {
  return count(std::malloc(size));  // NOLINT(*-no-malloc): this is where memory comes from
}

void* operator new(std::size_t size, std::align_val_t alignment) {
  const auto align = static_cast<std::size_t>(alignment);
  return count(std::aligned_alloc(align, (size + align - 1) / align * align));
}

void operator delete(void* memory) noexcept {
  release(memory);
}

void operator delete(void* memory, std::size_t /*size*/) noexcept {
  release(memory);
}

void operator delete(void* memory, std::align_val_t /*alignment*/) noexcept {
  release(memory);
}

void operator delete(void* memory, std::size_t /*size*/, std::align_val_t /*alignment*/) noexcept {
  release(memory);
}

namespace spoor {
namespace {

/// By operator new, and of large pages.
std::size_t bytes_in_use() {
  return allocated_bytes + piece_bytes_taken();
}

/// A host as hosts are: 40 programs, few parents, three of four command lines of one process alone.
void apply_start(ProcessGraph& graph, std::uint64_t id, Source source) {
  test::EventMaker make;
  const auto process = [source](std::uint64_t number) {
    return test::EventMaker::Process{
        .id = number * 4 + static_cast<std::uint64_t>(source),
        .pid = static_cast<std::uint32_t>(4 * number),
        .image = R"(C:\Windows\System32\program)" + std::to_string(number % 40) + ".exe",
        .start_s = static_cast<std::int64_t>(1'000'000'000 + 7 * number)};
  };
  Event event = make.start(process(id), process(id < 25 ? 0 : id % 25));
  event.source = source;
  event.actor.command_line =
      make.keep("program --handle=" + (id % 4 == 0 ? "0" : std::to_string(id)));
  event.parent.command_line = make.keep("program --handle=parent" + std::to_string(id % 25));
  event.actor.user = "NT AUTHORITY\\SYSTEM";
  event.set(FieldId::hashes, make.keep("MD5=" + std::to_string(id % 40)));
  graph.apply(event);
}

struct Measured {
  double said = 0;  ///< Bytes a process beyond text.
  double real = 0;
};

Measured measure(ProcessGraph& graph, std::size_t before) {
  const auto processes = static_cast<double>(graph.process_count());
  return {.said = static_cast<double>(graph.memory_bytes() - graph.text_bytes()) / processes,
          .real = static_cast<double>(bytes_in_use() - before - graph.text_bytes()) / processes};
}

TEST(Memory, AHundredBytesAProcessBeyondText) {
  for (const std::uint64_t processes : {300U, 1'000U, 3'000U, 10'000U, 70'000U}) {
    const std::size_t before = bytes_in_use();
    ProcessGraph graph;
    for (std::uint64_t id = 1; id <= processes; ++id) {
      apply_start(graph, id, Source::sysmon);
    }
    const Measured measured = measure(graph, before);
    // The promise is about many processes. What each table costs at least weighs on few, and how
    // much of it there is is up to the allocator.
    EXPECT_LE(measured.real, processes < 1'000 ? 102.0 : 100.0) << processes;
    EXPECT_NEAR(measured.said, measured.real, 0.05 * measured.real) << processes;
    std::printf("%llu processes: %.1f bytes each beyond text, memory_bytes() says %.1f\n",
                static_cast<unsigned long long>(processes), measured.real, measured.said);
  }
}

TEST(Memory, ASecondVendorCostsWhatTheFirstDidAndALink) {
  const std::size_t before = bytes_in_use();
  ProcessGraph graph;
  for (std::uint64_t id = 1; id <= 3'000; ++id) {
    apply_start(graph, id, Source::sysmon);
    apply_start(graph, id, Source::crowdstrike);
  }
  EXPECT_EQ(graph.node_count(), 6'002U);
  EXPECT_EQ(graph.process_count(), 3'002U);  // The root alone has no pid to be told by.
  const Measured measured = measure(graph, before);
  EXPECT_LE(measured.real, 240.0);
  EXPECT_NEAR(measured.said, measured.real, 0.05 * measured.real);
}

TEST(Memory, ForgettingGivesItBack) {
  const std::size_t before = bytes_in_use();
  ProcessGraph graph;
  std::uint64_t id = 1;
  std::size_t peak = 0;
  // Ten thousand at a time live, of forty thousand in all.
  for (; id <= 40'000; ++id) {
    apply_start(graph, id + 25, Source::sysmon);
    if (id > 10'000) {
      graph.forget(graph.find({.high = 4 * (id + 25 - 10'000), .low = 1}));
    }
    if (id == 20'000) {
      peak = graph.memory_bytes();
    }
  }
  EXPECT_LT(graph.memory_bytes(), peak * 3 / 2);
  for (ProcessIndex process = 0; process < graph.size(); ++process) {
    if (graph.is_known(process)) {
      graph.forget(process);
    }
  }
  EXPECT_LT(bytes_in_use() - before, 64U << 10U);
  EXPECT_LT(graph.memory_bytes(), 64U << 10U);
}

}  // namespace
}  // namespace spoor
