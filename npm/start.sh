#!/bin/sh
# Runs the tombolo of this npm package, with the Deno that npm has installed beside it.
set -u
# Every name is tombolo_*: a shell exports what it assigns to a name that the caller exported.

# Deno itself cannot start there, and says so at length.
[ . -ef "$PWD" ] || {
  echo 'tombolo: Cannot find the working directory: it has been removed' >&2
  exit 125
}

# npm links to it.
tombolo_self=$0
[ ! -h "$tombolo_self" ] || tombolo_self=$(readlink -f -- "$tombolo_self") || exit 125
case $tombolo_self in
  /*) ;;
  *) tombolo_self=$PWD/$tombolo_self ;;
esac
tombolo_built=$(CDPATH='' cd -P -- "${tombolo_self%/*}" && pwd) || exit 125
tombolo_self=$tombolo_built/tombolo tombolo_main=$tombolo_built/main/main.js

# All that npm has installed there is guarded from sandboxes, not this package alone: the next start goes by way of
# node_modules/.bin, and looks for Deno beside the package.
case $tombolo_built in
  */node_modules/*)
    tombolo_top=${tombolo_built%%/node_modules/*}
    tombolo_root=$tombolo_top/node_modules
    ;;
  *) tombolo_top=$tombolo_built tombolo_root=$tombolo_built ;;
esac

# npm installs the Deno of this platform alone, here or in a directory above.
tombolo_deno='' tombolo_at=$tombolo_built
while :; do
  for tombolo_deno in "$tombolo_at"/node_modules/@deno/*/deno; do
    [ ! -x "$tombolo_deno" ] || break 2
  done
  [ "$tombolo_at" != "$tombolo_top" ] || {
    echo 'tombolo: Cannot find Deno: npm has not installed it beside this package, which needs Linux with glibc or macOS,' \
      'and optional dependencies' >&2
    exit 125
  }
  tombolo_at=${tombolo_at%/*}
done
# The package may lie where this user cannot write; what Deno has compiled is kept here.
case ${XDG_CACHE_HOME-} in
  /*) tombolo_deno_dir=$XDG_CACHE_HOME/tombolo ;;
  *) tombolo_deno_dir=${HOME-}/.cache/tombolo ;;
esac
