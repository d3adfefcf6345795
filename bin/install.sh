#!/bin/sh
# Installs the tombolo of a release: fetches the binary for this machine, checks it, and only then runs or installs it.
#
#     sh install.sh [--from=URL] [--to=DIRECTORY]
#
# URL holds the binaries and SHA256SUMS; the script that a release offers names its own. DIRECTORY is ~/.local/bin
# unless named.
set -u

# A release puts its address here.
RELEASE=''

say() { printf 'install: %s\n' "$1" >&2; }
fail() {
  say "$1"
  exit 1
}

# Sets `platform`.
find_platform() {
  platform=$(uname -s)-$(uname -m)
  case $platform in
    Linux-x86_64) platform=linux-x64 ;;
    Linux-aarch64 | Linux-arm64) platform=linux-arm64 ;;
    Darwin-x86_64) platform=macos-x64 ;;
    Darwin-arm64) platform=macos-arm64 ;;
    *) fail "Cannot install tombolo on $platform: there are binaries for Linux and macOS on x64 and arm64" ;;
  esac
}

# fetch NAME FILE; a redirection may not lead from TLS to plain text.
fetch() {
  case $from in
    https:*) protocols='=https' ;;
    *) protocols='=https,http' ;;
  esac
  if command -v curl >/dev/null; then
    curl --fail --location --silent --show-error --proto "$protocols" --output "$2" -- "$from/$1"
  elif command -v wget >/dev/null; then
    if [ "$protocols" = '=https' ]; then
      wget --quiet --tries=1 --https-only --output-document="$2" -- "$from/$1"
    else
      wget --quiet --tries=1 --output-document="$2" -- "$from/$1"
    fi
  else
    fail 'Cannot fetch anything: neither curl nor wget is on PATH'
  fi || fail "Cannot fetch $from/$1"
}

# Prints the checksum of a file.
checksum() {
  if command -v sha256sum >/dev/null; then
    sum=$(sha256sum <"$1")
  elif command -v shasum >/dev/null; then
    sum=$(shasum -a 256 <"$1")
  else
    fail 'Cannot check what was fetched: neither sha256sum nor shasum is on PATH'
  fi || fail "Cannot read $1"
  printf '%s\n' "${sum%% *}"
}

# Prints what SHA256SUMS says of a name.
expected() {
  while read -r sum name; do
    [ "${name#\*}" != "$1" ] || {
      printf '%s\n' "$sum"
      return
    }
  done <"$work/SHA256SUMS"
}

main() {
  from=$RELEASE to=''
  for argument in "$@"; do
    case $argument in
      --from=*) from=${argument#--from=} ;;
      --to=*) to=${argument#--to=} ;;
      *) fail "Unknown argument $argument: expected --from=URL or --to=DIRECTORY" ;;
    esac
  done
  from=${from%/}
  [ -n "$from" ] || fail 'Cannot tell where from: name the address of a release with --from=URL'
  [ -n "$to" ] || to=${HOME:?"install: Cannot tell where to: name a directory with --to=DIRECTORY"}/.local/bin
  find_platform
  binary=tombolo-$platform

  mkdir -p -- "$to" || exit 1
  # In the same file system, so that what is there is replaced in one step or not at all.
  work=$(mktemp -d "$to/.tombolo.XXXXXX") || fail "Cannot write in $to"
  trap 'rm -rf -- "$work"' EXIT
  trap 'exit 1' HUP INT TERM
  fetch SHA256SUMS "$work/SHA256SUMS"
  fetch "$binary" "$work/tombolo"

  wanted=$(expected "$binary") || exit 1
  [ -n "$wanted" ] || fail "Cannot check $binary: SHA256SUMS does not name it"
  found=$(checksum "$work/tombolo") || exit 1
  [ "$found" = "$wanted" ] || fail "Cannot trust $binary: its checksum is $found instead of $wanted; nothing was installed"

  chmod 755 "$work/tombolo" || exit 1
  version=$("$work/tombolo" --version </dev/null) ||
    fail "Cannot run $binary on this machine (on Linux it needs glibc); nothing was installed"
  mv -f -- "$work/tombolo" "$to/tombolo" || fail "Cannot replace $to/tombolo"
  say "$version is in $to"
  case :${PATH-}: in
    *:"$to":*) ;;
    *) say "add it to PATH: export PATH=\"$to:\$PATH\"" ;;
  esac
}

# On the last line: a script that arrives in part does nothing.
main "$@"
