#include "engine/base/state_io.h"

namespace spoor {
namespace {

constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63U;

}  // namespace

void StateSink::erase_prefix(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xFF) {
    end.pop_back();
  }
  if (!end.empty()) {
    end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
    erase_range(prefix, end);
  }
}

StateWriter& StateWriter::number(std::uint64_t value) {
  while (value >= 0x80) {
    bytes_.push_back(static_cast<char>((value & 0x7F) | 0x80));
    value >>= 7U;
  }
  bytes_.push_back(static_cast<char>(value));
  return *this;
}

StateWriter& StateWriter::time(Timestamp value) {
  // The sign goes last, so that times before 1970 are short too.
  const auto bits = static_cast<std::uint64_t>(value);
  return number((bits << 1U) ^ (value < 0 ? ~std::uint64_t{0} : 0));
}

StateWriter& StateWriter::text(std::string_view value) {
  number(value.size());
  bytes_.append(value);
  return *this;
}

StateWriter& StateWriter::uid(const Uid& value) {
  return key64(value.high).key64(value.low);
}

StateWriter& StateWriter::key_byte(unsigned value) {
  bytes_.push_back(static_cast<char>(value));
  return *this;
}

StateWriter& StateWriter::key32(std::uint32_t value) {
  for (unsigned shift = 32; shift > 0; shift -= 8) {
    bytes_.push_back(static_cast<char>(value >> (shift - 8)));
  }
  return *this;
}

StateWriter& StateWriter::key64(std::uint64_t value) {
  return key32(static_cast<std::uint32_t>(value >> 32U)).key32(static_cast<std::uint32_t>(value));
}

StateWriter& StateWriter::key_time(Timestamp value) {
  return key64(static_cast<std::uint64_t>(value) ^ kSignBit);
}

StateWriter& StateWriter::raw(std::string_view value) {
  bytes_.append(value);
  return *this;
}

std::uint64_t StateReader::number() {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const unsigned byte = key_byte();
    const std::uint64_t bits = byte & 0x7FU;
    if (shift == 63 && bits > 1) {
      break;
    }
    value |= bits << shift;
    if ((byte & 0x80U) == 0) {
      return ok_ ? value : 0;
    }
  }
  ok_ = false;
  return 0;
}

std::uint64_t StateReader::number_to(std::uint64_t max) {
  const std::uint64_t value = number();
  ok_ = ok_ && value <= max;
  return ok_ ? value : 0;
}

Timestamp StateReader::time() {
  const std::uint64_t bits = number();
  return static_cast<Timestamp>((bits >> 1U) ^ (~(bits & 1U) + 1));
}

std::string_view StateReader::text() {
  const std::uint64_t size = number();
  if (size > rest_.size()) {
    ok_ = false;
    return {};
  }
  return raw(static_cast<std::size_t>(size));
}

Uid StateReader::uid() {
  const std::uint64_t high = key64();
  return {.high = high, .low = key64()};
}

unsigned StateReader::key_byte() {
  const std::string_view byte = raw(1);
  return byte.empty() ? 0U : static_cast<unsigned char>(byte.front());
}

std::uint32_t StateReader::key32() {
  std::uint32_t value = 0;
  for (const char byte : raw(4)) {
    value = (value << 8U) | static_cast<unsigned char>(byte);
  }
  return value;
}

std::uint64_t StateReader::key64() {
  const std::uint64_t high = key32();
  return (high << 32U) | key32();
}

Timestamp StateReader::key_time() {
  return static_cast<Timestamp>(key64() ^ kSignBit);
}

std::string_view StateReader::raw(std::size_t size) {
  if (!ok_ || size > rest_.size()) {
    ok_ = false;
    return {};
  }
  const std::string_view value = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return value;
}

std::string_view StateReader::rest() {
  return raw(rest_.size());
}

}  // namespace spoor
