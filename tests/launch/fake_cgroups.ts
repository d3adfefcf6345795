import type { CgroupPlaces } from "../../lib/launch/find_scope.ts";

/** A directory that plays the mount of cgroup v2, and files that play those of /proc. */
export class FakeCgroups implements Disposable {
  readonly places: CgroupPlaces;
  readonly #directory: string;

  /** @param own The control group that the caller is in */
  constructor(own: string) {
    this.#directory = Deno.makeTempDirSync({ prefix: "tombolo-cgroups." });
    this.places = {
      root: `${this.#directory}/cgroup`,
      self: `${this.#directory}/self`,
      userMap: `${this.#directory}/uid_map`,
    };
    Deno.mkdirSync(this.places.root);
    this.setSelf(`0::${own}\n`);
    this.setUserMap("0 0 4294967295\n");
  }

  setSelf(text: string): void {
    Deno.writeTextFileSync(this.places.self, text);
  }

  setUserMap(text: string): void {
    Deno.writeTextFileSync(this.places.userMap, text);
  }

  /**
   * Makes a control group that hands on these controllers. Without delegation there is no cgroup.procs: root could write
   * any.
   */
  add(path: string, handedOn: string, { delegated = true }: { delegated?: boolean } = {}): void {
    const directory = `${this.places.root}${path}`;
    Deno.mkdirSync(directory, { recursive: true });
    Deno.writeTextFileSync(`${directory}/cgroup.controllers`, `${handedOn}\n`);
    Deno.writeTextFileSync(`${directory}/cgroup.subtree_control`, `${handedOn}\n`);
    if (delegated) Deno.writeTextFileSync(`${directory}/cgroup.procs`, "");
    else remove(`${directory}/cgroup.procs`);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#directory, { recursive: true });
  }
}

function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
