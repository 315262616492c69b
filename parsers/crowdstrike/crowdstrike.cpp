#include "parsers/crowdstrike/crowdstrike.h"

#include "parsers/crowdstrike/falcon_stream.h"
#include "parsers/crowdstrike/fdr.h"

namespace spoor {

struct CrowdStrikeParser::Impl {
  FdrReader fdr;
  StreamReader stream;
};

CrowdStrikeParser::CrowdStrikeParser() : impl_(std::make_unique<Impl>()) {}

CrowdStrikeParser::~CrowdStrikeParser() = default;
CrowdStrikeParser::CrowdStrikeParser(CrowdStrikeParser&&) noexcept = default;
CrowdStrikeParser& CrowdStrikeParser::operator=(CrowdStrikeParser&&) noexcept = default;

Marks CrowdStrikeParser::collect(Form form, NodeIndex root, ParseContext& context) {
  switch (form) {
    case Form::falcon_stream: return impl_->stream.collect_stream(root, context);
    case Form::fdr_external: return impl_->stream.collect_flat(root, context);
    default: return impl_->fdr.collect(root, context);
  }
}

Result<void> CrowdStrikeParser::finish(Form form,
                                       NodeIndex /*root*/,
                                       ParseContext& context,
                                       EventEmitter& emitter) {
  FdrReader& fdr = impl_->fdr;
  StreamReader& stream = impl_->stream;
  switch (form) {
    case Form::falcon_stream:
      if (stream.event_node() == kNoNode) {
        return fail(ErrorCode::unknown_source, "an event stream record whose event is no object");
      }
      if (stream.holds_sensor_event()) {
        // Somebody's envelope that looks like the stream's.
        fdr.collect(stream.event_node(), context);
        return fdr.finish(context, emitter);
      }
      return stream.finish("falcon_stream", context, emitter);
    case Form::fdr_external: return stream.finish("fdr_external", context, emitter);
    default: break;
  }
  if (fdr.is_external()) {
    // LogScale gives these an event_simpleName too.
    stream.collect_flat(fdr.root(), context);
    return stream.finish("fdr_external", context, emitter);
  }
  return fdr.finish(context, emitter);
}

}  // namespace spoor
