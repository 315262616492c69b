// Which keys may come onto the bus, and what they may do there.
//
// A text file, one client a line:
//
//   # key (40 characters)                    roles             name          until (optional)
//   rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7 subscribe,replay  shuffle-prod  2027-01-31
//
// A line that is "#" or begins with "# " is a comment; a key may begin with '#', too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/time.h"

namespace spoor {

enum class BusRole : std::uint8_t {
  subscribe = 1,
  replay = 2,
  admin = 4,
  send = 8,  ///< Events into an input.
};

[[nodiscard]] std::optional<BusRole> parse_bus_role(std::string_view name);

/// A set of them.
class BusRoles {
 public:
  void add(BusRole role) { bits_ |= static_cast<std::uint8_t>(role); }

  [[nodiscard]] bool has(BusRole role) const {
    return (bits_ & static_cast<std::uint8_t>(role)) != 0;
  }

  [[nodiscard]] bool empty() const { return bits_ == 0; }

  [[nodiscard]] BusRoles shared_with(BusRoles other) const {
    BusRoles shared;
    shared.bits_ = bits_ & other.bits_;
    return shared;
  }

  /// Everything that `other` may?
  [[nodiscard]] bool covers(BusRoles other) const { return (other.bits_ & ~bits_) == 0; }

  friend bool operator==(BusRoles, BusRoles) = default;

 private:
  std::uint8_t bits_ = 0;
};

/// "subscribe,replay"; nothing if a name is wrong or there is none.
[[nodiscard]] std::optional<BusRoles> parse_bus_roles(std::string_view names);
[[nodiscard]] std::string to_string(BusRoles roles);

struct AllowedClient {
  std::string key;
  BusRoles roles;
  std::string name;
  std::optional<Timestamp> until;  ///< Not from then on.
};

class AllowList {
 public:
  /// Fails with bad_usage: "PATH:LINE: what is wrong, and how it should be".
  [[nodiscard]] static Result<AllowList> parse(std::string_view text, const std::string& path);
  /// A file that others than its owner may write is refused, too.
  [[nodiscard]] static Result<AllowList> read(const std::string& path);

  /// Becomes what the file says now. If the file is not as read() wants it, says so, and only takes
  /// away: nobody comes in, and whoever is named by no line that is right is not on the list any
  /// more, nor has rights that such a line does not give. A mistake in one line must not keep
  /// another's key in. A file that cannot be opened changes nothing.
  [[nodiscard]] std::optional<Error> update(const std::string& path);

  /// Null if the key may not come in at that time.
  [[nodiscard]] const AllowedClient* find(std::string_view key, Timestamp now) const;
  /// By its name; null if there is none, or not any more.
  [[nodiscard]] const AllowedClient* find_name(std::string_view name, Timestamp now) const;

  [[nodiscard]] const std::vector<AllowedClient>& clients() const { return clients_; }

  /// Whoever `before` let in at `then` may do as much at `now`.
  [[nodiscard]] bool covers(const AllowList& before, Timestamp then, Timestamp now) const;

 private:
  /// The lines that are right; `problem`: the first other one, if it is empty.
  static AllowList parse_sound(std::string_view text,
                               const std::string& path,
                               std::optional<Error>& problem);
  /// Why the client cannot be beside those on the list; empty if it can.
  [[nodiscard]] std::string find_clash(const AllowedClient& client) const;
  void narrow_to(const AllowList& sound);

  std::vector<AllowedClient> clients_;
};

/// The line of a client, without newline.
[[nodiscard]] std::string allow_line(const AllowedClient& client);

/// Adds the client to the file, which is made if it is not there; in the place of one that had the
/// name. Fails if the file or the client is wrong. The file is replaced as a whole; its owner and
/// its mode stay.
[[nodiscard]] Result<void> allow_client(const std::string& path, const AllowedClient& client);

/// Takes the client of that name or key out of the file, in the same way. Fails with bad_usage if
/// there is none; and if the file cannot be read by a bus for another reason, which is then said:
/// the client is out of it nevertheless.
[[nodiscard]] Result<void> revoke_client(const std::string& path, const std::string& name_or_key);

}  // namespace spoor
