// bubblewrap says its init's pid after some of them; a machine under heavy load gets more.
const MOST_CHECKS = 20_000;
const REST_MS = 0.25;

/** What is waited for, and how. */
export interface InitWait {
  /** Whether the sandbox's init has a pid. */
  readonly hasInit: () => boolean;
  /** Settles when the sandbox ends. */
  readonly ended: Promise<unknown>;
  /** Looked at to give the loop its turn. */
  readonly path: string;
  /** Whether the event loop is somebody else's, which must not be held up. */
  readonly embedded: boolean;
}

/** Waits until bubblewrap has said which process is the sandbox's init, or has ended. */
export async function awaitInit({ hasInit, ended, path, embedded }: InitWait): Promise<void> {
  let over = false;
  ended.finally(() => over = true);
  const clock = new Int32Array(new SharedArrayBuffer(4));
  for (let check = 0; check < MOST_CHECKS && !over && !hasInit(); check++) {
    if (embedded) {
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 1))]);
      continue;
    }
    // Not with a timer, which the runtime takes milliseconds to load, and not without a rest, which bubblewrap needs
    // on a machine of few processors. The call to the system gives the loop its turn.
    Atomics.wait(clock, 0, 0, REST_MS);
    await Deno.lstat(path);
  }
}
