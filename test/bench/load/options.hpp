// What one run of the load generator is asked to do: --name=value, every name known, nothing implied.
#pragma once
#include <cstdio>
#include <cstdlib>
#include <map>
#include <sstream>
#include <string>
#include <vector>

struct Options {
  // the server, or the nodes of a group: "8080" or "8080,8081"
  std::vector<long> port;
  std::vector<long> pid;  // whose CPU time and memory are read, all together
  long redisPid = 0;      // whose CPU time is read by itself
  std::string appId, key, secret;
  // connections and subscriptions
  long connections = 1;
  long connectParallel = 64;
  std::string kind = "public";  // public, private or presence
  long channels = 1;
  long channelsPerConnection = 1;
  long subscribeParallel = 64;
  long subscribedBefore = 0;  // connections whose subscriptions come before those that are measured
  // doing nothing but answering pings, and pinging every so often (0: never)
  long idleSeconds = 0;
  long pingEverySeconds = 0;
  // events
  std::string publish = "none";  // none, http, batch, client, ping or redis
  long events = 0;
  long warmup = 0;      // events before those that are measured
  long rate = 0;        // events per second; 0: as fast as inFlight allows
  long inFlight = 0;    // deliveries that may be under way when there is no rate
  long publishers = 4;  // HTTP or Redis connections; for client and ping, subscribers that send
  long channelsPerEvent = 1;
  long batchSize = 1;
  long payloadBytes = 100;
  long connectionPerPublish = 0;  // 1: each HTTP request on a TCP connection of its own
  long redisPort = 0;
  // the end
  long measureClose = 0;  // 1: close handshake on every connection, timed until the last is gone
  long maxSeconds = 120;  // for everything together

  Options(int count, char** arguments) {
    const std::map<std::string, long*> numbers = {
        {"connections", &connections}, {"connectParallel", &connectParallel},
        {"channels", &channels}, {"channelsPerConnection", &channelsPerConnection},
        {"subscribeParallel", &subscribeParallel}, {"subscribedBefore", &subscribedBefore}, {"idleSeconds", &idleSeconds},
        {"pingEverySeconds", &pingEverySeconds}, {"events", &events}, {"warmup", &warmup}, {"rate", &rate},
        {"inFlight", &inFlight}, {"publishers", &publishers}, {"channelsPerEvent", &channelsPerEvent},
        {"batchSize", &batchSize}, {"payloadBytes", &payloadBytes},
        {"connectionPerPublish", &connectionPerPublish}, {"redisPort", &redisPort}, {"redisPid", &redisPid},
        {"measureClose", &measureClose}, {"maxSeconds", &maxSeconds}};
    const std::map<std::string, std::string*> texts = {
        {"appId", &appId}, {"key", &key}, {"secret", &secret}, {"kind", &kind}, {"publish", &publish}};
    const std::map<std::string, std::vector<long>*> lists = {{"port", &port}, {"pid", &pid}};
    for (int i = 1; i < count; i++) {
      const std::string argument = arguments[i];
      const size_t equals = argument.find('=');
      const std::string name = argument.substr(0, 2) == "--" && equals != std::string::npos ? argument.substr(2, equals - 2) : "";
      const std::string value = argument.substr(equals + 1);
      if (const auto number = numbers.find(name); number != numbers.end()) *number->second = std::stol(value);
      else if (const auto text = texts.find(name); text != texts.end()) *text->second = value;
      else if (const auto list = lists.find(name); list != lists.end()) *list->second = numbersIn(value);
      else {
        std::fprintf(stderr, "load: unknown option %s\n", argument.c_str());
        std::exit(2);
      }
    }
  }

 private:
  static std::vector<long> numbersIn(const std::string& text) {
    std::vector<long> found;
    std::istringstream parts(text);
    for (std::string part; std::getline(parts, part, ',');) found.push_back(std::stol(part));
    return found;
  }
};
