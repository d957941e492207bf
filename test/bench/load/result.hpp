// The result of a run: one JSON object, written as it comes.
#pragma once
#include <cstdio>
#include <string>
#include <string_view>

class Result {
 public:
  void open(std::string_view name) {
    key(name);
    json_ += "{";
  }
  void close() { json_ += "}"; }

  void add(std::string_view name, double value) {
    key(name);
    char text[32];
    std::snprintf(text, sizeof text, "%.10g", value);
    json_ += text;
  }
  /** Characters that JSON would escape become spaces. */
  void add(std::string_view name, std::string_view value) {
    key(name);
    json_ += "\"";
    for (const char c : value) json_ += c < ' ' || c == '"' || c == '\\' ? ' ' : c;
    json_ += "\"";
  }
  void print() const { std::printf("{%s}\n", json_.c_str()); }

 private:
  void key(std::string_view name) {
    if (!json_.empty() && json_.back() != '{') json_ += ",";
    ((json_ += "\"") += name) += "\":";
  }
  std::string json_;
};
