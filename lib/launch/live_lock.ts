/** Longer than any start takes; whoever is stopped in the middle of one must not stop the others for ever. */
const LONGEST_WAIT_MS = 5000;

/**
 * Tells whether any other sandbox of this user is alive. Only what runs in one could change the tree between the moment
 * at which paths are looked at and that at which they are mounted: a run that is alone needs no care for that.
 *
 * Every run holds `live` shared, for as long as it lasts, and looks for others while it holds `starting`: one that finds
 * itself alone keeps `starting` until its sandbox stands, and the next has to wait.
 */
export class LiveLock implements Disposable {
  #starting: Deno.FsFile | undefined;

  private constructor(
    private readonly live: Deno.FsFile | undefined,
    starting: Deno.FsFile | undefined,
    /** Whether no other sandbox can be running while this one is built. */
    readonly isAlone: boolean,
  ) {
    this.#starting = starting;
  }

  /** @param stateDirectory Where the two files stand; where they cannot be locked, nobody is taken to be alone */
  static async take(stateDirectory: string): Promise<LiveLock> {
    try {
      return await LiveLock.#take(stateDirectory);
    } catch {
      return new LiveLock(undefined, undefined, false);
    }
  }

  static async #take(stateDirectory: string): Promise<LiveLock> {
    const open = (name: string) =>
      Deno.openSync(`${stateDirectory}/${name}`, { read: true, write: true, create: true, mode: 0o600 });
    const starting = open("starting");
    if (!starting.tryLockSync(true)) await inTime(starting.lock(true));
    const live = open("live");
    const isAlone = live.tryLockSync(true);
    // Nobody else looks meanwhile: giving it back and taking it again need not be one step.
    if (isAlone) live.unlockSync();
    live.lockSync(false);
    if (isAlone) return new LiveLock(live, starting, true);
    starting.close();
    return new LiveLock(live, undefined, false);
  }

  /** To be called when everything is mounted: others may start. */
  release(): void {
    this.#starting?.close();
    this.#starting = undefined;
  }

  [Symbol.dispose](): void {
    this.release();
    this.live?.close();
  }
}

async function inTime(locked: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => timer = setTimeout(resolve, LONGEST_WAIT_MS));
  await Promise.race([locked, late]);
  clearTimeout(timer);
}
