// spoor completion, man: what is made of the command line itself.

#include <string>

#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/exit_code.h"
#include "cli/man_page.h"
#include "cli/output_file.h"
#include "engine/finding/render.h"

namespace spoor {

int run_completion(const CompletionOptions& options) {
  return write_output("", render_completion(describe_command_line(), options.shell)) ? exit_ok
                                                                                     : exit_failure;
}

int run_man(const ManOptions& /*options*/) {
  return write_output("", render_man_page(describe_command_line(), product_version()))
             ? exit_ok
             : exit_failure;
}

}  // namespace spoor
