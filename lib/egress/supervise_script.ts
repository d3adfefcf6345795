/**
 * What the shell does that stands between tombolo and an external proxy. The tool may start `/bin/sh` alone and may
 * signal no process but its child; and only somebody else can end the proxy when tombolo itself is killed.
 *
 * The shell leads a process group. Its stdin is a pipe that tombolo alone holds: a line asks the group to end (TERM),
 * its end means that tombolo wants it gone, or is gone itself (KILL). When the proxy has ended, its status is written to
 * stdout, and whatever it has left behind is killed.
 *
 * Parameters: a word for the proxy's environment by which processes are found that have left the group (daemons), then
 * the proxy's program and arguments.
 */
export const SUPERVISE_SCRIPT = `
# No other names: a shell exports what it assigns to a name that came in the environment.
TOMBOLO_mark=$1
shift
exec 3<&0 </dev/null
# What is sent to the group must not end its leader.
trap '' HUP INT QUIT TERM USR1 USR2
(
  trap - HUP INT QUIT TERM USR1 USR2
  export TOMBOLO_PROXY_MARK="$TOMBOLO_mark"
  exec "$@" >/dev/null 3<&-
) &
TOMBOLO_proxy=$!
# Not to have the shell add "Terminated" to what the proxy said.
exec 2>/dev/null
end_all() {
  for TOMBOLO_round in 1 2 3 4 5; do
    TOMBOLO_found=
    for TOMBOLO_at in $(PATH=/usr/bin:/bin grep -slF -e "TOMBOLO_PROXY_MARK=$TOMBOLO_mark" /proc/[0-9]*/environ); do
      TOMBOLO_at=\${TOMBOLO_at#/proc/}
      kill -s KILL "\${TOMBOLO_at%/*}" && TOMBOLO_found=1
    done
    [ -n "$TOMBOLO_found" ] || break
  done
  kill -s KILL -- "-$$"
}
{
  if read -r TOMBOLO_line; then
    kill -s TERM -- "-$$"
    read -r TOMBOLO_line
  fi
  end_all
} <&3 >/dev/null 2>&1 &
wait "$TOMBOLO_proxy"
echo "$?"
end_all >/dev/null 2>&1
`;
