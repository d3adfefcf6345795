// What the loader, the C library, the shell, bubblewrap or Deno read of their own environment (ld.so(8), environ(7),
// bash(1): GLOBIGNORE would hide descriptors from the starting shell).
const READ_BY_STARTERS = new RegExp(
  "^(?:" + [
    "(?:LD|DYLD|DENO|NODE|GLIBC|LIBC|MALLOC|RUST|TOKIO|V8|ICU|SSL|OPENSSL|OTEL|TOMBOLO|RES)_",
    "(?:GCONV_PATH|GETCONF_DIR|LOCPATH|NLSPATH|HOSTALIASES|LOCALDOMAIN|TZDIR|SSLKEYLOGFILE)$",
    "BASH|_",
    "(?:ENV|SHELLOPTS|POSIXLY_CORRECT|IFS|PS\\d|OPTIND|PPID|LINENO|CDPATH|TMOUT|FUNCNEST)$",
    "(?:GLOBIGNORE|EXECIGNORE|FIGNORE|FPATH|ZDOTDIR)$",
  ].join("|") + ")",
);

/** Whether a variable may stand in the environment of the programs that start the command. */
export function isPlainVariable(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !READ_BY_STARTERS.test(name);
}
