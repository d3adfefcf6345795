# shellcheck shell=sh
# Sourced by bin/tombolo and bin/test with `tombolo_root` set: sees to Deno, the packages and the bundles in .cache.

say() { printf 'tombolo: %s\n' "$1" >&2; }
fail() {
  say "$1"
  exit 125
}

# Sets `tombolo_deno`. Several first starts at once only repeat work: each has its own directory and renames into place.
set_up() {
  # In a subshell, which has its own names, traps and working directory; never the command's stdin and stdout.
  (
    root=$tombolo_root
    cache=$root/.cache
    deno_version=2.9.6
    work=$(mkdir -p "$cache" 2>/dev/null && mktemp -d "$cache/setup.XXXXXX" 2>/dev/null) ||
      fail "Cannot set up $cache: not writable; the owner of the checkout must run bin/tombolo --version once"
    trap 'rm -rf "$work"' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    cd "$root" || exit
    find_deno
    export DENO_DIR="$cache/deno" DENO_NO_UPDATE_CHECK=1
    [ -e "$cache/ready.sh" ] || say "making $cache ready, on the first start only"
    "$deno" install --quiet || fail "Deno could not fetch the packages of deno.lock"
    "$deno" run --quiet --no-prompt --allow-read --allow-write="$cache" --allow-run --allow-env \
      "$root/bin/build.ts" "$work" || fail "Cannot build tombolo from $root"
  ) </dev/null >&2 || exit
  # shellcheck source=/dev/null
  . "$tombolo_root/.cache/ready.sh"
}

# Sets `deno` to the one on PATH if it will do, otherwise to a fetched one.
find_deno() {
  deno=$(command -v deno) || deno=''
  case $deno in
    /*) ! deno_will_do || return 0 ;;
  esac
  deno=$cache/deno-$deno_version/deno
  [ -x "$deno" ] || fetch_deno
}

# Named permission sets need Deno 2.9; another major may read deno.json otherwise.
deno_will_do() {
  version=$("$deno" --version 2>/dev/null) || return 1
  version=${version#deno }
  minor=${version#2.}
  [ "$minor" != "$version" ] || return 1
  minor=${minor%%.*}
  case $minor in
    '' | *[!0-9]*) return 1 ;;
  esac
  [ "$minor" -ge 9 ]
}

fetch_deno() {
  command -v npm >/dev/null ||
    fail "Cannot find Deno: neither Deno 2.9 (or a later 2.x) nor npm to fetch it with is on PATH"
  say "fetching Deno $deno_version through npm, on the first start only"
  npm install --prefix "$work" --ignore-scripts --no-save --no-audit --no-fund --loglevel=error \
    "deno@$deno_version" >/dev/null || fail "npm could not fetch Deno $deno_version: put Deno 2.9 or a later 2.x on PATH"
  for fetched in "$work"/node_modules/@deno/*/deno; do
    if [ -x "$fetched" ] && "$fetched" --version >/dev/null 2>&1; then
      # Never in another's place: a Deno that runs from a file which is gone cannot start itself again.
      mkdir -p "${deno%/*}" && { ln "$fetched" "$deno" 2>/dev/null || [ -x "$deno" ] || mv -f "$fetched" "$deno"; } &&
        return
    fi
  done
  fail "The Deno that npm has does not run on this machine (it needs glibc): put Deno 2.9 or a later 2.x on PATH"
}
