import { ERRNO } from "./errno.ts";
import { addressOf, pinString, pinWords } from "./pin.ts";
import { readDescriptor } from "./read_descriptor.ts";
import { AT_FDCWD, type SystemCall } from "./system_call.ts";

const PR_SET_CHILD_SUBREAPER = 36;
const O_CLOEXEC = 0x80000;
const SIGKILL = 9;
const WNOHANG = 1;
/** Also children that tell of their end in another way than by SIGCHLD. */
const WALL = 0x40000000;
const PAUSE_NS = 200_000n;
const LONGEST_LIST = 1024 * 1024;

/** How a child ended: its exit status, or the signal that ended it. */
export interface ChildEnd {
  readonly pid: number;
  readonly signal: number;
  readonly code: number;
}

/** The processes below this one: those that lose their parent become its children (PR_SET_CHILD_SUBREAPER, prctl(2)). */
export class Descendants {
  readonly #list: bigint;
  #bytes: Uint8Array<ArrayBuffer> | undefined;
  readonly #pause = pinWords(0n, PAUSE_NS); // struct timespec
  readonly #status = new Uint8Array(new ArrayBuffer(4));

  constructor(private readonly call: SystemCall) {
    this.#list = pinString(`/proc/self/task/${Deno.pid}/children`);
    // Without it nothing would end those that are left over.
    call("close", this.#openList());
  }

  #openList(): number {
    const opened = this.call("openat", AT_FDCWD, this.#list, O_CLOEXEC, 0);
    if (opened >= 0) return opened;
    throw new Error(
      "Cannot confine the command: its processes could not be ended without /proc (with CONFIG_PROC_CHILDREN)",
    );
  }

  #children(): number[] {
    const opened = this.#openList();
    // Asked for again and again while something is left.
    this.#bytes ??= new Uint8Array(new ArrayBuffer(LONGEST_LIST));
    const length = readDescriptor(this.call, opened, this.#bytes);
    this.call("close", opened);
    return new TextDecoder().decode(this.#bytes.subarray(0, length)).split(" ").map(Number).filter((pid) =>
      pid > 0
    );
  }

  /** Takes note of one child that has ended; `undefined` where none has yet, `null` where there is none at all. */
  reap(): ChildEnd | null | undefined {
    const address = addressOf(this.#status);
    for (;;) {
      const pid = this.call("wait4", -1, address, WALL | WNOHANG, 0);
      if (pid === -ERRNO.EINTR) continue;
      if (pid === -ERRNO.ECHILD) return null;
      if (pid < 0) throw new Error(`Cannot wait for the command: errno ${-pid}`);
      if (pid === 0) return undefined;
      const [low = 0, high = 0] = this.#status;
      return { pid, signal: low & 0x7f, code: high };
    }
  }

  /**
   * Ends all of them, and those that they leave, until there are none.
   *
   * @returns How the one of this pid ended, if it was among them
   */
  end(pid: number): ChildEnd | undefined {
    let found: ChildEnd | undefined;
    for (;;) {
      for (const child of this.#children()) this.call("kill", child, SIGKILL);
      let ended = this.reap();
      for (; ended; ended = this.reap()) {
        if (ended.pid === pid) found = ended;
      }
      if (ended === null) return found;
      // Some may have become children only since they were listed: nobody waits for these.
      this.#rest();
    }
  }

  /** Waits until there are none. */
  wait(): void {
    while (this.reap() !== null) this.#rest();
  }

  #rest(): void {
    this.call("ppoll", 0, 0, this.#pause, 0, 0);
  }
}

/** Becomes the parent of every process below this one that loses its own. */
export function adoptOrphans(call: SystemCall): void {
  if (call("prctl", PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0) {
    throw new Error("Cannot confine the command: its orphans would be left over");
  }
}
