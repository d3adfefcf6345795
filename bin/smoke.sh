#!/bin/sh
# Tries a tombolo: sh bin/smoke.sh COMMAND... where the command starts it. Ends with 1 at the first thing that is wrong.
set -u

fail() {
  echo "smoke: $1" >&2
  exit 1
}

work=$(mktemp -d "$HOME/tombolo-smoke.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
mkdir "$work/tree" "$work/secret" && echo canary >"$work/secret/file" && cd "$work/tree" || exit 1

version=$("$@" --version) || fail 'it does not say its version'
echo "$version"
case $version in
  'tombolo '[0-9]*) ;;
  *) fail "it is not tombolo: $version" ;;
esac

printed=$("$@" run -- sh -c 'echo in; echo in >file') || fail 'it does not run a command'
{ [ "$printed" = in ] && [ "$(cat file)" = in ]; } || fail 'the command did not write its working directory'
"$@" run -- sh -c 'exit 7'
[ $? -eq 7 ] || fail "the command's status is lost"
"$@" run -- sh -c 'echo out >../out' 2>/dev/null && fail 'the command wrote outside'
[ ! -e ../out ] || fail 'the command left a file outside'
! "$@" run --deny-read="$work/secret" -- cat "$work/secret/file" 2>/dev/null || fail 'the command read what is denied'
"$@" run --allow-net=allowed.test -- sh -c 'echo gateway' >gateway || fail 'it does not run a command with the gateway'
[ "$(cat gateway)" = gateway ] || fail 'the command printed nothing with the gateway'
! "$@" run --allow-net=allowed.test -- curl --silent --max-time 20 https://denied.test/ 2>/dev/null ||
  fail 'the command reached a host that is not allowed'
left=$(ls -A "$work")
[ "$left" = "secret
tree" ] || fail "it left something behind: $left"
echo 'smoke: it works'
