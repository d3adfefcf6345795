import { type LateMount, MASKS_INSIDE } from "../lib/plan/launch_orders.ts";
import { ERRNO } from "./errno.ts";
import { openPath } from "./open_path.ts";
import { pin, pinString, pinWords } from "./pin.ts";
import type { CallName, SystemCall } from "./system_call.ts";

const AT_EMPTY_PATH = 0x1000;
const AT_RECURSIVE = 0x8000;
const OPEN_TREE_CLONE = 1;
const OPEN_TREE_CLOEXEC = 0x80000;
const MOVE_MOUNT_F_EMPTY_PATH = 0x4;
const MOVE_MOUNT_T_EMPTY_PATH = 0x40;
const MOUNT_ATTR_RDONLY = 1n;
const CLONE_NEWNS = 0x20000;
/** Offset of `stx_attributes` in `struct statx`. */
const STX_ATTRIBUTES = 8;
const STATX_ATTR_MOUNT_ROOT = 0x2000n;

const REASONS: Readonly<Record<number, string>> = {
  // Ubuntu's AppArmor profile for bwrap takes every capability from what bwrap starts.
  [ERRNO.EPERM]:
    "this host denies stage2 the capabilities that bwrap lends it; give bwrap the profile in docs/troubleshooting.md, under AppArmor, or name fewer paths",
  [ERRNO.ENOENT]: "it is gone",
  [ERRNO.ELOOP]: "a symbolic link has taken its place",
  [ERRNO.ENOTDIR]: "it is another kind of file now",
  [ERRNO.ENOSYS]: "this kernel is older than Linux 5.12",
  [ERRNO.ENOSPC]: "this host allows no more mounts (fs.mount-max)",
};

/** What was to be guarded is not there any more. */
export class Vanished extends Error {}

class LateMounts {
  readonly #empty = pinString("");
  // struct mount_attr.
  readonly #readOnly = pinWords(MOUNT_ATTR_RDONLY, 0n, 0n, 0n);
  readonly #masks = new Map<string, number>();

  constructor(private readonly call: SystemCall) {}

  /** In a namespace of its own: that of bubblewrap may belong to a user namespace in which this process has no rights. */
  separate(): void {
    this.#must("the mount namespace", "unshare", CLONE_NEWNS);
  }

  // Everything is held by descriptors: a link that is put in place meanwhile changes nothing.
  mount({ kind, target }: LateMount): void {
    const at = this.#open(target);
    const source = kind === "mask-file" || kind === "mask-directory" ? this.#mask(kind) : at;
    const flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE;
    const tree = this.#must(target, "open_tree", source, this.#empty, flags);
    if (kind === "read") {
      this.#must(
        target,
        "mount_setattr",
        tree,
        this.#empty,
        AT_EMPTY_PATH | AT_RECURSIVE,
        this.#readOnly,
        32,
      );
    }
    const move = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
    this.#must(target, "move_mount", tree, this.#empty, at, this.#empty, move);
    this.call("close", tree);
    this.call("close", at);
  }

  // A link on the way, or none of bubblewrap's mounts at the end, means that it mounted elsewhere.
  check(target: string): void {
    const at = this.#open(target);
    const status = pin(new Uint8Array(256));
    this.#must(target, "statx", at, this.#empty, AT_EMPTY_PATH, 0, status);
    const attributes = new Deno.UnsafePointerView(pointerTo(status)).getBigUint64(STX_ATTRIBUTES);
    this.call("close", at);
    if ((attributes & STATX_ATTR_MOUNT_ROOT) === 0n) {
      throw new Error(`Cannot guard ${target}: it has been replaced while the sandbox was starting`);
    }
  }

  // What is mounted over a directory is not seen from inside it.
  enter(cwd: string): void {
    this.#must(cwd, "chdir", pinString(cwd));
  }

  #mask(kind: keyof typeof MASKS_INSIDE): number {
    const known = this.#masks.get(kind);
    if (known !== undefined) return known;
    const opened = this.#open(MASKS_INSIDE[kind]);
    this.#masks.set(kind, opened);
    return opened;
  }

  #open(path: string): number {
    return this.#must(path, ...openPath(path));
  }

  #must(what: string, name: CallName, ...parameters: readonly (number | bigint)[]): number {
    const result = this.call(name, ...parameters);
    if (result >= 0) return result;
    const reason = REASONS[-result] ?? `errno ${-result}`;
    const message = `Cannot guard ${what}: ${reason} (${name})`;
    throw result === -ERRNO.ENOENT ? new Vanished(message) : new Error(message);
  }
}

function pointerTo(address: bigint): Deno.PointerObject {
  const pointer = Deno.UnsafePointer.create(address);
  if (pointer === null) throw new TypeError("Cannot look at a mount: its buffer has no address");
  return pointer;
}

/** What is left to stage2 of the view of files. */
export interface LateView {
  /** Mounts to make, in order. */
  readonly mounts: readonly LateMount[];
  /** Mount points that have to stand where they should before that. */
  readonly check: readonly string[];
  /** The working directory. */
  readonly cwd: string;
}

/**
 * Makes the mounts that were left to stage2, once what is mounted already has been looked at.
 *
 * @param call Makes system calls, with CAP_SYS_ADMIN
 * @throws {Error} where something is not as planned; the command must not run then
 */
export function mountLate(call: SystemCall, { mounts, check, cwd }: LateView): void {
  const late = new LateMounts(call);
  for (const target of check) late.check(target);
  if (mounts.length === 0) return;
  late.separate();
  for (const mount of mounts) late.mount(mount);
  late.enter(cwd);
}
