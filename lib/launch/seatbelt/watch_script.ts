/**
 * What the watching shell does, which outlives tombolo: it ends what the command has started and removes its temporary
 * files, when the command has ended or tombolo is gone, by whatever. Its stdin is a pipe that tombolo alone holds:
 *
 * - `directory PATH`: the command's directory for temporary files, which is in its environment too (TMPDIR)
 * - `process PID`, `group PID`: the command, the latter where it leads a process group of its own
 * - `kill`: end everything
 * - `done`: the command has ended by itself
 * - `tell SIGNAL PID`: send the command a signal, unless the terminal has sent it to the group of PID already
 */
export const WATCH_SCRIPT = `
PATH=/usr/bin:/bin
# What the terminal sends to the whole group is the command's to handle.
trap '' HUP INT QUIT TERM USR1 USR2
directory= command= group=
# Descendants by their parents; what has lost its parent is not among them.
descendants() {
  ps -axo pid=,ppid= | awk -v top="$1" '
    { parent[$1] = $2 }
    END {
      for (pid in parent) {
        at = pid
        for (depth = 0; depth < 4096 && at in parent && at != top; depth++) at = parent[at]
        if (at == top && pid != top) print pid
      }
    }'
}
# By what is in the environment: macOS tells it of programs that are not its own.
marked() {
  [ -n "$directory" ] || return
  if [ -r /proc/self/environ ]; then
    for at in $(grep -slF -e "TMPDIR=$directory" /proc/[0-9]*/environ); do
      at=\${at#/proc/}
      echo "\${at%/*}"
    done
  else
    ps -axEww -o pid=,command= | while read -r pid rest; do
      case $rest in
        *" TMPDIR=$directory"*) echo "$pid" ;;
      esac
    done
  fi
}
end_all() {
  for round in 1 2 3 4 5; do
    found=
    for pid in \${command:+"$command" $(descendants "$command")} $(marked); do
      kill -s KILL "$pid" && found=1
    done
    [ -z "$group" ] || kill -s KILL -- "-$group" && found=1
    [ -n "$found" ] || break
  done
}
# The terminal has sent INT and QUIT to its whole foreground group.
tell() {
  case $1 in
    INT | QUIT)
      set -- "$1" $(ps -o pgid=,tpgid= -p "$2")
      [ "\${3-}" != "\${2-}" ] || return
      ;;
  esac
  [ -z "$command" ] || kill -s "$1" "$command"
}
exec 2>/dev/null
while read -r word value more; do
  case $word in
    directory) directory=$value ;;
    process) command=$value ;;
    group) command=$value group=$value ;;
    tell) tell "$value" "$more" ;;
    kill) end_all ;;
    done)
      # Its number may be somebody else's from now on, but not that of a group that still has members.
      command=
      break
      ;;
  esac
done
end_all >/dev/null
case $directory in
  /*/tombolo-*)
    rm -rf -- "$directory" || {
      chmod -R u+rwx -- "$directory"
      rm -rf -- "$directory"
    }
    ;;
esac
`;
