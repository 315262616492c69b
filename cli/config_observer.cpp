#include "cli/config_observer.h"

namespace spoor {
namespace {

thread_local ConfigObserver* listening = nullptr;

}  // namespace

ConfigObservation::ConfigObservation(ConfigObserver& observer) {
  listening = &observer;
}

ConfigObservation::~ConfigObservation() {
  listening = nullptr;
}

ConfigObserver* ConfigObservation::observer() {
  return listening;
}

}  // namespace spoor
