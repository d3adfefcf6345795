import { shellQuoted } from "./shell_quoted.ts";

/**
 * What the shell that stands by does: it starts what is to be started as a child, and watches tombolo beside it.
 * bubblewrap dies with its parent only from some moment of its start on, and its init with it from a later one: a tombolo
 * that is killed before would leave them. So this shell ends them, init first, whenever tombolo is gone.
 *
 * Descriptor 7 is the pipe whose other end tombolo alone has, and 9 that of the status.
 *
 * @param script For the child; its parameters are those of this script
 * @param left What tombolo removes while it lives: absolute paths
 */
export function watched(script: string, left: readonly string[]): string {
  return `
exec 6<&0
(
exec <&6 6<&- 7<&-
read -r TOMBOLO_pid TOMBOLO_stat </proc/self/stat
echo "$TOMBOLO_pid" >&9
${script}
) &
TOMBOLO_child=$!
trap '' HUP INT QUIT USR1 USR2 TERM
# Somebody may wait for the end of the streams.
exec </dev/null >/dev/null 2>&1 6<&- 9>&-
read -r TOMBOLO_word <&7
# Not waited for: its pid is no other process's. Stopped, it can start no more.
kill -STOP "$TOMBOLO_child"
read -r TOMBOLO_below <"/proc/$TOMBOLO_child/task/$TOMBOLO_child/children"
kill -KILL $TOMBOLO_below "$TOMBOLO_child"
for TOMBOLO_left in ${shellQuoted(left)}; do
  [ ! -e "$TOMBOLO_left" ] || /bin/rm -rf "$TOMBOLO_left"
done
exit 0
`;
}
