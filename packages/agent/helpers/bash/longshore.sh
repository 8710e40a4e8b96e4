# Longshore's functions for bash scripts. Read through BASH_ENV before each
# script, so it only says where they are: functions.sh is read at the first use.
# A child bash doesn't get them (BASH_ENV is taken back).
if [[ -n ${LONGSHORE_BASH_ENV-} ]]; then BASH_ENV=$LONGSHORE_BASH_ENV; unset LONGSHORE_BASH_ENV; . "$BASH_ENV"; else unset BASH_ENV; fi
__longshore() { . "$LONGSHORE_HELPERS/bash/functions.sh"; "$@"; }
get_variable() { __longshore get_variable "$@"; }
set_variable() { __longshore set_variable "$@"; }
new_artifact() { __longshore new_artifact "$@"; }
fail_step() { __longshore fail_step "$@"; }
update_progress() { __longshore update_progress "$@"; }
mask_value() { __longshore mask_value "$@"; }
write_verbose() { __longshore write_verbose "$@"; }
write_highlight() { __longshore write_highlight "$@"; }
write_wait() { __longshore write_wait "$@"; }
write_warning() { __longshore write_warning "$@"; }
write_error() { __longshore write_error "$@"; }
get_octopusvariable() { __longshore get_octopusvariable "$@"; }
set_octopusvariable() { __longshore set_octopusvariable "$@"; }
new_octopusartifact() { __longshore new_octopusartifact "$@"; }
