import { TomboloError } from "../report/tombolo_error.ts";
import { LONGEST_SOCKET_PATH, privateDirectory } from "./state_directory.ts";

/** The private directory of one run: the bridge's sockets and bubblewrap's status, until the sandbox is up. */
export class RunDirectory implements Disposable {
  #state: "absent" | "made" | "removed" = "absent";

  private constructor(readonly path: string, private readonly uid: number | null) {}

  /** One that is made at once. */
  static create(parent: string, uid: number | null): RunDirectory {
    const directory = RunDirectory.named(parent, uid);
    directory.make();
    return directory;
  }

  /** One that is made when it is needed. */
  static named(parent: string, uid: number | null): RunDirectory {
    // Unique is enough: nobody else can enter the parent. A process may start several in the same moment.
    const name = `${Deno.pid}-${Math.random().toString(36).slice("0.".length)}`;
    const places = [parent, "/tmp"].map((place) =>
      place === "/tmp" ? `/tmp/tombolo-${name}` : `${place}/${name}`
    );
    const bytes = new TextEncoder();
    const path = places.find((place) => bytes.encode(`${place}/gateway.sock`).length <= LONGEST_SOCKET_PATH);
    if (path === undefined) {
      throw new TomboloError("sandbox", `Cannot make a socket in ${parent}: its path is too long`);
    }
    return new RunDirectory(path, uid);
  }

  /** Makes it, unless that has been done. */
  make(): void {
    if (this.#state !== "absent") return;
    privateDirectory(this.path, this.uid);
    this.#state = "made";
  }

  get socket(): string {
    return `${this.path}/gateway.sock`;
  }

  get publishSocket(): string {
    return `${this.path}/publish.sock`;
  }

  get orders(): string {
    return `${this.path}/launch.json`;
  }

  get status(): string {
    return `${this.path}/status`;
  }

  /** Removes it from the host; what is mounted or open stays usable. */
  remove(): void {
    if (this.#state !== "made") return;
    this.#state = "removed";
    try {
      Deno.removeSync(this.path, { recursive: true });
    } catch (error) {
      // stage2 was quicker.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  [Symbol.dispose](): void {
    this.remove();
  }
}

// A run needs its directory until its sandbox is up, which has a deadline far below this.
const STALE_MS = 60_000;

/**
 * Removes what runs left behind that were killed before their sandbox was up.
 *
 * @param now Milliseconds since the epoch
 */
export function sweepRunDirectories(parent: string, now: number): void {
  for (const { name } of Deno.readDirSync(parent)) {
    const path = `${parent}/${name}`;
    try {
      const changed = Deno.lstatSync(path).mtime?.getTime() ?? now;
      if (now - changed > STALE_MS) Deno.removeSync(path, { recursive: true });
    } catch {
      // Another run was quicker.
    }
  }
}
