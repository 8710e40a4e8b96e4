# What every script stands on, to be sourced: the right Node, the installed
# dependencies, the build. Each step says what it does, and costs nothing when
# there is nothing to do.
set -euo pipefail

ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
cd "$ROOT"

say() { printf '==> %s\n' "$*" >&2; }
fail() {
  printf '\n%s\n' "$@" >&2
  exit 1
}

# Node 22.18 runs TypeScript as it is. Its headers are needed too: node-pty is compiled against them.
node_serves() {
  "$1" -e '
    const [major, minor] = process.versions.node.split(".").map(Number);
    const headers = require("node:path").join(process.execPath, "../../include/node/node.h");
    process.exit((major > 22 || (major === 22 && minor >= 18)) && require("node:fs").existsSync(headers) ? 0 : 1);
  ' 2>/dev/null
}

# Puts a Node that serves first on the PATH: the machine's own, or one that npm brings into .node/.
use_node() {
  command -v node >/dev/null || fail "Node.js is missing. Install any version from 20 on, with npm: https://nodejs.org, or" "  apt-get install -y nodejs npm"
  command -v npm >/dev/null || fail "npm is missing. It comes with Node.js from https://nodejs.org, or" "  apt-get install -y npm"
  local own="$(command -v node)"
  if ! node_serves "$own"; then
    local platform
    platform="$(node -p 'process.platform + "-" + process.arch')"
    own="$ROOT/.node/node_modules/node-$platform/bin/node"
    if [ ! -x "$own" ]; then
      say "this machine's Node is $(node --version); fetching Node 24 into .node/"
      mkdir -p "$ROOT/.node"
      echo '{ "private": true }' >"$ROOT/.node/package.json"
      npm install --prefix "$ROOT/.node" --no-save --no-package-lock --no-audit --no-fund --no-update-notifier --loglevel=error "node-$platform@24" >&2 ||
        fail "Node 24 could not be fetched from the npm registry (package node-$platform)." "Install Node 24 yourself (https://nodejs.org) and run this again."
    fi
  fi
  export PATH="$(dirname "$own"):$PATH"
  export npm_config_nodedir="$(dirname "$(dirname "$own")")"
}

need_compiler() {
  local missing=()
  for tool in g++ make python3; do command -v "$tool" >/dev/null || missing+=("$tool"); done
  [ ${#missing[@]} -eq 0 ] && return
  local sudo=""
  [ "$(id -u)" = 0 ] || sudo="sudo "
  case "$(uname -s)" in
    Darwin) fail "A compiler is missing (${missing[*]}): terminals for scripts (node-pty) are compiled here. Run" "  xcode-select --install" "and then this again." ;;
    *) fail "A compiler is missing (${missing[*]}): terminals for scripts (node-pty) are compiled here. Run" "  ${sudo}apt-get install -y build-essential python3" "and then this again." ;;
  esac
}

# `npm ci` refuses lockfiles whose foreign-platform packages a mirror lacks; `npm install` takes them as they are,
# and without --no-save it would write the lockfile anew.
install_dependencies() {
  local stamp="node_modules/.longshore-installed" wanted
  wanted="$(cat package-lock.json package.json packages/*/package.json | node -e '
    const hash = require("node:crypto").createHash("sha256").update(process.version);
    process.stdin.on("data", (part) => hash.update(part)).on("end", () => console.log(hash.digest("hex")));')"
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && return
  need_compiler
  say "installing dependencies (some 600 packages, once; half a minute or so)"
  npm install --no-save --no-audit --no-fund --no-update-notifier --loglevel=error >&2 ||
    fail "npm install failed; what it said stands above." "If it could not reach the registry, look at: npm config get registry"
  echo "$wanted" >"$stamp"
}

build() {
  node scripts/build.ts "$@" >&2
}
