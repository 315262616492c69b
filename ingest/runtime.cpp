#include "ingest/runtime.h"

#include <future>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace spoor {

namespace asio = boost::asio;

struct IngestRuntime::Core {
  explicit Core(IngestQueue& to) : queue(to) {}

  void tell_room() {
    for (const std::function<void()>& call : std::exchange(waiting, {})) {
      call();
    }
  }

  IngestQueue& queue;
  // Before the context, whose handlers may hold what these refer to.
  std::vector<std::function<void()>> waiting;  // In the order in which they came.
  std::vector<std::function<void()>> stoppers;
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard{context.get_executor()};
  std::thread thread;
};

IngestRuntime::IngestRuntime(IngestQueue& queue) : core_(std::make_shared<Core>(queue)) {
  queue.on_room([core = std::weak_ptr<Core>(core_)] {
    if (const std::shared_ptr<Core> here = core.lock()) {
      asio::post(here->context, [raw = here.get()] { raw->tell_room(); });
    }
  });
}

IngestRuntime::~IngestRuntime() {
  stop();
  core_->waiting.clear();
}

void IngestRuntime::start() {
  if (!core_->thread.joinable()) {
    core_->thread = std::thread([core = core_.get()] { core->context.run(); });
  }
}

void IngestRuntime::stop_accepting() {
  if (!core_->thread.joinable() || core_->context.stopped()) {
    return;
  }
  std::promise<void> stopped;
  asio::post(core_->context, [this, &stopped] {
    for (const std::function<void()>& call : core_->stoppers) {
      call();
    }
    // Behind the handlers of what was just closed.
    asio::post(core_->context, [&stopped] { stopped.set_value(); });
  });
  stopped.get_future().wait();
}

void IngestRuntime::stop() {
  core_->context.stop();
  if (core_->thread.joinable()) {
    core_->thread.join();
  }
}

IngestQueue& IngestRuntime::queue() {
  return core_->queue;
}

asio::io_context& IngestRuntime::context() {
  return core_->context;
}

std::function<void(std::function<void()>)> IngestRuntime::poster() const {
  return [core = std::weak_ptr<Core>(core_)](std::function<void()> call) {
    if (const std::shared_ptr<Core> here = core.lock()) {
      asio::post(here->context, std::move(call));
    }
  };
}

void IngestRuntime::when_room(std::function<void()> call) {
  core_->waiting.push_back(std::move(call));
}

void IngestRuntime::on_stop_accepting(std::function<void()> call) {
  core_->stoppers.push_back(std::move(call));
}

}  // namespace spoor
