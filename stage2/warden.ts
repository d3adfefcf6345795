import { CONTROL } from "../lib/plan/landlock/control.ts";
import type { ChildEnd, Descendants } from "./descendants.ts";
import { addressOf, pinWords } from "./pin.ts";
import type { SystemCall } from "./system_call.ts";

const POLLIN = 1;
/** How long orphans that have ended stay zombies, at most. */
const ROUND_NS = 100_000_000n;
const LARGEST_SIGNAL = 64;
const SIGINT = 2;
const SIGQUIT = 3;

/** What the warden looks after. */
export interface Watched {
  /** The socket to tombolo. */
  readonly control: number;
  readonly command: number;
  readonly descendants: Descendants;
  /** Whether a terminal that signals its foreground group has signalled the command already. */
  readonly sharesTerminal: () => boolean;
}

/** How the command ended, and whether tombolo is still there to be told. */
export interface WatchEnd {
  readonly end: ChildEnd | undefined;
  readonly orphaned: boolean;
}

/** Passes signals on until the command has ended, or tombolo has, or asks for the end of everything. */
export function watch(call: SystemCall, watched: Watched): WatchEnd {
  const { control, command, descendants, sharesTerminal } = watched;
  const pidfd = call("pidfd_open", command, 0);
  // struct pollfd: descriptor s32, events s16, revents s16; a negative descriptor is left out.
  const polled = new Int32Array(new ArrayBuffer(16));
  polled.set([control, POLLIN, pidfd, POLLIN]);
  const address = addressOf(polled);
  const round = pinWords(0n, ROUND_NS); // struct timespec
  const order = new Uint8Array(new ArrayBuffer(1));
  const orderAddress = addressOf(order);
  let end: ChildEnd | undefined;
  const reap = () => {
    for (let ended = descendants.reap(); ended; ended = descendants.reap()) {
      if (ended.pid === command) end = ended;
    }
  };
  for (;;) {
    reap();
    if (end !== undefined) return { end, orphaned: false };
    polled[1] = POLLIN;
    polled[3] = POLLIN;
    if (call("ppoll", address, 2, round, 0, 0) <= 0 || (polled[1] ?? 0) >>> 16 === 0) continue;
    if (call("read", control, orderAddress, 1) !== 1) return { end, orphaned: true };
    const [signal = CONTROL.END] = order;
    if (signal > LARGEST_SIGNAL) return { end, orphaned: false };
    const told = (signal === SIGINT || signal === SIGQUIT) && sharesTerminal();
    if (!told) call("kill", command, signal);
  }
}
