/**
 * What the starting shell does before it becomes bubblewrap. The tool has neither FFI nor a way to hand descriptors
 * on; a POSIX shell has redirections, traps and ulimit. Only builtins: no process is started.
 *
 * Parameters: the filter's file or `-`, the status file or `-` where it is descriptor 9, the soft limit of open files or
 * `-`, the file of orders or `-`, tombolo's pid or `-` where that need not be looked at, the number of directories to
 * hold, these directories, then bubblewrap and its arguments.
 */
export const START_SCRIPT = `
# No other names: a shell exports what it assigns to a name that came in the environment.
TOMBOLO_filter=$1 TOMBOLO_status=$2 TOMBOLO_files=$3 TOMBOLO_orders=$4 TOMBOLO_parent=$5 TOMBOLO_held=$6
shift 6
# A signal for the whole group, such as Ctrl-C, is the command's to handle: bubblewrap must outlive it.
trap '' HUP INT QUIT USR1 USR2 TERM
# Descriptors that the caller left open must not get in. A shell can close the low ones only.
for TOMBOLO_fd in /proc/self/fd/*; do
  case \${TOMBOLO_fd##*/} in
    [012]) ;;
    9) [ "$TOMBOLO_status" = - ] || exec 9>&- ;;
    [3-8]) eval "exec \${TOMBOLO_fd##*/}>&-" ;;
    # bin/tombolo has looked for those that it was called with.
    *) if [ "$TOMBOLO_status" != - ] && [ "$TOMBOLO_filter" != - ] && [ -e "$TOMBOLO_fd" ]; then
      echo leaked >"$TOMBOLO_status"
      exit 125
    fi ;;
  esac
done
# The runtime has raised it (select(2) cannot hold more than 1024).
[ "$TOMBOLO_files" = - ] || ulimit -Sn "$TOMBOLO_files"
[ "$TOMBOLO_status" = - ] || exec 9>>"$TOMBOLO_status"
exec 8>&9
[ "$TOMBOLO_filter" = - ] || exec 9<"$TOMBOLO_filter"
# Without a gateway its directory is gone before bubblewrap mounts anything.
[ "$TOMBOLO_orders" = - ] || exec 7<"$TOMBOLO_orders"
# Entered without following a link, so that the name the kernel has for it is its path; only then opened.
TOMBOLO_fd=3 TOMBOLO_pwd=$PWD TOMBOLO_old=\${OLDPWD-}
while [ $TOMBOLO_fd -lt $((TOMBOLO_held + 3)) ]; do
  cd -P -- "$1" 2>/dev/null && [ "$PWD" = "$1" ] || {
    printf 'tombolo: Cannot mount %s: it has been replaced while the sandbox was starting; nothing ran\n' "$1" >&2
    exit 125
  }
  eval "exec $TOMBOLO_fd<."
  TOMBOLO_fd=$((TOMBOLO_fd + 1))
  shift
done
[ "$TOMBOLO_held" = 0 ] || { cd / && PWD=$TOMBOLO_pwd OLDPWD=$TOMBOLO_old; }
# Killed meanwhile: bubblewrap would die with its parent, and does not see that it has lost it already.
# $PPID is what it was when the shell started; the kernel knows better.
read -r TOMBOLO_stat </proc/self/stat
TOMBOLO_stat=\${TOMBOLO_stat##*) ? }
[ "$TOMBOLO_parent" = - ] || [ "\${TOMBOLO_stat%% *}" = "$TOMBOLO_parent" ] || exit 125
exec "$@"
`;

// Everything that the sandbox is made of is to be in the control group.
const JOIN_SCRIPT = `
echo 0 >"$1/cgroup.procs" || { echo "tombolo: Cannot enter cgroup $1" >&2; exit 125; }
shift
`;

/** As {@linkcode START_SCRIPT}, with one parameter more before the others: the control group to enter first. */
export const START_IN_SCOPE_SCRIPT: string = JOIN_SCRIPT + START_SCRIPT;
