#include <fcntl.h>
#include <linux/close_range.h>
#include <unistd.h>

#include <array>
#include <boost/process.hpp>
#include <boost/process/extend.hpp>
#include <cerrno>
#include <csignal>

#include "agent/service/child.hpp"

namespace hale::agent {
namespace {

namespace process = boost::process;
constexpr std::size_t kKept = 64 << 10;

/// Between fork and exec. The service's threads block what its descriptor takes; a child must hear its SIGTERM. And of
/// the service's descriptors it gets none but the standard three.
void prepare_child() {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
}

class BoostChild final : public Child {
 public:
  BoostChild(const std::filesystem::path& program, const std::vector<std::string>& arguments)
      : child_(
            program.string(), process::args(arguments), process::std_in<process::null, process::std_out> pipe_,
            process::extend::on_exec_setup = [](auto&) { prepare_child(); }) {
    ::close(pipe_.native_sink());
    pipe_.assign_sink(-1);
    ::fcntl(pipe_.native_source(), F_SETFL, O_NONBLOCK);
    ::fcntl(pipe_.native_source(), F_SETFD, FD_CLOEXEC);
  }
  ~BoostChild() override {
    std::error_code ignored;
    if (child_.running(ignored)) terminate();
    child_.wait(ignored);
  }

  int output_fd() const override { return pipe_.native_source(); }

  bool read_output() override {
    std::array<char, 4096> buffer;
    for (;;) {
      const auto got = ::read(pipe_.native_source(), buffer.data(), buffer.size());
      if (got == 0) return false;
      if (got < 0) return errno == EAGAIN || errno == EINTR;
      output_.append(buffer.data(), static_cast<std::size_t>(got));
      if (output_.size() > kKept) output_.erase(0, output_.size() - kKept);
    }
  }

  const std::string& output() const override { return output_; }

  int wait() override {
    std::error_code error;
    child_.wait(error);
    if (error) return 127;
    const int status = child_.native_exit_code();
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

  void terminate() override { ::kill(child_.id(), SIGTERM); }

 private:
  process::pipe pipe_;
  process::child child_;
  std::string output_;
};

}  // namespace

Result<std::unique_ptr<Child>> Child::start(const std::filesystem::path& program,
                                            const std::vector<std::string>& arguments) {
  try {
    return std::make_unique<BoostChild>(program, arguments);
  } catch (const std::system_error& error) {
    return fail(Errc::unavailable, "starting " + program.string() + ": " + error.what());
  }
}

}  // namespace hale::agent
