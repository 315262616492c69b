#include "engine/matcher/keyword_filter.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <iterator>
#include <span>
#include <utility>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace spoor {
namespace {

constexpr std::size_t kGram = 4;
constexpr std::size_t kStrideMax = 8;
constexpr std::size_t kTriple = 3;
constexpr unsigned kHashBits = 13;  ///< A table of 8 KiB.

/// What is no ASCII and folds to it.
constexpr std::string_view kLongS = "\xC5\xBF";
constexpr std::string_view kKelvin = "\xE2\x84\xAA";

/// Words that parsers put into values of Windows events of their own accord (canonical.h,
/// convert.h). KeywordFilter.NothingInAValueEscapes looks for more.
constexpr std::string_view kAdded[] = {"currentcontrolset",
                                       "windows",
                                       "hklm",
                                       "hkcu",
                                       "hkcr",
                                       "hkcc",
                                       "hku",
                                       "mediumplus",
                                       "low",
                                       "untrusted",
                                       "high",
                                       "system",
                                       "protected",
                                       "true",
                                       "false",
                                       "sha1",
                                       "sha256",
                                       "md5",
                                       "imphash",
                                       "createkey",
                                       "deletekey",
                                       "deletevalue",
                                       "setvalue",
                                       "dword ",
                                       "qword ",
                                       "binary data"};

/// Words of which every record is full: no piece of a fragment should be one of theirs.
constexpr std::string_view kFrequent[] = {
    "event",     "microsoft", "windows",     "system32",  "process",     "image",       "user",
    "utctime",   "name",      "version",     "source",    "target",      "filename",    "hashes",
    "rulename",  "company",   "description", "product",   "original",    "commandline", "parent",
    "integrity", "logon",     "guid",        "security",  "operational", "message",     "channel",
    "account",   "severity",  "opcode",      "task",      "keywords",    "provider",    "threadid",
    "record",    "module",    "hostname",    ".exe",      ".dll",        "privilege",   "registry",
    "network",   "granted",   "access",      "calltrace", "session",     "domain",      "object"};

char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

bool is_letter(char c) {
  return to_lower(c) >= 'a' && to_lower(c) <= 'z';
}

bool is_word(char c) {
  return is_letter(c) || (c >= '0' && c <= '9');
}

/// Does every carriage and parser leave it as it is?
bool is_kept(char c) {
  return is_word(c) || c == '.' || c == '_' || c == '-' || c == ' ' || c == ':';
}

/// How many of the `count` pieces from `offset` on are in every record.
std::size_t count_frequent(std::string_view fragment, std::size_t offset, std::size_t count) {
  std::size_t frequent = 0;
  for (std::size_t piece = offset; piece < offset + count; ++piece) {
    const std::string_view text = fragment.substr(piece, kGram);
    frequent += std::ranges::any_of(kFrequent,
                                    [text](std::string_view word) {
                                      return word.find(text) != std::string_view::npos;
                                    })
                    ? 1U
                    : 0U;
  }
  return frequent;
}

/// Guess: the part of a record's bytes that are this one, whichever its case.
double byte_rate(char c) {
  if (std::string_view("eitaonrs").find(c) != std::string_view::npos) {
    return 0.06;
  }
  if (std::string_view("jqxkvz_-.: ").find(c) != std::string_view::npos) {
    return 0.01;
  }
  return 0.03;
}

/// Where in a fragment those three bytes are that are in the fewest records: a guess.
std::uint32_t rarest_triple(std::string_view fragment) {
  std::uint32_t best = 0;
  double least = 2;
  for (std::uint32_t at = 0; at + kTriple <= fragment.size(); ++at) {
    const std::string_view triple = fragment.substr(at, kTriple);
    double rate = 1;
    for (const char c : triple) {
      rate *= byte_rate(c);
    }
    const bool frequent = std::ranges::any_of(kFrequent, [triple](std::string_view word) {
      return word.find(triple) != std::string_view::npos;
    });
    rate = frequent ? 1 : rate;
    // Two colons in a row are in hardly any record, but for addresses. One letter behind them is as
    // good as the next: those mix well.
    rate *= triple.starts_with("::") ? 0.001 : triple.ends_with("::") ? 0.01 : 1;
    if (rate < least) {
      least = rate;
      best = at;
    }
  }
  return best;
}

/// Guess: the part of the places at which one of the triples seems to stand, where they mix.
double mixed_rate(std::span<const std::string_view> triples) {
  double rate = 1;
  for (std::size_t place = 0; place < kTriple; ++place) {
    std::string bytes;
    double sum = 0;
    for (const std::string_view triple : triples) {
      if (bytes.find(triple[place]) == std::string::npos) {
        bytes.push_back(triple[place]);
        sum += byte_rate(triple[place]);
      }
    }
    rate *= sum;
  }
  return rate;
}

/// Cuts sorted triples into so many rows that mix least: where each row ends.
std::vector<std::size_t> cut_in_rows(std::span<const std::string_view> triples, std::size_t rows) {
  const std::size_t count = triples.size();

  // By rows and triples: the least rate of so many of the first in at most so many rows, and where
  // the last of these begins.
  struct Cut {
    double rate = 0;
    std::size_t begin = 0;
  };

  std::vector<Cut> in_one(count + 1);
  for (std::size_t end = 1; end <= count; ++end) {
    in_one[end].rate = mixed_rate(triples.first(end));
  }
  std::vector<std::vector<Cut>> cuts(rows, in_one);
  for (std::size_t begin = 1; begin < count; ++begin) {
    for (std::size_t end = begin + 1; end <= count; ++end) {
      const double last = mixed_rate(triples.subspan(begin, end - begin));
      for (std::size_t row = 1; row < rows; ++row) {
        const double rate = cuts[row - 1][begin].rate + last;
        if (rate < cuts[row][end].rate) {
          cuts[row][end] = {.rate = rate, .begin = begin};
        }
      }
    }
  }
  std::vector<std::size_t> ends;
  std::size_t end = count;
  for (std::size_t row = rows; row-- > 0 && end > 0;) {
    ends.push_back(end);
    end = cuts[row][end].begin;
  }
  std::ranges::reverse(ends);
  return ends;
}

/// The letter of a drive, which parsers may have put there.
bool is_drive(std::string_view text, std::size_t at) {
  return is_letter(text[at]) && at + 1 < text.size() && text[at + 1] == ':' &&
         (at == 0 || !is_word(text[at - 1]));
}

bool is_usable(std::string_view fragment) {
  // Numbers and times may have been written otherwise.
  const auto is_no_digit = [](char c) { return c >= 'g' && c <= 'z' && c != 'x'; };
  return fragment.size() >= kGram && std::ranges::any_of(fragment, is_no_digit) &&
         std::ranges::none_of(kAdded, [fragment](std::string_view word) {
           return word.find(fragment) != std::string_view::npos;
         });
}

/// The same for what differs in case only, and for little else.
std::uint32_t gram_at(const char* text) {
  std::uint32_t gram = 0;
  std::memcpy(&gram, text, kGram);
  return gram | 0x20202020U;
}

std::uint32_t hash_of(std::uint32_t gram) {
  return (gram * 0x9E3779B1U) >> (32U - kHashBits);
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const char low = to_lower(c);
  return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/// Does what folds to this code point, or is it, belong to a fragment?
bool may_be_kept(int code_point) {
  constexpr int kLongSPoint = 0x17F;
  constexpr int kKelvinPoint = 0x212A;
  return code_point == kLongSPoint || code_point == kKelvinPoint ||
         (code_point > 0 && code_point < 0x80 && is_kept(static_cast<char>(code_point)));
}

/// Is there an escape at `at` (`u` and four digits, behind a backslash) of a character that may
/// belong to a fragment? Whether the backslash is itself escaped does not matter: records are also
/// carried within strings.
bool escapes_kept(std::string_view record, std::size_t at) {
  if (at + 5 >= record.size()) {
    return false;
  }
  int code_point = 0;
  for (std::size_t digit = at + 2; digit < at + 6; ++digit) {
    const int value = hex_value(record[digit]);
    if (value < 0) {
      return false;
    }
    code_point = code_point * 16 + value;
  }
  return may_be_kept(code_point);
}

/// Does what begins at `at` spell oddly what belongs to a fragment?
bool is_spelt_oddly(std::string_view record, std::size_t at) {
  const std::string_view rest = record.substr(at, 3);
  return rest.starts_with("&#") || rest.starts_with(kLongS) || rest == kKelvin ||
         (rest.starts_with("\\u") && escapes_kept(record, at));
}

/// Which of the 16 bytes at `text` may begin an odd spelling, a bit for each: those of a backslash
/// before a `u`, of `&#`, and those that are no ASCII. 17 bytes are read.
std::uint32_t suspects_at(const char* text) {
#if defined(__SSE2__)
  const auto load = [](const char* from) {
    __m128i bytes;
    std::memcpy(&bytes, from, sizeof bytes);
    return bytes;
  };
  const __m128i one = load(text);
  const __m128i two = load(text + 1);
  const __m128i escape = _mm_and_si128(_mm_cmpeq_epi8(one, _mm_set1_epi8('\\')),
                                       _mm_cmpeq_epi8(two, _mm_set1_epi8('u')));
  const __m128i reference = _mm_and_si128(_mm_cmpeq_epi8(one, _mm_set1_epi8('&')),
                                          _mm_cmpeq_epi8(two, _mm_set1_epi8('#')));
  return static_cast<std::uint32_t>(
      _mm_movemask_epi8(_mm_or_si128(one, _mm_or_si128(escape, reference))));
#else
  std::uint32_t suspects = 0;
  for (unsigned i = 0; i < 16; ++i) {
    const bool suspect = static_cast<unsigned char>(text[i]) >= 0x80 ||
                         (text[i] == '\\' && text[i + 1] == 'u') ||
                         (text[i] == '&' && text[i + 1] == '#');
    suspects |= (suspect ? 1U : 0U) << i;
  }
  return suspects;
#endif
}

/// May the record spell what belongs to a fragment otherwise than by itself?
bool may_be_spelt_oddly(std::string_view record) {
  constexpr std::size_t kBlock = 16;
  std::size_t at = 0;
  for (; at + kBlock < record.size(); at += kBlock) {
    for (std::uint32_t rest = suspects_at(record.data() + at); rest != 0; rest &= rest - 1) {
      if (is_spelt_oddly(record, at + static_cast<std::size_t>(std::countr_zero(rest)))) {
        return true;
      }
    }
  }
  for (; at < record.size(); ++at) {
    if (is_spelt_oddly(record, at)) {
      return true;
    }
  }
  return false;
}

}  // namespace

std::string_view KeywordFilter::fragment_of(std::string_view folded) {
  std::string_view best;
  std::size_t first = 0;
  for (std::size_t at = 0; at <= folded.size(); ++at) {
    const bool cut = at == folded.size() || !is_kept(folded[at]) || is_drive(folded, at);
    if (!cut) {
      continue;
    }
    const std::string_view fragment = folded.substr(first, at - first);
    if (fragment.size() > best.size() && is_usable(fragment)) {
      best = fragment;
    }
    first = at + (at < folded.size() && is_drive(folded, at) ? 2 : 1);
    at = first - 1;
  }
  return best;
}

void KeywordFilter::add(const std::vector<Literal>& literals) {
  always_ = always_ || literals.empty();
  for (const Literal& literal : literals) {
    const std::string_view fragment = fragment_of(literal.text);
    always_ = always_ || fragment.empty();
    fragments_.emplace_back(fragment);
  }
}

void KeywordFilter::build() {
  if (always_ || fragments_.empty()) {
    return;
  }
  std::ranges::sort(fragments_);
  fragments_.erase(std::unique(fragments_.begin(), fragments_.end()), fragments_.end());
  build_pieces();
  // With more, some triple stands in every record.
  constexpr std::size_t kScannable = 48;
  scannable_ = fragments_.size() <= kScannable;
  if (scannable_) {
    build_scan();
  }
}

void KeywordFilter::build_pieces() {
  const std::size_t shortest = std::ranges::min(fragments_, {}, &std::string::size).size();
  // However a fragment lies, one of `stride_` pieces in a row is looked at.
  stride_ = std::min(kStrideMax, shortest - kGram + 1);
  known_.assign(std::size_t{1} << kHashBits, 0);
  for (std::uint32_t fragment = 0; fragment < fragments_.size(); ++fragment) {
    const std::size_t rows = fragments_[fragment].size() - kGram + 1 - stride_;
    std::size_t best = 0;
    std::size_t least = stride_ + 1;
    for (std::size_t first = 0; first <= rows; ++first) {
      const std::size_t frequent = count_frequent(fragments_[fragment], first, stride_);
      if (frequent < least) {
        least = frequent;
        best = first;
      }
    }
    for (auto offset = static_cast<std::uint32_t>(best); offset < best + stride_; ++offset) {
      const std::uint32_t gram = gram_at(fragments_[fragment].data() + offset);
      pieces_.push_back({.gram = gram, .fragment = fragment, .offset = offset});
      known_[hash_of(gram)] = 1;
    }
  }
  std::ranges::sort(pieces_, {}, &Piece::gram);
}

void KeywordFilter::build_scan() {
  std::vector<Triple> triples;
  for (std::uint32_t fragment = 0; fragment < fragments_.size(); ++fragment) {
    triples.push_back({.fragment = fragment, .offset = rarest_triple(fragments_[fragment])});
  }
  const auto text_of = [this](const Triple& triple) {
    return std::string_view(fragments_[triple.fragment]).substr(triple.offset, kTriple);
  };
  std::ranges::sort(triples, [&](const Triple& a, const Triple& b) {
    return std::pair(text_of(a), a.fragment) < std::pair(text_of(b), b.fragment);
  });
  std::vector<std::string_view> texts;
  std::ranges::transform(triples, std::back_inserter(texts), text_of);
  const std::vector<std::size_t> ends = cut_in_rows(texts, kFragmentBuckets);
  std::size_t next = 0;
  for (unsigned bucket = 0; bucket < ends.size(); ++bucket) {
    for (; next < ends[bucket]; ++next) {
      scan_.add(bucket, texts[next]);
      buckets_[bucket].push_back(triples[next]);
    }
  }
  // Of the code points that may_be_kept(), the escapes begin so.
  scan_.add(kEscapeBucket, "\\u0");
  scan_.add(kEscapeBucket, "\\u2");
  scan_.add(kOddBucket, "&#");
  scan_.add(kOddBucket, kLongS);
  scan_.add(kOddBucket, kKelvin);
}

bool KeywordFilter::may_hold(std::string_view record) const {
  static const TripleScan::Width kWidest = TripleScan::widest();
  return may_hold(record, kWidest);
}

bool KeywordFilter::may_hold(std::string_view record, TripleScan::Width width) const {
  if (always_ || fragments_.empty()) {
    return always_;
  }
  if (!scannable_ || width == TripleScan::Width::one) {
    return has_fragment(record) || may_be_spelt_oddly(record);
  }
  for (std::size_t from = 0;;) {
    const TripleScan::Suspect suspect = scan_.find(record, from, width);
    if (suspect.at == std::string_view::npos) {
      return false;
    }
    if (is_met(record, suspect)) {
      return true;
    }
    from = suspect.at + 1;
  }
}

/// Is what was found what was looked for?
bool KeywordFilter::is_met(std::string_view record, const TripleScan::Suspect& suspect) const {
  constexpr unsigned kOdd = (1U << kEscapeBucket) | (1U << kOddBucket);
  if ((suspect.buckets & kOdd) != 0 && is_spelt_oddly(record, suspect.at)) {
    return true;
  }
  for (unsigned bits = suspect.buckets & ~kOdd; bits != 0; bits &= bits - 1) {
    const auto bucket = static_cast<std::size_t>(std::countr_zero(bits));
    const bool met = std::ranges::any_of(buckets_[bucket], [&](const Triple& triple) {
      return suspect.at >= triple.offset &&
             is_at(triple.fragment, record, suspect.at - triple.offset);
    });
    if (met) {
      return true;
    }
  }
  return false;
}

bool KeywordFilter::is_at(std::uint32_t fragment, std::string_view record, std::size_t at) const {
  const std::string& text = fragments_[fragment];
  return at + text.size() <= record.size() &&
         std::ranges::equal(record.substr(at, text.size()), text,
                            [](char a, char b) { return to_lower(a) == b; });
}

bool KeywordFilter::has_fragment(std::string_view record) const {
  const char* const text = record.data();
  const std::uint8_t* const known = known_.data();
  for (std::size_t at = 0; at + kGram <= record.size(); at += stride_) {
    if (known[hash_of(gram_at(text + at))] != 0 && has_fragment_at(record, at)) {
      return true;
    }
  }
  return false;
}

/// Is there a fragment around the piece at `at`?
bool KeywordFilter::has_fragment_at(std::string_view record, std::size_t at) const {
  const std::uint32_t gram = gram_at(record.data() + at);
  for (auto piece = std::ranges::lower_bound(pieces_, gram, {}, &Piece::gram);
       piece != pieces_.end() && piece->gram == gram; ++piece) {
    if (at >= piece->offset && is_at(piece->fragment, record, at - piece->offset)) {
      return true;
    }
  }
  return false;
}

}  // namespace spoor
