# Longshore's functions for POSIX shells (dash, busybox). They are read before
# the script by `sh -c`, since such a shell reads nothing by itself.
# The variables are a function, __longshore_lookup, in $LONGSHORE_VARIABLES.sh.

# get_variable NAME: prints the value; status 1 where there is none
get_variable() {
  if [ -z "${__longshore_loaded-}" ]; then
    __longshore_loaded=yes
    if [ -r "${LONGSHORE_VARIABLES-}.sh" ]; then . "$LONGSHORE_VARIABLES.sh"; else __longshore_lookup() { return 1; }; fi
  fi
  __longshore_lookup "${1-}" || return 1
  printf %s "$__longshore_value"
}

# set_variable NAME VALUE [-sensitive]
set_variable() {
  __longshore_name=$(__longshore_encode "${1-}")
  __longshore_base64=$(__longshore_encode "${2-}")
  case ${3-} in
    -sensitive | --sensitive)
      # On both streams: which of them is read first can't be known.
      printf "##longshore[mask value='%s']\n" "$__longshore_base64" >&2
      printf "##longshore[setVariable name='%s' value='%s' sensitive='VHJ1ZQ==']\n" "$__longshore_name" "$__longshore_base64"
      ;;
    *) printf "##longshore[setVariable name='%s' value='%s']\n" "$__longshore_name" "$__longshore_base64" ;;
  esac
}

# mask_value VALUE
mask_value() {
  __longshore_base64=$(__longshore_encode "${1-}")
  printf "##longshore[mask value='%s']\n" "$__longshore_base64" >&2
  printf "##longshore[mask value='%s']\n" "$__longshore_base64"
}

# new_artifact PATH [NAME]
new_artifact() {
  if [ ! -e "${1-}" ]; then
    printf 'new_artifact: there is no file "%s"\n' "${1-}" >&2
    return 1
  fi
  case $1 in
    /*) __longshore_path=$1 ;;
    *) __longshore_path=$PWD/$1 ;;
  esac
  __longshore_name=${2-}
  [ -n "$__longshore_name" ] || __longshore_name=${1##*/}
  printf "##longshore[createArtifact path='%s' name='%s']\n" "$(__longshore_encode "$__longshore_path")" "$(__longshore_encode "$__longshore_name")"
}

# fail_step [MESSAGE]: ends the script with 1
fail_step() {
  if [ -n "${1-}" ]; then printf "##longshore[resultMessage message='%s']\n" "$(__longshore_encode "$1")"; fi
  exit 1
}

# update_progress PERCENTAGE [MESSAGE]
update_progress() {
  printf "##longshore[progress percentage='%s' message='%s']\n" "$(__longshore_encode "${1-}")" "$(__longshore_encode "${2-}")"
}

write_verbose() { __longshore_write verbose "$*"; }
write_highlight() { __longshore_write highlight "$*"; }
write_wait() { __longshore_write wait "$*"; }
write_warning() { __longshore_write warning "$*"; }
write_error() { __longshore_write error "$*"; }

# Octopus's names. A variable that isn't there is empty, and no error.
get_octopusvariable() { get_variable "$@" || return 0; }
set_octopusvariable() { set_variable "$@"; }
new_octopusartifact() { new_artifact "$@"; }

__longshore_write() {
  printf '##longshore[stdout-%s]\n%s\n##longshore[stdout-default]\n' "$1" "$2"
}

# Line ends inside are understood.
__longshore_encode() {
  printf %s "$1" | base64 2>/dev/null || printf %s "$1" | openssl base64
}
