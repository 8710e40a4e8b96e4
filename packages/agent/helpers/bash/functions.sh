# What the functions of longshore.sh do. They hold under `set -euo pipefail`,
# with any IFS, and print each message in one write, so that nothing written by
# others comes between.

# get_variable NAME            prints the value; status 1 where there is none
# get_variable -v TARGET NAME  puts it into TARGET, exactly ($(…) drops newlines at the end)
get_variable() {
  local __longshore_target=
  if [[ ${1-} == -v ]]; then
    __longshore_target=$2
    shift 2
  fi
  __longshore_load
  local __longshore_at
  for ((__longshore_at = 0; __longshore_at + 1 < ${#__longshore_variables[@]}; __longshore_at += 2)); do
    [[ ${__longshore_variables[__longshore_at]} == "${1-}" ]] || continue
    if [[ -n $__longshore_target ]]; then
      printf -v "$__longshore_target" %s "${__longshore_variables[__longshore_at + 1]}"
    else
      printf %s "${__longshore_variables[__longshore_at + 1]}"
    fi
    return 0
  done
  if [[ -n $__longshore_target ]]; then printf -v "$__longshore_target" %s ''; fi
  return 1
}

# set_variable NAME VALUE [-sensitive]
set_variable() {
  local __longshore_base64 name value
  __longshore_encode "${1-}"
  name=$__longshore_base64
  __longshore_encode "${2-}"
  value=$__longshore_base64
  if [[ ${3-} == -sensitive || ${3-} == --sensitive ]]; then
    # On both streams: which of them is read first can't be known.
    printf "##longshore[mask value='%s']\n" "$value" >&2
    printf "##longshore[setVariable name='%s' value='%s' sensitive='VHJ1ZQ==']\n" "$name" "$value"
  else
    printf "##longshore[setVariable name='%s' value='%s']\n" "$name" "$value"
  fi
}

# mask_value VALUE
mask_value() {
  local __longshore_base64
  __longshore_encode "${1-}"
  printf "##longshore[mask value='%s']\n" "$__longshore_base64" >&2
  printf "##longshore[mask value='%s']\n" "$__longshore_base64"
}

# new_artifact PATH [NAME]
new_artifact() {
  local __longshore_base64 path=${1-} name=${2-} encoded
  if [[ ! -e $path ]]; then
    printf 'new_artifact: there is no file "%s"\n' "$path" >&2
    return 1
  fi
  [[ -n $name ]] || name=${path##*/}
  [[ $path == /* ]] || path=$PWD/$path
  __longshore_encode "$path"
  encoded=$__longshore_base64
  __longshore_encode "$name"
  printf "##longshore[createArtifact path='%s' name='%s']\n" "$encoded" "$__longshore_base64"
}

# fail_step [MESSAGE]: ends the script with 1
fail_step() {
  local __longshore_base64
  if [[ -n ${1-} ]]; then
    __longshore_encode "$1"
    printf "##longshore[resultMessage message='%s']\n" "$__longshore_base64"
  fi
  exit 1
}

# update_progress PERCENTAGE [MESSAGE]
update_progress() {
  local __longshore_base64 percentage
  __longshore_encode "${1-}"
  percentage=$__longshore_base64
  __longshore_encode "${2-}"
  printf "##longshore[progress percentage='%s' message='%s']\n" "$percentage" "$__longshore_base64"
}

write_verbose() { __longshore_write verbose "$@"; }
write_highlight() { __longshore_write highlight "$@"; }
write_wait() { __longshore_write wait "$@"; }
write_warning() { __longshore_write warning "$@"; }
write_error() { __longshore_write error "$@"; }

# Octopus's names. A variable that isn't there is empty, and no error.
get_octopusvariable() { get_variable "$@" || return 0; }
set_octopusvariable() { set_variable "$@"; }
new_octopusartifact() { new_artifact "$@"; }

__longshore_write() {
  local level=$1 IFS=' '
  shift
  printf '##longshore[stdout-%s]\n%s\n##longshore[stdout-default]\n' "$level" "$*"
}

# The file holds NAME NUL VALUE NUL …
__longshore_load() {
  [[ -z ${__longshore_loaded-} ]] || return 0
  __longshore_loaded=yes
  __longshore_variables=()
  [[ -r ${LONGSHORE_VARIABLES-} ]] || return 0
  if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 404)); then
    mapfile -d '' -t __longshore_variables <"$LONGSHORE_VARIABLES"
  else
    local item
    while IFS= read -r -d '' item; do __longshore_variables+=("$item"); done <"$LONGSHORE_VARIABLES"
  fi
}

# The base64 of $1 into __longshore_base64: short ASCII here, which is sooner
# done than starting a program; line ends inside are understood.
__longshore_encode() {
  local LC_ALL=C
  if ((${#1} > 240)) || [[ $1 == *[!\ -~]* ]]; then
    __longshore_base64=$(printf %s "$1" | base64) || __longshore_base64=$(printf %s "$1" | openssl base64)
    return
  fi
  local digits=ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/ at a b c
  __longshore_base64=
  for ((at = 0; at < ${#1}; at += 3)); do
    b=0 c=0
    printf -v a %d "'${1:at:1}"
    if ((at + 1 < ${#1})); then printf -v b %d "'${1:at+1:1}"; fi
    if ((at + 2 < ${#1})); then printf -v c %d "'${1:at+2:1}"; fi
    __longshore_base64+=${digits:a >> 2:1}${digits:(a & 3) << 4 | b >> 4:1}${digits:(b & 15) << 2 | c >> 6:1}${digits:c & 63:1}
  done
  case $((${#1} % 3)) in
    1) __longshore_base64=${__longshore_base64%??}== ;;
    2) __longshore_base64=${__longshore_base64%?}= ;;
  esac
}
