// One end of a TCP connection to the server under load, and the bytes that go through it:
// WebSocket frames (RFC 6455), HTTP/1.1 responses, Redis replies. Knows no channel and no event.
#pragma once
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

struct Peer {
  enum class State { closed, connecting, upgrading, upgraded, open };

  uint32_t index = 0;  // in the load's table of peers; what epoll hands back
  int socket = -1;
  State state = State::closed;
  bool awaitsReply = false;
  bool awaitsWritable = false;
  uint64_t askedAt = 0;  // when what it awaits was asked for, in microseconds
  std::string socketId;
  std::string unsent;
  std::string unparsed;

  /** Starts connecting to a port on this machine. @returns false when the kernel refuses at once. */
  bool connect(int epoll, int port) {
    socket = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (socket < 0) return false;
    const int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 && errno != EINPROGRESS) {
      close();
      return false;
    }
    state = State::connecting;
    watch(epoll, EPOLL_CTL_ADD, true);
    return true;
  }

  /** Sends what the kernel takes now; the rest leaves when epoll says so. */
  void send(int epoll, std::string_view bytes) {
    if (state == State::closed) return;
    if (unsent.empty() && state != State::connecting) bytes.remove_prefix(write(bytes));
    if (bytes.empty()) return;
    unsent += bytes;
    if (!awaitsWritable) watch(epoll, EPOLL_CTL_MOD, true);
  }

  /** Sends what was left over. Called when the socket can be written to again. */
  void flush(int epoll) {
    unsent.erase(0, write(unsent));
    if (unsent.empty() && awaitsWritable) watch(epoll, EPOLL_CTL_MOD, false);
  }

  void close() {
    if (socket >= 0) ::close(socket);
    socket = -1;
    state = State::closed;
    awaitsReply = awaitsWritable = false;
    unsent.clear();
    unparsed.clear();
  }

 private:
  size_t write(std::string_view bytes) const {
    const ssize_t written = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return written < 0 ? 0 : static_cast<size_t>(written);
  }
  void watch(int epoll, int operation, bool writable) {
    awaitsWritable = writable;
    epoll_event event{};
    event.events = EPOLLIN | (writable ? EPOLLOUT : 0u);
    event.data.u32 = index;
    epoll_ctl(epoll, operation, socket, &event);
  }
};

namespace websocket {

enum Opcode : uint8_t { text = 1, close = 8, ping = 9, pong = 10 };

/** A client's frame of up to 65,535 bytes. The mask is zero: still a mask, and free. */
inline std::string frame(std::string_view payload, Opcode opcode = text) {
  std::string bytes;
  bytes.reserve(payload.size() + 14);
  bytes += static_cast<char>(0x80 | opcode);
  if (payload.size() < 126) {
    bytes += static_cast<char>(0x80 | payload.size());
  } else {
    bytes += static_cast<char>(0x80 | 126);
    bytes += static_cast<char>(payload.size() >> 8);
    bytes += static_cast<char>(payload.size());
  }
  bytes.append(4, '\0');
  bytes += payload;
  return bytes;
}

/** Hands each whole frame to `take(opcode, payload)`. @returns the bytes used up. */
template <typename Take>
size_t parse(std::string_view bytes, Take take) {
  size_t at = 0;
  while (bytes.size() - at >= 2) {
    const auto byte = [&](size_t i) { return static_cast<uint8_t>(bytes[at + i]); };
    size_t header = 2;
    uint64_t length = byte(1) & 127;
    if (length >= 126) {
      const size_t width = length == 126 ? 2 : 8;
      if (bytes.size() - at < 2 + width) break;
      length = 0;
      for (size_t i = 0; i < width; i++) length = length << 8 | byte(2 + i);
      header += width;
    }
    if (bytes.size() - at < header + length) break;
    take(byte(0) & 15, bytes.substr(at + header, length));
    at += header + length;
  }
  return at;
}

}  // namespace websocket

namespace http {

/** The value of a header, given in lower case with its colon; empty when it is not there. */
inline std::string_view header(std::string_view head, std::string_view name) {
  for (size_t line = head.find("\r\n"); line != std::string_view::npos; line = head.find("\r\n", line + 2)) {
    const std::string_view rest = head.substr(line + 2);
    if (rest.size() < name.size() || strncasecmp(rest.data(), name.data(), name.size()) != 0) continue;
    const std::string_view value = rest.substr(name.size(), rest.find("\r\n") - name.size());
    return value.substr(std::min(value.size(), value.find_first_not_of(' ')));
  }
  return {};
}

/** Hands each whole response to `take(status, body, closes)`. @returns the bytes used up. */
template <typename Take>
size_t parse(std::string_view bytes, Take take) {
  size_t at = 0;
  for (;;) {
    const size_t end = bytes.find("\r\n\r\n", at);
    if (end == std::string_view::npos) return at;
    const std::string_view head = bytes.substr(at, end - at);
    const size_t length = strtoul(std::string(header(head, "content-length:")).c_str(), nullptr, 10);
    const size_t total = end + 4 - at + length;
    if (bytes.size() - at < total) return at;
    take(atoi(std::string(head.substr(9, 3)).c_str()), bytes.substr(end + 4, length), header(head, "connection:") == "close");
    at += total;
  }
}

}  // namespace http

namespace redis {

inline std::string publish(const std::string& channel, const std::string& message) {
  const auto bulk = [](const std::string& text) { return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n"; };
  return "*3\r\n" + bulk("PUBLISH") + bulk(channel) + bulk(message);
}

/** Hands each one-line reply, as PUBLISH has, to `take(line)`. @returns the bytes used up. */
template <typename Take>
size_t parse(std::string_view bytes, Take take) {
  size_t at = 0;
  for (size_t end; (end = bytes.find("\r\n", at)) != std::string_view::npos; at = end + 2) take(bytes.substr(at, end - at));
  return at;
}

}  // namespace redis
