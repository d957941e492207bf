// A load generator for Pusher-protocol servers: one thread, one epoll, no dependency.
//
// In C++ because a generator in Node spends about 15 us on a round trip and 100 us on a connect,
// more than the servers it is to measure. Where it is told of several nodes, subscribers are spread
// over them, and publishers take turns. It connects to 127.0.0.1 only, and stops after maxSeconds
// whatever happens. Phases, in order: connect, subscribe, idle, publish, close. The result is one
// line of JSON; ../generator.ts has its schema.
//
// Every event carries the time at which it was due, so the latency of a delivery includes what it
// waited because the server, or this generator, was busy.
#include <signal.h>

#include <functional>
#include <vector>

#include "histogram.hpp"
#include "options.hpp"
#include "peer.hpp"
#include "process.hpp"
#include "pusher.hpp"
#include "result.hpp"

using std::string;
using std::string_view;

static constexpr uint64_t second = 1000000;
static constexpr uint64_t settleMicros = second / 5;  // quiet for this long: nothing more comes
static constexpr uint64_t drainMicros = 5 * second;   // no delivery for this long: the rest is lost

class Load {
 public:
  explicit Load(const Options& options)
      : options_(options),
        app_{options.appId, options.key, options.secret},
        deadline_(process::now() + uint64_t(options.maxSeconds) * second),
        subscribers_(size_t(options.connections)) {
    const bool overTcp = options.publish == "http" || options.publish == "batch" || options.publish == "redis";
    peers_.resize(subscribers_ + size_t(overTcp ? options.publishers : 0));
    for (size_t i = 0; i < peers_.size(); i++) peers_[i].index = uint32_t(i);
    subscriptions_.assign(size_t(options.channels), 0);
  }

  void run() {
    result_.add("residentBytesBefore", residentBytes());
    measure("connect", &connecting_, [&] { return connectAll(); });
    const size_t before = size_t(options_.subscribedBefore);
    if (before > 0) {
      subscribe(0, before);
      subscribing_ = Histogram();
    }
    measure("subscribe", &subscribing_, [&] { return subscribe(before, subscribers_ - before); });
    settle();
    if (options_.idleSeconds > 0) measure("idle", nullptr, [&] { return idle(); });
    result_.add("residentBytesAfter", residentBytes());
    if (options_.publish != "none") {
      publish(options_.warmup);
      delivering_ = Histogram();
      measure("publish", &delivering_, [&] { return publish(options_.events); });
    }
    if (options_.measureClose) measure("close", nullptr, [&] { return closeAll(); });
    result_.add("presenceEvents", double(presenceEvents_));
    result_.add("failures", double(failures_));
    result_.add("firstFailure", firstFailure_);
    result_.print();
  }

 private:
  struct Outcome {
    uint64_t operations;          // what was done: connections opened, events published, ...
    uint64_t expected, happened;  // what should have come of it, and what did
    uint64_t endedAt = 0;         // when the last of it happened, where that was waited for after it; else 0
  };

  // ---- the phases

  Outcome connectAll() {
    uint64_t opened = 0;
    const auto settled = [&] { return established_ + failures_; };
    while (settled() < subscribers_ && inTime()) {
      while (opened < subscribers_ && opened - settled() < uint64_t(options_.connectParallel)) {
        Peer& peer = peers_[opened++];
        peer.askedAt = process::now();
        if (!peer.connect(epoll_, portOf(nodeOf(peer)))) fail("connect refused");
      }
      poll(5);
    }
    return {opened, subscribers_, established_};
  }

  Outcome subscribe(size_t first, size_t count) {
    const uint64_t each = uint64_t(options_.channelsPerConnection), wanted = each * count;
    const uint64_t before = subscribed_, failuresBefore = failures_;
    const auto answered = [&] { return subscribed_ - before + failures_ - failuresBefore; };
    uint64_t asked = 0;
    while (answered() < wanted && inTime()) {
      // the first channel of every connection before the second of any: one question at a time each
      while (asked < wanted && asked - answered() < uint64_t(options_.subscribeParallel)) {
        const uint64_t index = first + asked % count;
        Peer& peer = peers_[index];
        if (peer.awaitsReply) break;
        const uint64_t channel = (index * each + asked++ / count) % uint64_t(options_.channels);
        if (peer.state != Peer::State::open) {
          fail("not connected");
          continue;
        }
        subscriptions_[channel]++;
        ask(peer, pusher::subscribe(app_, options_.kind, channelName(channel), peer.socketId, peer.index), process::now());
      }
      poll(5);
    }
    // member_added goes on arriving after the last join, and belongs to the measure
    for (uint64_t seen = ~presenceEvents_; options_.kind == "presence" && seen != presenceEvents_ && inTime();) {
      seen = presenceEvents_;
      settle();
    }
    return {asked, wanted, subscribed_ - before, options_.kind == "presence" ? joinHeardAt_ : 0};
  }

  Outcome idle() {
    const uint64_t start = process::now(), end = start + uint64_t(options_.idleSeconds) * second;
    uint64_t pings = 0;
    while (process::now() < end && inTime()) {
      if (options_.pingEverySeconds > 0) {
        const uint64_t due = (process::now() - start) * subscribers_ / (uint64_t(options_.pingEverySeconds) * second);
        for (; pings < due; pings++) ask(peers_[pings % subscribers_], pusher::ping, process::now());
      }
      poll(5);
    }
    settle();
    return {pings, pings, pongs_};
  }

  Outcome publish(long count) {
    const uint64_t events = uint64_t(count), rate = uint64_t(options_.rate), start = process::now(), before = delivered_;
    const uint64_t perRequest = options_.publish == "batch" ? uint64_t(options_.batchSize) : 1;
    uint64_t sent = 0, expected = 0, progress = start, seen = delivered_;
    const auto missing = [&] { return expected - (delivered_ - before); };
    while (inTime()) {
      const uint64_t now = process::now();
      bool isBusy = false;  // every publisher awaits an answer, so looking at the clock would bring nothing
      for (int burst = 0; burst < 256 && sent < events; burst++) {  // bounded: reading is never put off for long
        const uint64_t due = rate > 0 ? start + sent * second / rate : now;
        if (due > now || (rate == 0 && missing() >= uint64_t(options_.inFlight))) break;
        uint64_t deliveries = 0;
        if (!publishOne(due, deliveries)) {
          isBusy = true;
          break;
        }
        expected += deliveries;
        sent += perRequest;
      }
      if (delivered_ != seen || sent < events) progress = now, seen = delivered_;
      if (sent >= events && missing() == 0 && !awaitsAnswer()) break;
      if (now > progress + drainMicros) break;
      const uint64_t next = rate > 0 && sent < events && !isBusy ? start + sent * second / rate : now + 5000;
      const int wait = next > now ? int(std::min<uint64_t>(5, (next - now) / 1000)) : 0;
      if (poll(wait) == 0 && wait == 0) spunMicros_ += process::now() - now;
    }
    return {sent, expected, delivered_ - before};
  }

  Outcome closeAll() {
    closing_ = true;
    uint64_t alive = 0;
    for (size_t i = 0; i < subscribers_; i++) {
      if (peers_[i].state != Peer::State::open) continue;
      alive++;
      peers_[i].send(epoll_, websocket::frame("\x03\xe8", websocket::close));
    }
    while (closed_ < alive && inTime()) poll(5);
    return {alive, alive, closed_};
  }

  // ---- publishing

  /** @returns false when every publisher is busy; otherwise adds to `deliveries` what must arrive. */
  bool publishOne(uint64_t due, uint64_t& deliveries) {
    const string data = pusher::payload(due, options_.payloadBytes);
    if (options_.publish == "client" || options_.publish == "ping") return sendFromSubscriber(due, data, deliveries);
    Peer* publisher = freePublisher();
    if (publisher == nullptr) return false;
    if (options_.publish == "redis") {  // as Laravel's broadcaster does; a reply is not waited for
      const string channel = nextChannel(deliveries);
      publisher->send(epoll_, redis::publish(channel, "{\"event\":\"bench-event\",\"data\":" + data + ",\"socket\":null}"));
      return true;
    }
    string body;
    if (options_.publish == "batch") {
      for (long i = 0; i < options_.batchSize; i++)
        body += (i ? "," : "") + event("\"channel\":\"" + nextChannel(deliveries) + "\"", data);
      body = "{\"batch\":[" + body + "]}";
    } else {
      string channels;
      for (long i = 0; i < options_.channelsPerEvent; i++) channels += (i ? ",\"" : "\"") + nextChannel(deliveries) + "\"";
      body = event("\"channels\":[" + channels + "]", data);
    }
    publisher->awaitsReply = true;
    publisher->send(epoll_, pusher::post(app_, options_.publish == "batch" ? "batch_events" : "events", body, options_.connectionPerPublish));
    return true;
  }

  static string event(const string& to, const string& data) {
    return "{\"name\":\"bench-event\"," + to + ",\"data\":" + pusher::quoted(data) + "}";
  }

  bool sendFromSubscriber(uint64_t due, const string& data, uint64_t& deliveries) {
    const uint64_t senders = std::min(uint64_t(options_.publishers), uint64_t(subscribers_));
    for (uint64_t tried = 0; tried < senders; tried++) {
      const uint64_t index = nextSender_++ % senders;
      Peer& sender = peers_[index];
      if (sender.state != Peer::State::open || !sender.unsent.empty() || sender.awaitsReply) continue;
      if (options_.publish == "ping") {
        ask(sender, pusher::ping, due);
        deliveries += 1;
        return true;
      }
      const uint64_t channel = index * uint64_t(options_.channelsPerConnection) % uint64_t(options_.channels);
      sender.send(epoll_, websocket::frame("{\"event\":\"client-bench\",\"channel\":\"" + channelName(channel) + "\",\"data\":" + data + "}"));
      deliveries += subscriptions_[channel] - 1;
      return true;
    }
    return false;
  }

  Peer* freePublisher() {
    const size_t nodes = options_.port.size();
    // one node after the other, but not in step with the channels, or events would never leave their node
    const size_t turn = size_t(nextChannel_) / nodes % nodes;
    for (size_t i = subscribers_ + turn; i < peers_.size(); i += nodes) {
      Peer& publisher = peers_[i];
      if (publisher.awaitsReply || !publisher.unsent.empty()) continue;
      const int port = options_.publish == "redis" ? int(options_.redisPort) : portOf((i - subscribers_) % nodes);
      if (publisher.state != Peer::State::closed || publisher.connect(epoll_, port)) return &publisher;
      fail("publisher refused");
    }
    return nullptr;
  }

  /** Those of one channel are on all nodes, and so are channels of one subscriber each. */
  size_t nodeOf(const Peer& subscriber) const {
    const size_t index = subscriber.index, channels = size_t(options_.channels);
    return (index % channels + index / channels) % options_.port.size();
  }

  int portOf(size_t node) const { return int(options_.port[node]); }

  bool awaitsAnswer() const {
    for (size_t i = subscribers_; i < peers_.size(); i++)
      if (peers_[i].awaitsReply) return true;
    return false;
  }

  string channelName(uint64_t number) const {
    return (options_.kind == "public" ? "" : options_.kind + "-") + "bench-" + std::to_string(number);
  }

  string nextChannel(uint64_t& deliveries) {
    const uint64_t channel = nextChannel_++ % uint64_t(options_.channels);
    deliveries += subscriptions_[channel];
    return channelName(channel);
  }

  // ---- what a subscriber asks and hears

  void ask(Peer& peer, const string& message, uint64_t since) {
    peer.askedAt = since;
    peer.awaitsReply = true;
    peer.send(epoll_, websocket::frame(message));
  }

  void heard(Peer& peer, string_view text) {
    const uint64_t now = process::now();
    if (const auto due = stamps_.read(text)) {
      delivered_++;
      delivering_.add(now - *due);
      return;
    }
    const auto says = [&](string_view word) { return text.find(word) != string_view::npos; };
    const auto answered = [&](uint64_t& count, Histogram& latencies) {
      peer.awaitsReply = false;
      count++;
      latencies.add(now - peer.askedAt);
    };
    if (says("member_added") || says("member_removed")) {
      presenceEvents_++;
      joinHeardAt_ = now;
    } else if (says("subscription_succeeded")) {
      answered(subscribed_, subscribing_);
      joinHeardAt_ = now;
    } else if (says("pusher:pong")) {
      answered(options_.publish == "ping" ? delivered_ : pongs_, delivering_);
    } else if (says("connection_established")) {
      peer.state = Peer::State::open;
      peer.socketId = pusher::socketId(text);
      answered(established_, connecting_);
    } else if (says("pusher:ping")) {
      peer.send(epoll_, websocket::frame(pusher::pong));
    } else {
      peer.awaitsReply = false;
      fail(text);
    }
  }

  // ---- the event loop

  int poll(int milliseconds) {
    static epoll_event events[1024];
    const int count = epoll_wait(epoll_, events, 1024, milliseconds);
    for (int i = 0; i < count; i++) {
      Peer& peer = peers_[events[i].data.u32];
      if (peer.socket < 0) continue;
      if (events[i].events & EPOLLOUT) {
        if (peer.state == Peer::State::connecting && !finishConnecting(peer)) continue;
        peer.flush(epoll_);
      }
      if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) read(peer);
    }
    return count;
  }

  bool finishConnecting(Peer& peer) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(peer.socket, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
      peer.close();
      fail(strerror(error));
      return false;
    }
    peer.state = isSubscriber(peer) ? Peer::State::upgrading : Peer::State::open;
    if (isSubscriber(peer)) peer.send(epoll_, pusher::handshake(app_));
    return true;
  }

  void read(Peer& peer) {
    static char buffer[1 << 18];
    for (;;) {
      const ssize_t length = recv(peer.socket, buffer, sizeof buffer, 0);
      if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (length <= 0) return ended(peer);
      if (peer.unparsed.empty()) {
        const string_view fresh(buffer, size_t(length));
        peer.unparsed.assign(fresh.substr(parse(peer, fresh)));
      } else {
        peer.unparsed.append(buffer, size_t(length));
        peer.unparsed.erase(0, parse(peer, peer.unparsed));
      }
      if (peer.socket < 0 || size_t(length) < sizeof buffer) return;
    }
  }

  /** @returns how many bytes were used up. */
  size_t parse(Peer& peer, string_view bytes) {
    if (isSubscriber(peer)) return parseSubscriber(peer, bytes);
    if (options_.publish == "redis")
      return redis::parse(bytes, [&](string_view line) {
        if (line.substr(0, 1) == "-") fail(line);
      });
    bool last = options_.connectionPerPublish;
    const size_t used = http::parse(bytes, [&](int status, string_view body, bool closes) {
      peer.awaitsReply = false;
      last = last || closes;
      if (status != 200) fail(body);
    });
    if (used > 0 && last) peer.close();
    return used;
  }

  size_t parseSubscriber(Peer& peer, string_view bytes) {
    size_t used = 0;
    if (peer.state == Peer::State::upgrading) {
      const size_t end = bytes.find("\r\n\r\n");
      if (end == string_view::npos) return 0;
      if (bytes.substr(9, 3) != "101") fail(bytes.substr(0, end));
      peer.state = Peer::State::upgraded;
      used = end + 4;
    }
    return used + websocket::parse(bytes.substr(used), [&](int opcode, string_view payload) {
      if (opcode == websocket::text) heard(peer, payload);
      else if (opcode == websocket::ping) peer.send(epoll_, websocket::frame(payload, websocket::pong));
    });
  }

  void ended(Peer& peer) {
    if (isSubscriber(peer)) closed_++;
    if (isSubscriber(peer) ? !closing_ : peer.awaitsReply) fail("the server ended a connection");
    peer.close();
  }

  void settle() {
    const uint64_t end = process::now() + settleMicros;
    while (process::now() < end && inTime()) poll(5);
  }

  bool isSubscriber(const Peer& peer) const { return peer.index < subscribers_; }
  bool inTime() const { return process::now() < deadline_; }

  void fail(string_view why) {
    if (failures_++ == 0) firstFailure_ = why.substr(0, 200);
  }

  // ---- the result

  void measure(const char* phase, const Histogram* latencies, const std::function<Outcome()>& work) {
    spunMicros_ = 0;
    const uint64_t start = process::now();
    const double own = process::ownCpuMicros(), server = serverCpuMicros(), redis = redisCpuMicros();
    const Outcome outcome = work();
    const double serverCpu = serverCpuMicros() - server, redisCpu = redisCpuMicros() - redis, ownCpu = process::ownCpuMicros() - own;
    result_.open(phase);
    result_.add("operations", double(outcome.operations));
    result_.add("expected", double(outcome.expected));
    result_.add("happened", double(outcome.happened));
    result_.add("seconds", double((outcome.endedAt > 0 ? outcome.endedAt : process::now()) - start) / double(second));
    result_.add("serverCpuMicros", serverCpu);
    result_.add("redisCpuMicros", redisCpu);
    result_.add("generatorCpuMicros", std::max(0.0, ownCpu - double(spunMicros_)));  // looking whether an event is due yet is no work
    if (latencies != nullptr) {
      result_.add("p50Micros", double(latencies->quantile(0.5)));
      result_.add("p99Micros", double(latencies->quantile(0.99)));
    }
    result_.close();
  }

  double serverCpuMicros() const {
    double micros = 0;
    for (const long pid : options_.pid) micros += process::cpuMicros(int(pid));
    return micros;
  }

  double redisCpuMicros() const { return options_.redisPid > 0 ? process::cpuMicros(int(options_.redisPid)) : 0; }

  double residentBytes() const {
    double bytes = 0;
    for (const long pid : options_.pid) bytes += process::residentBytes(int(pid));
    return bytes;
  }

  const Options& options_;
  const pusher::App app_;
  const uint64_t deadline_;
  const size_t subscribers_;
  const int epoll_ = epoll_create1(0);
  std::vector<Peer> peers_;              // the subscribers, then the publishers
  std::vector<uint64_t> subscriptions_;  // by channel
  uint64_t nextChannel_ = 0, nextSender_ = 0;

  uint64_t established_ = 0, subscribed_ = 0, delivered_ = 0, pongs_ = 0, presenceEvents_ = 0, closed_ = 0, failures_ = 0;
  uint64_t spunMicros_ = 0, joinHeardAt_ = 0;
  bool closing_ = false;
  pusher::StampReader stamps_;
  Histogram connecting_, subscribing_, delivering_;
  string firstFailure_;
  Result result_;
};

int main(int count, char** arguments) {
  signal(SIGPIPE, SIG_IGN);
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  const Options options(count, arguments);
  Load(options).run();
}
