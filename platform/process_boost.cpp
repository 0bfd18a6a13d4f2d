#include "platform/process.hpp"

#define BOOST_PROCESS_V2_HEADER_ONLY
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/process/v2/posix/vfork_launcher.hpp>
#include <boost/process/v2/process.hpp>
#include <boost/process/v2/stdio.hpp>
#include <cerrno>
#include <csignal>
#include <mutex>

#include "platform/errno_linux.hpp"

namespace hale {
namespace {

namespace process = boost::process::v2;
using Steady = std::chrono::steady_clock;

constexpr std::size_t kMaxErrorOutput = 16u << 10;
constexpr std::chrono::milliseconds kReapPatience{1000};

/// What the child does to itself between fork and exec. Runs in borrowed memory (vfork): system calls only.
struct ChildSetup {
  process::error_code on_exec_setup(process::posix::default_launcher&, const std::filesystem::path&, const char* const*) const {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    return {};
  }
};

/// Children that were killed but sit in an uninterruptible system call; reaped when the kernel lets go of them.
class Stragglers {
 public:
  void add(pid_t pid) {
    const std::lock_guard lock(mutex_);
    pids_.push_back(pid);
  }
  void reap() {
    const std::lock_guard lock(mutex_);
    std::erase_if(pids_, [](pid_t pid) { return ::waitpid(pid, nullptr, WNOHANG) != 0; });
  }

 private:
  std::mutex mutex_;
  std::vector<pid_t> pids_;  // guarded by mutex_
};

Stragglers& stragglers() {
  static Stragglers all;
  return all;
}

struct Pipe {
  FileDescriptor read_end;
  FileDescriptor write_end;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail(errno_error(errno, "making a pipe"));
  return Pipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

/// A socket pair, because writing to a child that has ended must give an error and no SIGPIPE.
Result<Pipe> make_input() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return fail(errno_error(errno, "making a socket pair"));
  return Pipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

void set_nonblocking(int fd) { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK); }

/// One child, its three pipes and what came through them.
class Run {
 public:
  explicit Run(const ProcessSpec& spec) : spec_(spec), deadline_(Steady::now() + spec.deadline), unsent_(spec.input) {}
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  Result<> start(const std::filesystem::path& program);
  Result<ProcessResult> finish();

 private:
  enum class End { exited, deadline, cut };

  End wait_for_end();
  void feed();
  void take_output();
  static bool drain(FileDescriptor& from, std::string& into, std::size_t max_bytes);
  bool exited_within(std::chrono::milliseconds patience) const;
  bool reap();
  void poll_once(bool& exited);

  const ProcessSpec& spec_;
  Steady::time_point deadline_;
  std::string_view unsent_;
  ProcessResult result_;
  FileDescriptor input_, output_, errors_, pidfd_;
  boost::asio::io_context context_;
  boost::process::v2::basic_process<boost::asio::io_context::executor_type> child_{context_.get_executor()};
  pid_t pid_{-1};
};

Result<> Run::start(const std::filesystem::path& program) {
  auto in = make_input();
  auto out = make_pipe();
  auto err = make_pipe();
  if (!in || !out || !err) return fail(!in ? in.error() : !out ? out.error() : err.error());
  std::vector<std::string> environment;
  for (const auto& [name, value] : spec_.environment) environment.push_back(name + "=" + value);
  std::vector<const char*> variables;
  for (const auto& variable : environment) variables.push_back(variable.c_str());
  variables.push_back(nullptr);
  process::posix::vfork_launcher launcher;
  launcher.env = variables.data();
  process::error_code error;
  child_ = launcher(context_.get_executor(), error, program, spec_.arguments,
                    process::process_stdio{in->read_end.get(), out->write_end.get(), err->write_end.get()},
                    ChildSetup{});
  pid_ = launcher.pid;
  if (error) {
    if (pid_ > 0) ::waitpid(pid_, nullptr, 0);  // it could not exec and has ended by itself
    return fail(errno_error(error.value(), program.string()));
  }
  pidfd_ = FileDescriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  if (!pidfd_) return fail(errno_error(errno, "watching " + program.string()));
  input_ = std::move(in->write_end);
  output_ = std::move(out->read_end);
  errors_ = std::move(err->read_end);
  for (const auto* fd : {&input_, &output_, &errors_}) set_nonblocking(fd->get());
  return {};
}

/// Hands over input as far as the child takes it; closes the pipe when all is sent or the child does not listen.
void Run::feed() {
  while (input_ && !unsent_.empty()) {
    const ssize_t sent = ::send(input_.get(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) return;
    if (sent < 0) break;
    unsent_.remove_prefix(static_cast<std::size_t>(sent));
  }
  input_.reset();
}

/// Takes what is there, but not for ever from a child that never stops talking. What is over the bound is dropped; true says that there was some.
bool Run::drain(FileDescriptor& from, std::string& into, std::size_t max_bytes) {
  constexpr int kSteps = 64;  // 1 MiB: the largest pipe an unprivileged program may have (pipe(7))
  std::array<char, 16384> buffer;
  bool cut = false;
  for (int step = 0; from && step < kSteps; ++step) {
    const ssize_t count = ::read(from.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) break;
    if (count <= 0) {
      from.reset();
      break;
    }
    const std::size_t room = max_bytes - into.size();
    into.append(buffer.data(), std::min(room, static_cast<std::size_t>(count)));
    cut = cut || static_cast<std::size_t>(count) > room;
  }
  return cut;
}

/// One sleep until something happens.
void Run::poll_once(bool& exited) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - Steady::now()).count();
  std::array<pollfd, 4> fds{{{input_.get(), POLLOUT, 0}, {output_.get(), POLLIN, 0}, {errors_.get(), POLLIN, 0}, {pidfd_.get(), POLLIN, 0}}};
  ::poll(fds.data(), fds.size(), static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000)));
  exited = fds[3].revents != 0;
  if (fds[0].revents != 0) feed();
  take_output();
}

void Run::take_output() {
  drain(errors_, result_.error_output, kMaxErrorOutput);  // complaints over their bound are no reason to end the child
  if (drain(output_, result_.output, spec_.max_output)) result_.output_cut = true;
}

Run::End Run::wait_for_end() {
  if (spec_.input.empty()) input_.reset();
  for (;;) {
    bool exited = false;
    poll_once(exited);
    if (result_.output_cut) return End::cut;
    if (exited) return End::exited;
    if (Steady::now() >= deadline_) return End::deadline;
  }
}

bool Run::exited_within(std::chrono::milliseconds patience) const {
  pollfd fd{pidfd_.get(), POLLIN, 0};
  return ::poll(&fd, 1, static_cast<int>(patience.count())) == 1;
}

/// Kills the group while the child is not reaped yet, so that its number still is its own. False: the kernel does not let go of it.
bool Run::reap() {
  ::kill(-pid_, SIGKILL);
  if (!exited_within(kReapPatience)) {
    static_cast<void>(child_.detach());
    stragglers().add(pid_);
    return false;
  }
  process::error_code error;
  child_.wait(error);
  const int status = child_.native_exit_code();
  result_.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return true;
}

Result<ProcessResult> Run::finish() {
  const End end = wait_for_end();
  const bool reaped = reap();
  switch (end) {
    case End::deadline: {
      const std::string stuck = reaped ? "" : "; it is stuck in the kernel and was left behind";
      return fail(Errc::timeout, spec_.program.string() + ": did not end within " + std::to_string(spec_.deadline.count()) + " ms and was killed" + stuck);
    }
    case End::exited:
      take_output();
      break;
    case End::cut:
      break;
  }
  return std::move(result_);
}

Result<std::filesystem::path> locate(const std::filesystem::path& program) {
  auto found = program;
  if (!program.is_absolute()) {
    if (program.empty() || program.has_parent_path()) return fail(Errc::not_found, program.string() + ": name a program absolutely or without any folder");
    found = find_program(program.string());
    if (found.empty()) return fail(Errc::not_found, program.string() + ": is not installed");
  }
  // Where vfork() is emulated by fork() (thread sanitizer, some emulators) a failed exec is not reported back: look before.
  if (::access(found.c_str(), X_OK) != 0) return fail(errno_error(errno, found.string()));
  return found;
}

}  // namespace

Result<ProcessResult> run_process(const ProcessSpec& spec) {
  stragglers().reap();
  const auto program = locate(spec.program);
  if (!program) return fail(program.error());
  try {
    Run run(spec);
    if (auto started = run.start(*program); !started) return fail(std::move(started.error()));
    return run.finish();
  } catch (const std::exception& error) {
    return fail(Errc::io, spec.program.string() + ": " + error.what());
  }
}

std::filesystem::path own_folder() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
}

std::filesystem::path find_program(const std::string& name) {
  for (const auto& folder : {own_folder(), std::filesystem::path("/usr/sbin"), std::filesystem::path("/usr/bin"), std::filesystem::path("/sbin"),
                             std::filesystem::path("/bin")}) {
    auto candidate = folder / name;
    if (!folder.empty() && ::access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

}  // namespace hale
