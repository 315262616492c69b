// What findings saw, as STIX 2.1 Cyber-observable Objects: processes, files, addresses, names.
//
// Collected over all findings of a bundle: what several of them saw is one object, and a process
// has what any of them knew of it, the first one first.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/time.h"
#include "engine/finding/finding.h"
#include "engine/report/report_finding.h"

namespace spoor {

class StixObservables {
 public:
  using Hashes = std::vector<std::pair<std::string, std::string>>;  ///< ("SHA-256", hex).

  /// Adds the processes of a finding with their edges. Their ids, in its order.
  [[nodiscard]] std::vector<std::string> add_processes(const ReportFinding& finding);

  /// Adds what an event is about beside its process, whose id is `process` or empty. Ids, some of
  /// them empty: what STIX has no object for, and names and URLs that are none.
  [[nodiscard]] std::vector<std::string> add_event(const ReportFinding& finding,
                                                   const ReportEvent& event,
                                                   const std::string& process);

  /// Is there anything to say of it? STIX knows no process without a property. Ask when all
  /// findings are in.
  [[nodiscard]] bool is_writable(const std::string& id) const;

  /// The objects as JSON, in the order in which they were added.
  [[nodiscard]] std::vector<std::string> render() const;

 private:
  struct Process {
    std::string pid;
    std::string command_line;
    Timestamp start = 0;
    std::string image;   ///< Id of a file.
    std::string user;    ///< Id of an account.
    std::string parent;  ///< Id of a process.
    std::set<std::string> children;
    std::set<std::string> connections;

    [[nodiscard]] bool has_property() const;
  };

  struct Domain {
    std::string name;
    std::set<std::string> addresses;  ///< Ids.
  };

  /// True if it was not there before.
  bool enter(const std::string& id);
  std::string add_directory(std::string_view path);
  std::string add_file(std::string_view path, const Hashes& hashes);
  std::string add_account(std::string_view user);
  std::string add_value(std::string_view type, std::string_view value);
  std::string add_address(std::string_view address);
  std::string add_domain(std::string_view text, std::string_view query_results);
  std::string add_registry_key(std::string_view path, bool ends_with_value);
  std::string add_target(const ReportFinding& finding, const FindingEvidence& evidence);
  std::string add_traffic(const FindingEvidence& evidence, Timestamp time);
  void add_connection(const FindingEvidence& evidence,
                      Timestamp time,
                      const std::string& process,
                      std::vector<std::string>& ids);
  void add_artifact(const ReportFinding& finding,
                    const FindingEvidence& evidence,
                    std::vector<std::string>& ids);
  [[nodiscard]] static std::string render_process(const std::string& id, const Process& process);
  [[nodiscard]] static std::string render_domain(const std::string& id, const Domain& domain);

  std::vector<std::string> order_;            ///< Ids.
  std::map<std::string, std::string> plain_;  ///< Id → JSON, of those that are complete at once.
  std::map<std::string, Process> processes_;
  std::map<std::string, Domain> domains_;
};

}  // namespace spoor
