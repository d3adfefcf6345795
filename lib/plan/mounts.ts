import type { FileKind } from "../paths/resolve_path.ts";
import { SafePath } from "../paths/safe_path.ts";
import type { PathDecider } from "../policy/decide_path.ts";
import { PathIndex } from "../policy/path_index.ts";
import type { PathRule, Policy } from "../policy/policy.ts";
import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import type { HostFacts, HostSockets } from "./host_facts.ts";
import { type PathView, type ViewOf, viewsOf } from "./path_views.ts";
import { pinnedDirectories } from "./pinned_directories.ts";
import { plantableLinks } from "./plantable_links.ts";
import { type Guard, INSIDE, type Mount, type Watch } from "./plan.ts";
import { refuseSpecialFile, ruledPaths } from "./ruled_paths.ts";

/** What is seen at a path once everything above it is mounted. */
type View = PathView | "private" | "unix-socket";

interface Step {
  readonly path: SafePath;
  readonly view: View;
  readonly kind: FileKind;
}

/** The view of files: what to mount, in order, and what must not appear. */
export interface FileView {
  readonly mounts: readonly Mount[];
  readonly watch: readonly Watch[];
  readonly guards: readonly Guard[];
  /** Sockets of the host, and directories for them, among what is hidden. */
  readonly hides: readonly string[];
  /** Whether a path can be seen inside. */
  readonly shows: (path: SafePath) => boolean;
  /** Whether a directory of the host is mounted there. */
  readonly isDirectory: (target: string) => boolean;
}

/** What the policy says of unix sockets: which can be reached, and which would be too. */
export interface SocketView {
  readonly allowed: readonly PathRule[];
  readonly bound?: HostSockets;
}

/** One walk down the tree of rules: a step is mounted only where it changes what is seen. */
class Walk {
  readonly #steps: Step[] = [];
  readonly #index = new PathIndex<Step>();
  readonly #holed = new Set<Step>();

  constructor(private readonly pins: ReadonlySet<string>) {}

  get steps(): readonly Step[] {
    return this.#steps;
  }

  above(path: SafePath): Step | undefined {
    return this.#index.nearest(path, ([step]) => step);
  }

  take(step: Step): void {
    const above = this.above(step.path);
    const around = above?.view ?? "none";
    const redundant = step.view === around && step.view !== "private" && !this.pins.has(step.path.toString());
    if (redundant || (step.view === "none" && around === "private")) return;
    if (above?.view === "none" && step.view !== "none") this.#holed.add(above);
    this.#steps.push(step);
    this.#index.add(step);
  }

  mounts(): Mount[] {
    const seals: Mount[] = [];
    const mounts = this.#steps.map((step): Mount => {
      const target = step.path.toString();
      if (step.view !== "none" && step.view !== "private") return { kind: step.view, target };
      if (step.view === "private") {
        return { kind: "tmpfs", target, mode: target === "/tmp" ? "1777" : "0755" };
      }
      if (!this.#holed.has(step)) {
        return { kind: step.kind === "directory" ? "mask-directory" : "mask-file", target };
      }
      seals.push({ kind: "seal", target });
      return { kind: "tmpfs", target, mode: "0111" };
    });
    return mounts.concat(seals);
  }
}

// The host's /proc comes with a recursive bind of /, and must not be seen.
const COVERED_PROC: readonly Mount[] = [
  { kind: "tmpfs", target: "/proc", mode: "0755" },
  { kind: "seal", target: "/proc" },
];

function byDepth(a: SafePath, b: SafePath): number {
  return a.depth - b.depth || (a.toString() < b.toString() ? -1 : 1);
}

// Such a directory is mounted on itself: a mount point cannot be renamed.
function pinsFor(steps: readonly Step[], viewOf: ViewOf): Set<string> {
  const guarded = steps.filter(({ view }) => view === "none" || view === "read");
  return pinnedDirectories(guarded.map(({ path }) => path), viewOf);
}

// Links of an allow rule exist inside only where the directory that holds them does.
function linksToMake(policy: Policy, facts: HostFacts, walk: Walk): Mount[] {
  const crossed = [...policy.read.allow, ...policy.write.allow].flatMap(({ path }) =>
    facts.resolved.get(path.toString())?.links ?? []
  );
  const named = new Set(crossed.filter((link) => walk.above(link) === undefined).map(String));
  // A loader is found through these, where /usr is all that is shown.
  const system = facts.systemLinks.filter((link) => {
    const target = facts.resolved.get(link.toString())?.real;
    return walk.above(link) === undefined && target !== undefined && walk.above(target) !== undefined;
  });
  return [...named.union(new Set(system.map(String)))].map((target) => ({
    kind: "symlink",
    source: facts.resolved.get(target)?.real.toString() ?? target,
    target,
  }));
}

// stage2 stands there; a mount point for it on the host's own /run would be left behind.
function refuseRuntimePlace(allow: readonly PathRule[]): void {
  const rule = allow.find(({ path }) => path.toString() === "/run" || SafePath.of(INSIDE).contains(path));
  if (rule === undefined) return;
  throw new TomboloError(
    "policy",
    `Cannot allow ${quote(rule.text)} (${rule.origin}): the sandbox has a /run of its own`,
    { remedy: "name what you need below /run" },
  );
}

// A read-only mount does not stop connect(2): once AF_UNIX is open, what is not allowed has to be hidden.
function socketSteps({ allowed, bound }: SocketView, viewOf: ViewOf): Step[] {
  const open = new Set(allowed.map(({ path }) => path.toString()));
  const refused = bound === undefined ? [] : [
    ...bound.gateways.map((path) => ({ path, view: "none", kind: "directory" }) as const),
    ...bound.found.filter((path) => !open.has(path.toString()))
      .map((path) => ({ path, view: "none", kind: "socket" }) as const),
  ];
  return [
    ...refused.filter(({ path }) => viewOf(path) !== "none"),
    ...allowed.map(({ path }): Step => ({ path, view: "unix-socket", kind: "socket" })),
  ];
}

/**
 * Works out the view of files with the least number of mounts.
 *
 * @param decider Rules by real path
 * @param sockets Rules about unix sockets, by real path
 * @throws {TomboloError} where a rule cannot be enforced with mounts
 */
export function planView(
  policy: Policy,
  decider: PathDecider,
  facts: HostFacts,
  sockets: SocketView = { allowed: [] },
): FileView {
  const matches = facts.globs.flatMap((each) => each.matches);
  const opened = new Set(decider.readable.allow.map(({ path }) => path.toString()));
  const hidden = facts.privateDirectories.filter((path) => !opened.has(path.toString()));
  const viewOf = viewsOf(decider, hidden);
  refuseRuntimePlace([...decider.readable.allow, ...sockets.allowed]);
  const links = plantableLinks(policy, facts, (path) => viewOf(path) === "write");

  const steps = new Map<string, Step>();
  const absent: Watch[] = [];
  const guards: Guard[] = [];
  for (const { rule, found } of ruledPaths(decider, facts)) {
    if (found?.kind === undefined) {
      const guards = "denies" in rule ? rule.denies !== "nothing" : viewOf(rule.path) !== "write";
      if (guards && found?.broken === undefined) absent.push({ path: rule.path.toString(), rule });
      continue;
    }
    const view = viewOf(rule.path);
    if (view !== "none" && opened.has(rule.path.toString())) refuseSpecialFile(rule, found.kind);
    const isWatched = "denies" in rule && rule.denies === "write" && rule.mayBeReplaced !== true;
    if (isWatched && found.id !== undefined) {
      guards.push({ path: rule.path.toString(), rule, id: found.id });
    }
    steps.set(rule.path.toString(), { path: rule.path, view, kind: found.kind });
  }
  for (const { path, kind } of matches) {
    // Links are not mounted on; what they lead to has a rule of its own.
    if (kind !== "symlink") steps.set(path.toString(), { path, view: viewOf(path), kind });
  }
  for (const step of socketSteps(sockets, viewOf)) steps.set(step.path.toString(), step);
  for (const path of hidden) steps.set(path.toString(), { path, view: "private", kind: "directory" });

  const pins = pinsFor([...steps.values()], viewOf);
  for (const pin of pins) {
    if (!steps.has(pin)) steps.set(pin, { path: SafePath.of(pin), view: "write", kind: "directory" });
  }
  const walk = new Walk(pins);
  for (const step of [...steps.values()].sort((a, b) => byDepth(a.path, b.path))) walk.take(step);

  const mounts = walk.mounts();
  const { found = [], gateways = [] } = sockets.bound ?? {};
  const bound = new Set([...found, ...gateways].map(String));
  const top = mounts[0]?.target === "/" ? 1 : 0;
  return {
    mounts: [
      ...mounts.slice(0, top),
      { kind: "dev", target: "/dev" },
      ...(facts.withoutProc === true ? COVERED_PROC : [{ kind: "proc", target: "/proc" } as const]),
      ...linksToMake(policy, facts, walk),
      ...mounts.slice(top),
    ],
    watch: absent.filter(({ path }) => walk.above(SafePath.of(path))?.view === "write"),
    guards: [
      ...guards.filter(({ path }) => walk.above(SafePath.of(path).parent)?.view === "write"),
      ...links,
    ],
    isDirectory: (target) => steps.get(target)?.kind === "directory",
    hides: mounts.filter(({ kind, target }) => kind.startsWith("mask-") && bound.has(target)).map((
      { target },
    ) => target),
    shows: (path) => !["none", "private"].includes(walk.above(path)?.view ?? "none"),
  };
}
