#include "engine/process_graph/text_edit.h"

namespace spoor {

bool TextEdit::offer(ProcessText which, std::string_view value, unsigned rank) {
  if (value.empty()) {
    return false;
  }
  // Most events say less than the start event did: that is told by the ranks in the node, without a
  // look at anything else.
  const unsigned kept = ProcessGraph::Store::kept_rank(store_.nodes[process_], which);
  if (kept != kNoRank && rank > kept) {
    return false;
  }
  const TextHandle known = known_handle(which);
  const unsigned known_rank =
      known == 0 ? kNoRank : store_.text_rank(store_.nodes[process_], which);
  if (rank > known_rank) {
    return false;
  }
  const std::string_view known_text = store_.texts.view(known);
  if (!improves(rank, value, known_rank, known_text)) {
    return false;
  }
  put_rank(which, rank);
  if (value == known_text) {
    return false;
  }
  has_changed_ = true;
  store_.replaced_bytes += known_text.size();
  store_.may_be_due = true;
  // A uid is one process's: looking for an equal one would be in vain.
  put(which,
      which == ProcessText::vendor_uid ? store_.texts.keep(value) : store_.texts.intern(value));
  return true;
}

void TextEdit::commit() {
  if (profile_) {
    store_.nodes[process_].profile = store_.profiles.intern(*profile_) & kNodeBits;
  }
  if (claims_) {
    store_.nodes[process_].claims = store_.claims.intern(*claims_) & kNodeBits;
  }
}

TextHandle TextEdit::known_handle(ProcessText which) const {
  if (profile_ && is_profile_text(which)) {
    return (*profile_)[row_place(which)];
  }
  if (claims_ && is_claim_text(which)) {
    return (*claims_)[row_place(which)];
  }
  return store_.text_handle(store_.nodes[process_], which);
}

void TextEdit::put(ProcessText which, TextHandle handle) {
  ProcessNode& node = store_.nodes[process_];
  if (which == ProcessText::vendor_uid) {
    node.vendor_uid = handle;
  } else if (which == ProcessText::command_line) {
    node.command_line = handle;
  } else if (is_claim_text(which)) {
    if (!claims_) {
      claims_ = store_.claims[node.claims];
    }
    (*claims_)[row_place(which)] = handle;
  } else {
    if (!profile_) {
      profile_ = store_.profiles[node.profile];
    }
    (*profile_)[row_place(which)] = handle;
  }
}

void TextEdit::put_rank(ProcessText which, unsigned rank) {
  ProcessNode& node = store_.nodes[process_];
  switch (which) {
    case ProcessText::vendor_uid: node.uid_rank = rank & kRankBits; break;
    case ProcessText::image: node.image_rank = rank & kRankBits; break;
    case ProcessText::command_line: node.command_line_rank = rank & kRankBits; break;
    case ProcessText::user: node.user_rank = rank & kRankBits; break;
    default: break;  // From start events alone.
  }
}

}  // namespace spoor
