// What a process has used, as the kernel counts it, and the clock that goes with it.
#pragma once
#include <dirent.h>
#include <sys/resource.h>
#include <time.h>

#include <cstdint>
#include <fstream>
#include <string>

namespace process {

/** Microseconds of a clock that never goes back. */
inline uint64_t now() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1000000 + static_cast<uint64_t>(t.tv_nsec) / 1000;
}

/** On-CPU time of all threads of a process, in microseconds, from the scheduler's nanosecond counters. */
inline double cpuMicros(int pid) {
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  DIR* directory = opendir(tasks.c_str());
  if (directory == nullptr) return 0;
  double nanoseconds = 0;
  while (const dirent* task = readdir(directory)) {
    if (task->d_name[0] == '.') continue;
    std::ifstream file(tasks + "/" + task->d_name + "/schedstat");
    double onCpu = 0;
    if (file >> onCpu) nanoseconds += onCpu;
  }
  closedir(directory);
  return nanoseconds / 1000;
}

/** Resident memory of a process in bytes. */
inline double residentBytes(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  std::string word;
  while (file >> word) {
    double kilobytes = 0;
    if (word == "VmRSS:" && file >> kilobytes) return kilobytes * 1024;
  }
  return 0;
}

/** CPU time of this process, in microseconds. */
inline double ownCpuMicros() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto micros = [](const timeval& t) { return static_cast<double>(t.tv_sec) * 1e6 + static_cast<double>(t.tv_usec); };
  return micros(usage.ru_utime) + micros(usage.ru_stime);
}

}  // namespace process
