import { STAGE2_ENVIRONMENT, STAGE2_FLAGS } from "../plan/stage2_flags.ts";
import type { Confinement, LandlockRule } from "../plan/landlock/confinement.ts";
import type { SafePath } from "../paths/safe_path.ts";
import { INSIDE, type Mount, type Plan } from "../plan/plan.ts";
import { decidePath, type PathDecider } from "../policy/decide_path.ts";

/** The files that a worker runs from, on the host. */
export interface WorkerFiles {
  /** Its bundle. */
  readonly program: string;
  /** Its configuration. */
  readonly config: string;
}

/** Where the libraries of the runtime and its loader are. */
const LIBRARIES = ["/usr/lib", "/usr/lib64", "/lib", "/lib64", "/etc/ld.so.cache"];

const PROGRAM = `${INSIDE}/worker.js`;
const CONFIG = `${INSIDE}/worker.json`;

// Regular expressions that would take exponential time are handed to an engine that takes linear time, where it knows
// all that they hold: no flags, back references or look-arounds.
const V8_FLAGS = "--v8-flags=--enable-experimental-regexp-engine-on-excessive-backtracks";

/**
 * Paths for a flag of the runtime's: relative to the root, which is its working directory, as its lists cannot hold a path
 * with a comma. Below the root such a path is left out: what is not allowed is refused, and what is not denied here is denied
 * by the sandbox and by the worker.
 */
function pathList(root: SafePath, paths: readonly SafePath[]): string[] {
  const start = root.depth === 0 ? 1 : root.toString().length + 1;
  const texts = paths.map((path) => (path.equals(root) ? "." : `./${path.toString().slice(start)}`));
  return [...new Set(texts.filter((text) => !text.includes(",")))];
}

/**
 * The runtime's own permissions: what the rules allow in the root, less what they deny there. A deny rule with an allow
 * rule deeper in it cannot be said in its flags, in which every deny wins; there the sandbox and the worker alone decide.
 */
function permissions(decider: PathDecider, root: SafePath, config: string): string[] {
  const { readable, write, protections } = decider;
  const allows = [...readable.allow, ...write.allow].map(({ path }) => path);
  const holes = protections.filter(({ denies }) => denies === "nothing").map(({ path }) => path);
  const inRoot = (path: SafePath) => root.contains(path);
  const said = (path: SafePath) =>
    inRoot(path) && ![...allows, ...holes].some((allow) => allow.depth > path.depth && path.contains(allow));
  const denied = (access: "read" | "write") => {
    const rules = access === "read" ? readable.deny : [...readable.deny, ...write.deny];
    const guards = protections.filter(({ denies }) => denies === "read" || access === "write");
    // A pattern cannot be said there either.
    const named = rules.filter(({ glob }) => glob === undefined);
    return [...named, ...guards].map(({ path }) => path).filter((path) =>
      said(path) && !decidePath(decider, access, path).allowed
    );
  };
  const writable = [root, ...write.allow.map(({ path }) => path).filter(inRoot)]
    .filter((path) => decidePath(decider, "write", path).allowed);
  const flag = (name: string, paths: readonly SafePath[]) => {
    const list = pathList(root, paths);
    return list.length === 0 ? [] : [`--${name}=${list}`];
  };
  return [
    `--allow-read=.,${config}`,
    ...flag("deny-read", denied("read")),
    ...flag("allow-write", writable),
    ...flag("deny-write", denied("write")),
  ];
}

/**
 * The plan of the sandbox that a worker runs in.
 *
 * @param plan A plan with a runtime
 * @param root Real path of the directory that is served
 */
export function workerPlan(plan: Plan, root: SafePath, files: WorkerFiles): Plan {
  const { runtime, launcher } = plan;
  if (runtime === undefined) throw new TypeError("Cannot start a worker: its plan has no runtime");
  if (launcher.kind === "landlock") return confinedPlan(plan, runtime, launcher.confinement, root, files);
  const mounts: Mount[] = [
    { kind: "file", source: files.program, target: PROGRAM },
    { kind: "file", source: files.config, target: CONFIG },
  ];
  return {
    ...plan,
    ...started(plan, runtime, root, { program: PROGRAM, config: CONFIG }),
    mounts: [...plan.mounts, ...mounts],
  };
}

function started(
  { decider }: Plan,
  runtime: readonly string[],
  root: SafePath,
  { program, config }: WorkerFiles,
): Pick<Plan, "command" | "environment"> {
  return {
    command: [...runtime, ...STAGE2_FLAGS, V8_FLAGS, ...permissions(decider, root, config), program, config],
    // The policy's variables could change what the runtime does; they go in as data, for `get_env`.
    environment: new Map(Object.entries(STAGE2_ENVIRONMENT)),
  };
}

// Nothing is mounted: the files are where they are on the host, and the runtime's libraries have to be shown too.
function confinedPlan(
  plan: Plan,
  runtime: readonly string[],
  confinement: Confinement,
  root: SafePath,
  files: WorkerFiles,
): Plan {
  const [deno = ""] = runtime;
  const rules: LandlockRule[] = [
    { path: deno, access: ["read", "execute"] },
    ...LIBRARIES.map((path): LandlockRule => ({ path, access: ["read", "execute"] })),
    { path: files.program, access: ["read"] },
    { path: files.config, access: ["read"] },
  ];
  return {
    ...plan,
    ...started(plan, runtime, root, files),
    launcher: { kind: "landlock", confinement: { ...confinement, rules: [...confinement.rules, ...rules] } },
  };
}
