import { lstat } from "../../paths/resolve_path.ts";
import type { AttemptId } from "../../verify/attempt_titles.ts";
import { NAMES, type Trap } from "../../verify/trap.ts";
import { type BaitFiles, BaitProcess } from "./bait_process.ts";
import { ListeningEnds } from "./listening_ends.ts";
import { removeTree } from "./remove_tree.ts";

const PREFIX = "tombolo-verify.";
const STALE_MS = 60 * 60 * 1000;
const FILE_MODE = 0o640;
const SECRETS: readonly string[] = [".ssh/id_ed25519", ".aws/credentials", ".netrc"];
const CONFIG = "[core]\n\trepositoryformatversion = 0\n\tbare = false\n";

function write(path: string, text: string, mode = 0o600): string {
  Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true, mode: 0o700 });
  Deno.writeTextFileSync(path, text, { mode });
  return path;
}

// What a verification has left that was killed; none takes as long.
function sweep(below: string, now: number): void {
  for (const { name, isDirectory } of Deno.readDirSync(below)) {
    if (!name.startsWith(PREFIX) || !isDirectory) continue;
    const changed = lstat(`${below}/${name}`)?.mtime?.getTime() ?? now;
    if (now - changed > STALE_MS) removeTree(`${below}/${name}`);
  }
}

// What git takes for a repository; git itself may not be there.
function layRepository(work: string): void {
  write(`${work}/.git/HEAD`, "ref: refs/heads/main\n");
  write(`${work}/${NAMES.gitConfig}`, CONFIG);
  for (const name of ["hooks", "objects", "refs/heads"]) {
    Deno.mkdirSync(`${work}/.git/${name}`, { recursive: true });
  }
}

/** Everything that is laid out on the host for a verification, and what has become of it. */
export class LaidTrap implements AsyncDisposable {
  private constructor(
    readonly root: string,
    readonly trap: Trap,
    private readonly ends: ListeningEnds,
    private readonly bait: BaitProcess,
  ) {}

  /**
   * @param below A private directory of the user's, on the host
   * @param files What the process that is not to be reached runs from
   */
  static async lay(below: string, files: BaitFiles): Promise<LaidTrap> {
    await using stack = new AsyncDisposableStack();
    sweep(below, Date.now());
    const root = Deno.realPathSync(Deno.makeTempDirSync({ dir: below, prefix: PREFIX }));
    stack.defer(() => removeTree(root));
    const marker = crypto.randomUUID();
    const [work, outside, home, state] = ["work", "outside", "home", "state"].map((name) =>
      `${root}/${name}`
    );
    const directories = { work: work ?? "", outside: outside ?? "", state: `${state}/tombolo` };
    Deno.mkdirSync(directories.work);
    layRepository(directories.work);
    Deno.mkdirSync(directories.state, { recursive: true, mode: 0o700 });
    write(`${outside}/${NAMES.file}`, `${marker}\n`, FILE_MODE);
    const secrets = SECRETS.map((name) => write(`${home}/${name}`, `${marker}\n`));
    const temporary = Deno.makeTempFileSync({ dir: "/tmp", prefix: PREFIX });
    stack.defer(() => Deno.removeSync(temporary));
    Deno.writeTextFileSync(temporary, `${marker}\n`);
    const ends = stack.use(await ListeningEnds.open(`${outside}/socket`));
    const abstract = `tombolo-verify-${crypto.randomUUID()}`;
    const bait = stack.use(await BaitProcess.start(files, abstract, { CANARY: marker }));
    const trap: Trap = {
      ...directories,
      marker,
      secrets,
      temporary,
      tcp: ends.tcpPort,
      udp: ends.udpPort,
      unix: `${outside}/socket`,
      abstract,
      pid: bait.pid,
    };
    write(`${root}/trap.json`, JSON.stringify(trap));
    const laid = new LaidTrap(root, trap, ends, bait);
    laid.#stack = stack.move();
    return laid;
  }

  #stack = new AsyncDisposableStack();

  /** The file that tells what is laid out. */
  get file(): string {
    return `${this.root}/trap.json`;
  }

  /** What the caller of the sandbox has in its environment. */
  get environment(): Record<string, string> {
    return {
      HOME: `${this.root}/home`,
      XDG_STATE_HOME: `${this.root}/state`,
      CANARY_TOKEN: this.trap.marker,
    };
  }

  /** What got out, as the host sees it, once everything inside has ended. */
  async effects(): Promise<ReadonlyMap<AttemptId, string>> {
    const { work, outside, state, marker } = this.trap;
    const file = `${outside}/${NAMES.file}`;
    const found: readonly (readonly [AttemptId, boolean, string])[] = [
      ["write-outside", lstat(`${outside}/${NAMES.planted}`) !== undefined, "the file is there"],
      ["change-outside", Deno.readTextFileSync(file) !== `${marker}\n`, "the file has changed"],
      ["mode-outside", ((lstat(file)?.mode ?? 0) & 0o777) !== FILE_MODE, "the mode has changed"],
      ["git-hook", lstat(`${work}/${NAMES.hook}`) !== undefined, "the hook is there"],
      ["git-config", lstat(`${work}/${NAMES.gitConfig}`)?.size !== CONFIG.length, "it has changed"],
      ["git-rename", lstat(`${work}/renamed`) !== undefined, "it is renamed"],
      ["host-executed", lstat(`${work}/${NAMES.executed}`) !== undefined, "the file is there at the end"],
      ["own-state", lstat(`${state}/${NAMES.planted}`) !== undefined, "the file is there"],
      ["udp", await this.ends.received(marker), "it came"],
      ["signal", await this.bait.wasEnded(), "the process has ended"],
    ];
    return new Map(found.filter(([, is]) => is).map(([id, , saw]) => [id, saw]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
