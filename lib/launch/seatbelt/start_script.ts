/**
 * What the starting shell does before it becomes sandbox-exec. Only builtins: no process is started, and nothing is
 * assigned to a name that came in the environment.
 *
 * Parameters: the soft limit of open files or `-`, that of the policy or `-`, seconds of cpu time or `-`, bytes of a file
 * or `-`, then sandbox-exec and its arguments.
 */
export const SEATBELT_START_SCRIPT = `
TOMBOLO_closing='
for TOMBOLO_fd in /dev/fd/*; do
  TOMBOLO_fd=\${TOMBOLO_fd##*/}
  [ "$TOMBOLO_fd" -le 2 ] || eval "exec $TOMBOLO_fd>&-"
done
exec "$@"
'
TOMBOLO_files=$1 TOMBOLO_most=$2 TOMBOLO_seconds=$3 TOMBOLO_bytes=$4
shift 4
fail() {
  printf 'tombolo: %s; nothing ran\\n' "$1" >&2
  exit 125
}
# Descriptors that the caller left open must not get in. Not every shell can close those above 9.
TOMBOLO_rest=
for TOMBOLO_fd in /dev/fd/*; do
  TOMBOLO_fd=\${TOMBOLO_fd##*/}
  case $TOMBOLO_fd in
    [012] | *[!0-9]*) ;;
    [3-9]) eval "exec $TOMBOLO_fd>&-" ;;
    *) [ ! -e "/dev/fd/$TOMBOLO_fd" ] || TOMBOLO_rest=1 ;;
  esac
done
# The runtime has raised it.
[ "$TOMBOLO_files" = - ] || ulimit -Sn "$TOMBOLO_files" || fail "Cannot set back the limit of open files"
[ "$TOMBOLO_most" = - ] || ulimit -n "$TOMBOLO_most" || fail "Cannot limit open files to $TOMBOLO_most"
# The soft limit below the hard one, so that XCPU is seen.
[ "$TOMBOLO_seconds" = - ] ||
  { ulimit -St "$TOMBOLO_seconds" && ulimit -Ht $((TOMBOLO_seconds + 5)); } ||
  fail "Cannot limit cpu time to $TOMBOLO_seconds s"
# The shell that macOS has counts in blocks of 1024 bytes, others in those of 512 (sh(1)).
case \${BASH_VERSION-} in
  [123].*) TOMBOLO_block=1024 ;;
  *) TOMBOLO_block=512 ;;
esac
[ "$TOMBOLO_bytes" = - ] || ulimit -f $((TOMBOLO_bytes / TOMBOLO_block)) ||
  fail "Cannot limit file size to $TOMBOLO_bytes bytes"
[ -z "$TOMBOLO_rest" ] || set -- /bin/bash -c "$TOMBOLO_closing" bash "$@"
exec "$@"
`;
