/*
 * The list of sub-commands: help, the manual, completion and dispatch go by it.
 */
#include "tool.h"

/* One a line. */
/* clang-format off */
const struct tool_spec *const tool_specs[] = {
    &tool_run_spec,
    &tool_check_spec,
    &tool_session_spec,
    &tool_explain_spec,
    &tool_compare_spec,
    &tool_mta_spec,
    &tool_probe_spec,
    &tool_replay_spec,
    &tool_ctl_spec,
    &tool_completion_spec,
};
/* clang-format on */
const size_t tool_spec_count = sizeof(tool_specs) / sizeof(tool_specs[0]);
