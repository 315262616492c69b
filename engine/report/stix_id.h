// The ids of STIX 2.1 objects: the same thing has the same id in every bundle.
//
// https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html, section 2.9. Ids of observables
// are UUIDs of version 5 that follow from the properties that the specification names, so that
// another producer's file of that hash has the same id. All others, and those of processes, are of
// version 4, random ones: of processes it must be so. That the random bits come from a hash of what
// the object is makes them the same each time, and takes nothing from whoever reads them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace spoor {

/// "indicator--…" of what tells this object from others of its type.
[[nodiscard]] std::string stix_id(std::string_view type,
                                  std::initializer_list<std::string_view> key);

/// The ID Contributing Properties of an observable, as canonical JSON (RFC 8785).
class ContributingProperties {
 public:
  /// An empty text is an absent property.
  ContributingProperties& text(const std::string& name, std::string_view value);
  ContributingProperties& number(const std::string& name, std::int64_t value);
  /// An empty list is an absent property.
  ContributingProperties& list(const std::string& name, const std::vector<std::string>& values);
  /// The value is JSON already, in canonical form.
  ContributingProperties& json(const std::string& name, std::string value);

  /// Canonical: sorted by name.
  [[nodiscard]] std::string finish() const;

 private:
  std::map<std::string, std::string> members_;
};

/// "file--…"
[[nodiscard]] std::string observable_id(std::string_view type,
                                        const ContributingProperties& properties);

}  // namespace spoor
