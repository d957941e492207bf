// The texts of the Pusher protocol that a load needs: what its clients say, what its publishers
// post, and the time stamp that tells a delivery how old it is.
#pragma once
#include <cinttypes>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include "digest.hpp"

namespace pusher {

struct App {
  std::string id, key, secret;

  std::string sign(std::string_view text) const { return digest::hex(digest::hmacSha256(secret, text)); }
};

inline const std::string ping = "{\"event\":\"pusher:ping\",\"data\":{}}";
inline const std::string pong = "{\"event\":\"pusher:pong\",\"data\":{}}";

/** The request that opens a connection, up to and with its empty line. */
inline std::string handshake(const App& app) {
  return "GET /app/" + app.key +
         "?protocol=7&client=bench&version=1 HTTP/1.1\r\nHost: 127.0.0.1\r\n"
         "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
}

/** A JSON string that holds JSON text without backslashes. */
inline std::string quoted(std::string_view json) {
  std::string text = "\"";
  for (const char c : json) {
    if (c == '"') text += '\\';
    text += c;
  }
  return text + "\"";
}

/** @param kind public, private or presence; a presence member is user `number`. */
inline std::string subscribe(const App& app, std::string_view kind, const std::string& channel,
                             const std::string& socketId, uint32_t number) {
  std::string data = "\"channel\":\"" + channel + "\"", signedText = socketId + ":" + channel;
  if (kind == "presence") {
    const std::string id = std::to_string(number);
    const std::string member = "{\"user_id\":\"" + id + "\",\"user_info\":{\"name\":\"User " + id + "\"}}";
    signedText += ":" + member;
    data += ",\"channel_data\":" + quoted(member);
  }
  if (kind != "public") data += ",\"auth\":\"" + app.key + ":" + app.sign(signedText) + "\"";
  return "{\"event\":\"pusher:subscribe\",\"data\":{" + data + "}}";
}

/** A signed POST to the HTTP API. @param resource events or batch_events */
inline std::string post(const App& app, const std::string& resource, const std::string& body, bool closes) {
  const std::string path = "/apps/" + app.id + "/" + resource;
  const std::string query = "auth_key=" + app.key + "&auth_timestamp=" + std::to_string(std::time(nullptr)) +
                            "&auth_version=1.0&body_md5=" + digest::hex(digest::md5(body));
  return "POST " + path + "?" + query + "&auth_signature=" + app.sign("POST\n" + path + "\n" + query) +
         " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + (closes ? "Connection: close\r\n" : "") +
         "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/** Application data of about `bytes` bytes that says when it was due. */
inline std::string payload(uint64_t dueMicros, long bytes) {
  char stamp[19];
  std::snprintf(stamp, sizeof stamp, "@%016" PRIu64 "@", dueMicros);
  const std::string fill(bytes > 38 ? static_cast<size_t>(bytes - 38) : 0, 'x');
  return std::string("{\"due\":\"") + stamp + "\",\"fill\":\"" + fill + "\"}";
}

/** Reads the time stamp of a frame that carries a payload; nothing for any other frame. */
class StampReader {
 public:
  std::optional<uint64_t> read(std::string_view frame) {
    if (!isStamp(frame, offset_)) {  // all deliveries of a run look alike: look there first
      const size_t found = frame.find('@');
      if (!isStamp(frame, found)) return std::nullopt;
      offset_ = found;
    }
    uint64_t micros = 0;
    for (const char digit : frame.substr(offset_ + 1, 16)) micros = micros * 10 + static_cast<uint64_t>(digit - '0');
    return micros;
  }

 private:
  static bool isStamp(std::string_view frame, size_t at) {
    return at < frame.size() && frame.size() - at >= 18 && frame[at] == '@' && frame[at + 17] == '@';
  }
  size_t offset_ = 0;
};

/** The digits and dots after "socket_id" in pusher:connection_established. */
inline std::string socketId(std::string_view established) {
  const size_t start = established.find_first_of("0123456789", established.find("socket_id"));
  if (start == std::string_view::npos) return "";
  return std::string(established.substr(start, established.find_first_not_of("0123456789.", start) - start));
}

}  // namespace pusher
