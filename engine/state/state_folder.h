// A state folder before its database is opened: whether it is one, and how it is made.
#pragma once

#include <string>

#include "engine/base/result.h"

namespace spoor {

/// Does the folder hold a state that can be opened to be read? Fails with io if it is not there,
/// with bad_state if it is something else.
[[nodiscard]] Result<void> check_state_folder(const std::string& folder);

/// Makes the folder, for nobody but its owner, if it is not there. Fails with bad_state if
/// something else is in it: to make a state of that would hide that a state is damaged. A folder
/// with no state is_being_made() from then on until state_folder_is_made().
[[nodiscard]] Result<void> make_state_folder(const std::string& folder);

/// Nothing was committed in it yet: that it is empty is no damage.
[[nodiscard]] bool is_being_made(const std::string& folder);

void state_folder_is_made(const std::string& folder);

/// Is there a database in it?
[[nodiscard]] bool has_database(const std::string& folder);

}  // namespace spoor
