import type { Mount } from "../../lib/plan/plan.ts";
import type { FakeTree } from "./facts.ts";

/** What a process inside can do with the host's file at a path: nothing of the host is behind the last three. */
export type Seen = "read" | "write" | "none" | "private" | "scratch" | "device";

function within(top: string, path: string): boolean {
  const above = top.split("/").filter((part) => part !== "");
  const below = path.split("/").filter((part) => part !== "");
  return above.length <= below.length && above.every((part, index) => part === below[index]);
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

/**
 * The mount table that bubblewrap would make of a list of mounts, over a fake host. It shares no code with the plan:
 * mounts are done one after the other, and the newest one that holds a path decides what is seen there.
 */
export class MountSimulator {
  readonly #done: Mount[] = [];
  /** What bubblewrap would refuse, or would create in the user's tree. */
  readonly faults: string[] = [];

  constructor(private readonly tree: FakeTree, mounts: readonly Mount[]) {
    // As bubblewrap gets them: what is sealed is sealed when everything inside it is mounted.
    const seals = mounts.filter(({ kind }) => kind === "seal");
    for (const mount of [...mounts.filter(({ kind }) => kind !== "seal"), ...seals]) this.#mount(mount);
  }

  #mount(mount: Mount): void {
    const fault = mount.kind === "seal" ? this.#sealFault(mount.target) : this.#placeFault(mount);
    if (fault !== undefined) this.faults.push(`${mount.kind} ${mount.target}: ${fault}`);
    this.#done.push(mount);
  }

  #sealFault(target: string): string | undefined {
    if (target === "/" && !this.#done.some((mount) => mount.kind !== "seal" && mount.target === "/")) return;
    const sealed = this.#done.findLast((mount) => mount.kind !== "seal" && mount.target === target);
    return sealed?.kind === "tmpfs" ? undefined : "no tmpfs is mounted here";
  }

  // A mount point in a file system of the host must stand there already, or it would be made there.
  #placeFault({ kind, target }: Mount): string | undefined {
    const node = this.tree.at(target);
    const around = this.#over(target);
    if (around === undefined) return undefined;
    switch (around.kind) {
      case "read":
      case "write":
        if (kind === "symlink") return "a link would be made on the host";
        if (node === undefined) return "a placeholder would be made on the host";
        if (typeof node === "object") return "the mount would follow a link of the host";
        if (kind === "dev" || kind === "proc" || kind === "tmpfs" || kind === "mask-directory") {
          return node === "directory" ? undefined : "a directory would be mounted over a file";
        }
        return kind === "mask-file" && node === "directory"
          ? "a file would be mounted over a directory"
          : undefined;
      case "tmpfs":
        return undefined;
      default:
        return `nothing can be mounted below ${around.kind} ${around.target}`;
    }
  }

  #over(path: string): Mount | undefined {
    return this.#done.findLast((mount) => mount.kind !== "seal" && within(mount.target, path));
  }

  isMountPoint(path: string): boolean {
    return this.#done.some(({ kind, target }) => kind !== "seal" && kind !== "symlink" && target === path);
  }

  /** What is seen at a path of the host. */
  see(path: string): Seen {
    const over = this.#over(path);
    const sealed = this.#done.some(({ kind, target }) => kind === "seal" && target === (over?.target ?? "/"));
    if (over === undefined) return sealed ? "none" : "scratch";
    switch (over.kind) {
      case "read":
      case "write":
        return over.kind;
      case "tmpfs":
        if (over.mode === "0111") return sealed ? "none" : "scratch";
        return sealed || over.target === "/tmp" ? "private" : "scratch";
      case "proc":
      case "dev":
        return "device";
      default:
        return "none";
    }
  }

  /** Whether a link of the host is there for a process inside. */
  hasLink(link: string): boolean {
    const made = this.#done.findIndex(({ kind, target }) => kind === "symlink" && target === link);
    if (made >= 0) {
      return !this.#done.slice(made + 1).some(({ kind, target }) => kind !== "seal" && within(target, link));
    }
    return ["read", "write"].includes(this.see(link));
  }

  /**
   * Whether a process inside can give the path another place, and put something of its own there: the directory that
   * holds it is writable, and it is no mount point (rename(2), EBUSY).
   */
  canRename(path: string): boolean {
    return path !== "/" && this.see(parentOf(path)) === "write" && !this.isMountPoint(path);
  }
}
