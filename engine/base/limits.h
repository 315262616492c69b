// Every bound in one place. Each is a default that a setting may change later; none is silent: what
// a bound refuses or drops is counted under the name given here.
#pragma once

#include <cstddef>
#include <cstdint>

namespace spoor {

// Records (semantics: "Bad input").
inline constexpr std::size_t kRecordBytesMax = std::size_t{1} << 20;  ///< One record, 1 MiB.
inline constexpr std::size_t kDeadLetterBytesMax = std::size_t{64}
                                                   << 10;              ///< Kept of a bad record.
inline constexpr std::size_t kJsonDepthMax = 64;                       ///< Nesting of one record.
inline constexpr std::size_t kRecordKeysMax = 4096;                    ///< Keys of one record.
inline constexpr std::size_t kReadBufferBytes = std::size_t{1} << 20;  ///< One read().

// Compressed input: refuse what expands further than this once kBombFloorBytes came out. Real
// captures of repetitive events reach 68:1; a bomb 1,000:1 (gzip) to 31,000:1 (zstd).
inline constexpr std::uint64_t kDecompressionRatioMax = 500;
inline constexpr std::uint64_t kBombFloorBytes = std::uint64_t{64} << 20;
inline constexpr int kZstdWindowLogMax = 27;  ///< 128 MiB.

// Process graph.
inline constexpr std::size_t kAncestorsMax = 128;   ///< Steps of one walk up, levels of one down.
inline constexpr std::size_t kSubtreeMax = 65'536;  ///< Processes (with hits) of one walk down.
inline constexpr std::size_t kProcessesPerHostMax = 1'048'576;  ///< Nodes of one host's graph.
inline constexpr std::size_t kPidEndsMax = 262'144;       ///< Ends by a bare pid kept of one host.
inline constexpr std::size_t kProcessesMax = 16'777'216;  ///< Nodes of the graphs of all hosts.
inline constexpr std::size_t kProcessBytes = 96;          ///< Of a node beside its texts, about.
inline constexpr std::uint64_t kProcessBytesMax = 8ULL << 30U;  ///< Of all nodes and their texts.
inline constexpr std::int64_t kClockSlackNs =
    2'000'000'000;  ///< A parent may start this much "later".

// Correlation.
inline constexpr std::size_t kHitsPerStepMax =
    100;  ///< Per (rule, process): first and last half kept.
inline constexpr std::size_t kEvidencePerMatchMax = 100;  ///< Per match: first and last half kept.
inline constexpr std::size_t kMatchesPerRuleMax =
    10'000;  ///< Of a plain rule in one replay; least kept.
inline constexpr std::size_t kRecentEventsMax =
    4'194'304;  ///< Event uids remembered to count duplicates.

// Window correlations.
inline constexpr std::size_t kWindowWaitingMax = 1'048'576;  ///< Events kept to be put in order.
inline constexpr std::size_t kWindowGroupsMax = 100'000;     ///< Group keys of a rule.
inline constexpr std::size_t kWindowEntriesMax = 100'000;    ///< Events or values of a group.

// Events that wait for what the process graph may still learn (WaitingLimits). Beyond it an event
// is judged by what is known then, and counted.
inline constexpr std::size_t kWaitingEventsMax = 262'144;                    ///< In a stream.
inline constexpr std::size_t kWaitingBytesMax = std::size_t{672} << 20;      ///< In a stream.
inline constexpr std::size_t kReplayWaitingBytesMax = std::size_t{2} << 30;  ///< Until its end.
inline constexpr std::size_t kWaitingEventBytes = 640;  ///< Of one beside its record, about.
inline constexpr std::size_t kPidActorsMax =
    262'144;  ///< Events of a host whose bare pid was looked up.

// Rules.
inline constexpr std::size_t kRuleBytesMax = std::size_t{4} << 20;  ///< One rule file.
inline constexpr std::size_t kRuleDepthMax = 64;                    ///< YAML nesting.
inline constexpr std::size_t kRegexProgramMax = 100'000;            ///< RE2 instructions.

}  // namespace spoor
