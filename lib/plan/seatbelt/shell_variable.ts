// What sh, which starts the sandbox from outside of it, reads of its own environment (sh(1), bash(1)), and what the C
// library writes files by.
const READ_BY_STARTERS =
  /^(?:_$|TOMBOLO_|BASH|Malloc|ENV$|SHELLOPTS$|POSIXLY_CORRECT$|IFS$|PS\d$|OPTIND$|PPID$|LINENO$|CDPATH$|TMOUT$|FUNCNEST$|GLOBIGNORE$|EXECIGNORE$|FPATH$)/;

/** Whether a variable may stand in the environment of the shell that starts the command. */
export function isShellVariable(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !READ_BY_STARTERS.test(name);
}
