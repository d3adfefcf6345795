/** Signals that are the command's to handle; tombolo passes them on and waits. */
export const FORWARDED = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2"] as const;

/** A signal that is passed on. */
export type ForwardedSignal = (typeof FORWARDED)[number];

// The command is the first child of the sandbox's init. The tool itself can neither read /proc nor signal by pid;
// the shell can, with builtins alone. $3 is tombolo's own pid: a terminal signals its whole foreground group, so a
// Ctrl-C has reached the command already.
const SEND_SCRIPT = `
if [ "$2" = INT ] || [ "$2" = QUIT ]; then
  read -r stat <"/proc/$3/stat"
  set -- "$1" "$2" \${stat##*) }
  [ "$6" = 0 ] && [ "$7" = 0 ] || [ "$5" != "$8" ] || exit 0
fi
# The list has no final newline, and read says so.
read -r children <"/proc/$1/task/$1/children" || [ -n "$children" ] || exit 0
for child in $children; do
  kill -s "$2" "$child"
  exit
done
`;

/**
 * Sends a signal to the command.
 *
 * @param initPid The sandbox's init, as the host sees it
 * @param signal What to send; INT and QUIT are left out where the terminal has sent them
 */
export async function sendToCommand(initPid: number, signal: ForwardedSignal): Promise<void> {
  await new Deno.Command("/bin/sh", {
    args: ["-c", SEND_SCRIPT, "sh", String(initPid), signal.slice("SIG".length), String(Deno.pid)],
    clearEnv: true,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
}

/** Ends everything inside at once, also while the sandbox is being built. */
export async function killInit(initPid: number): Promise<void> {
  await new Deno.Command("/bin/sh", {
    args: ["-c", 'kill -KILL "$1"', "sh", String(initPid)],
    clearEnv: true,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
}

/** Keeps tombolo alive through signals meant for the command, and hands each one to `send`. */
export class SignalForwarding implements Disposable {
  readonly #listeners = new Map<ForwardedSignal, () => void>();

  constructor(send: (signal: ForwardedSignal) => void) {
    for (const signal of FORWARDED) {
      const listener = () => send(signal);
      Deno.addSignalListener(signal, listener);
      this.#listeners.set(signal, listener);
    }
  }

  [Symbol.dispose](): void {
    for (const [signal, listener] of this.#listeners) Deno.removeSignalListener(signal, listener);
    this.#listeners.clear();
  }
}
