import { runInShell } from "./run_in_shell.ts";

/** Signals that are the command's to handle; tombolo passes them on and waits. */
export const FORWARDED = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2"] as const;

/** A signal that is passed on. */
export type ForwardedSignal = (typeof FORWARDED)[number];

// The command is the first child of the sandbox's init, or of stage2 where that stays beside it ($5 is `stage2`). The tool itself can neither read /proc nor signal by pid;
// the shell can, with builtins alone. $3 is tombolo's own pid, or `-`: a terminal signals its whole foreground group, so a
// Ctrl-C has reached the command already. $4 is the signal's number: what starts the command ignores it, and a signal
// sent too early would be lost, so it waits until it is not ignored, some tenths of a second at most.
const SEND_SCRIPT = `
init=$1 signal=$2 tool=$3 number=$4 starter=$5
if [ "$tool" != - ] && { [ "$signal" = INT ] || [ "$signal" = QUIT ]; }; then
  read -r stat <"/proc/$tool/stat"
  set -- \${stat##*) }
  [ "$5" = 0 ] || [ "$3" != "$6" ] || exit 0
fi
tries=0
while [ $tries -lt 1500 ] && [ -e "/proc/$init" ]; do
  # The list has no final newline, and read says so. It is empty until init has come so far.
  read -r child rest <"/proc/$init/task/$init/children" || [ -n "$child" ] || continue
  if [ "$starter" = stage2 ]; then
    stage2=$child child=''
    read -r child rest <"/proc/$stage2/task/$stage2/children" || [ -n "$child" ] || continue
  fi
  tries=$((tries + 1))
  while read -r key mask; do
    [ "$key" != SigIgn: ] || break
  done <"/proc/$child/status"
  [ $((0x$mask >> (number - 1) & 1)) = 1 ] || break
done
[ -z "$child" ] || kill -s "$signal" "$child"
`;

/** Numbers of the signals that can be sent, or that may end bubblewrap itself (signal(7)). */
export const SIGNAL_NUMBERS = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
  SIGCONT: 18,
  SIGSTOP: 19,
  SIGTSTP: 20,
  SIGWINCH: 28,
} as const satisfies Partial<Record<Deno.Signal, number>>;

/** A signal that can be sent to a command. */
export type CommandSignal = keyof typeof SIGNAL_NUMBERS;

/**
 * Sends a signal to the command.
 *
 * @param initPid The sandbox's init, as the host sees it
 * @param signal What to send
 * @param starter What has started the command
 * @param unlessTerminal Whether INT and QUIT are left out where the terminal has sent them to the whole foreground group
 */
export async function sendToCommand(
  initPid: number,
  signal: CommandSignal,
  starter: "init" | "stage2",
  unlessTerminal: boolean,
): Promise<void> {
  const tool = unlessTerminal ? Deno.pid : "-";
  await runInShell(SEND_SCRIPT, initPid, signal.slice("SIG".length), tool, SIGNAL_NUMBERS[signal], starter);
}

/** Ends a process at once; where it is a sandbox's init, everything inside, also while the sandbox is being built. */
export async function killByPid(pid: number): Promise<void> {
  await runInShell('kill -KILL "$1"', pid);
}

/** Keeps tombolo alive through signals meant for the command, and hands each one to `send` until it is disposed. */
export class SignalForwarding implements Disposable {
  #send: ((signal: ForwardedSignal) => void) | undefined;

  constructor(send: (signal: ForwardedSignal) => void) {
    this.#send = send;
    for (const signal of FORWARDED) Deno.addSignalListener(signal, () => this.#send?.(signal));
  }

  /** Stays deaf afterwards: a signal that comes late, between the command's end and ours, must not change the status. */
  [Symbol.dispose](): void {
    this.#send = undefined;
  }
}
