// The hashes that Pusher's signatures need: SHA-256 (FIPS 180-4), HMAC (RFC 2104), MD5 (RFC 1321).
// In full here, so that the load generator builds with a C++ compiler and nothing else.
#pragma once
#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

namespace digest {

inline uint32_t rotateLeft(uint32_t x, unsigned n) { return (x << n) | (x >> (32 - n)); }
inline uint32_t rotateRight(uint32_t x, unsigned n) { return (x >> n) | (x << (32 - n)); }

inline std::string hex(std::string_view bytes) {
  static const char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const char byte : bytes) {
    text += digits[(byte >> 4) & 15];
    text += digits[byte & 15];
  }
  return text;
}

enum class ByteOrder { big, little };

inline void append(std::string& bytes, uint64_t value, unsigned width, ByteOrder order) {
  for (unsigned i = 0; i < width; i++) {
    const unsigned at = order == ByteOrder::little ? i : width - 1 - i;
    bytes += static_cast<char>(value >> (8 * at));
  }
}

inline uint32_t word(const char* bytes, ByteOrder order) {
  uint32_t value = 0;
  for (unsigned i = 0; i < 4; i++) {
    const unsigned at = order == ByteOrder::big ? i : 3 - i;
    value = value << 8 | static_cast<uint8_t>(bytes[at]);
  }
  return value;
}

/** The message, a one bit, zeros, and its length in bits: a multiple of 64 bytes. */
inline std::string padded(std::string_view message, ByteOrder order) {
  std::string blocks(message);
  blocks += '\x80';
  blocks.append((120 - blocks.size() % 64) % 64, '\0');
  append(blocks, uint64_t{message.size()} * 8, 8, order);
  return blocks;
}

/** The first 32 bits of the fractional part, which is where SHA-256 takes its constants from. */
inline uint32_t fraction(long double x) {
  return static_cast<uint32_t>((x - std::floor(x)) * 4294967296.0L);
}

struct Sha256Constants {
  std::array<uint32_t, 64> rounds{};
  std::array<uint32_t, 8> initial{};
  Sha256Constants() {
    size_t found = 0;
    for (unsigned candidate = 2; found < rounds.size(); candidate++) {
      bool prime = true;
      for (unsigned d = 2; d * d <= candidate; d++) prime = prime && candidate % d != 0;
      if (!prime) continue;
      if (found < initial.size()) initial[found] = fraction(std::sqrt(static_cast<long double>(candidate)));
      rounds[found++] = fraction(std::cbrt(static_cast<long double>(candidate)));
    }
  }
};

/** @returns the 32 bytes of the digest. */
inline std::string sha256(std::string_view message) {
  static const Sha256Constants constants;
  auto state = constants.initial;
  const std::string blocks = padded(message, ByteOrder::big);
  for (size_t at = 0; at < blocks.size(); at += 64) {
    uint32_t w[64];
    for (size_t i = 0; i < 16; i++) w[i] = word(&blocks[at + 4 * i], ByteOrder::big);
    for (size_t i = 16; i < 64; i++) {
      const uint32_t a = w[i - 15], b = w[i - 2];
      w[i] = w[i - 16] + (rotateRight(a, 7) ^ rotateRight(a, 18) ^ (a >> 3)) + w[i - 7] +
             (rotateRight(b, 17) ^ rotateRight(b, 19) ^ (b >> 10));
    }
    auto [a, b, c, d, e, f, g, h] = state;
    for (size_t i = 0; i < 64; i++) {
      const uint32_t first = h + (rotateRight(e, 6) ^ rotateRight(e, 11) ^ rotateRight(e, 25)) +
                             ((e & f) ^ (~e & g)) + constants.rounds[i] + w[i];
      const uint32_t second = (rotateRight(a, 2) ^ rotateRight(a, 13) ^ rotateRight(a, 22)) +
                              ((a & b) ^ (a & c) ^ (b & c));
      h = g, g = f, f = e, e = d + first, d = c, c = b, b = a, a = first + second;
    }
    const uint32_t change[] = {a, b, c, d, e, f, g, h};
    for (size_t i = 0; i < 8; i++) state[i] += change[i];
  }
  std::string result;
  for (const uint32_t value : state) append(result, value, 4, ByteOrder::big);
  return result;
}

/** @returns the 16 bytes of the digest. */
inline std::string md5(std::string_view message) {
  static const unsigned shifts[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
  static const auto sines = [] {
    std::array<uint32_t, 64> table{};
    for (size_t i = 0; i < 64; i++)
      table[i] = static_cast<uint32_t>(std::fabs(std::sin(static_cast<long double>(i + 1))) * 4294967296.0L);
    return table;
  }();
  std::array<uint32_t, 4> state{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  const std::string blocks = padded(message, ByteOrder::little);
  for (size_t at = 0; at < blocks.size(); at += 64) {
    auto [a, b, c, d] = state;
    for (size_t i = 0; i < 64; i++) {
      const size_t round = i / 16;
      const uint32_t mix = round == 0   ? (b & c) | (~b & d)
                           : round == 1 ? (d & b) | (~d & c)
                           : round == 2 ? b ^ c ^ d
                                        : c ^ (b | ~d);
      const size_t source = (round == 0 ? i : round == 1 ? 5 * i + 1 : round == 2 ? 3 * i + 5 : 7 * i) % 16;
      const uint32_t sum = a + mix + sines[i] + word(&blocks[at + 4 * source], ByteOrder::little);
      a = d, d = c, c = b;
      b += rotateLeft(sum, shifts[round][i % 4]);
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
  }
  std::string result;
  for (const uint32_t value : state) append(result, value, 4, ByteOrder::little);
  return result;
}

inline std::string hmacSha256(std::string_view key, std::string_view message) {
  std::string block = key.size() > 64 ? sha256(key) : std::string(key);
  block.resize(64);
  std::string inner, outer;
  for (const char byte : block) {
    inner += static_cast<char>(byte ^ 0x36);
    outer += static_cast<char>(byte ^ 0x5c);
  }
  inner += message;
  outer += sha256(inner);
  return sha256(outer);
}

}  // namespace digest
