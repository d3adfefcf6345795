import type { FileKind } from "../../paths/resolve_path.ts";
import { SafePath } from "../../paths/safe_path.ts";
import { decidePath, type PathDecider } from "../../policy/decide_path.ts";
import { PathIndex } from "../../policy/path_index.ts";
import type { Policy } from "../../policy/policy.ts";
import type { HostFacts } from "../host_facts.ts";
import { type PathView, type ViewOf, viewsOf } from "../path_views.ts";
import { pinnedDirectories } from "../pinned_directories.ts";
import type { Guard, Watch } from "../plan.ts";
import { plantableLinks } from "../plantable_links.ts";
import { refuseSpecialFile, ruledPaths } from "../ruled_paths.ts";
import { SYSTEM_PATHS } from "./system_paths.ts";

/** A change of what may be done at a path; of several that hold for one, the last decides. */
export interface FileRule {
  readonly path: SafePath;
  readonly view: PathView;
  /** What held there before. */
  readonly around: PathView;
  /** Whether it holds for all that lies below, too: an allowed file is that file alone. */
  readonly holdsBelow: boolean;
}

/** The rules about files of a profile. */
export interface FileRules {
  /** By depth. */
  readonly rules: readonly FileRule[];
  /** Links, and directories that are not shown, on the way to what is: nothing but their names and kinds is told. */
  readonly waypoints: readonly SafePath[];
  /** What may be neither renamed nor removed, because it is a writable root or leads to a guarded path. */
  readonly pinned: readonly SafePath[];
  readonly watch: readonly Watch[];
  readonly guards: readonly Guard[];
  /** Whether a path can be seen inside. */
  readonly shows: (path: SafePath) => boolean;
}

interface Step {
  readonly path: SafePath;
  readonly view: PathView;
  /** `undefined` where nothing stands there yet. */
  readonly kind: FileKind | undefined;
}

/** Every terminal and disk has a name there; what of it is allowed has rules of its own. */
const DEVICES = SafePath.of("/dev");

const SYSTEM = SYSTEM_PATHS.filter(({ alone }) => alone !== true).map(({ path }) => SafePath.of(path));

function byDepth(a: Step, b: Step): number {
  return a.path.depth - b.path.depth || (a.path.toString() < b.path.toString() ? -1 : 1);
}

function isAbsent({ kind }: Step): boolean {
  return kind === undefined;
}

/** One walk down the tree of rules: a rule is made only where it changes what is seen. */
class Walk {
  readonly rules: FileRule[] = [];
  readonly #index = new PathIndex<FileRule>();

  above(path: SafePath): FileRule | undefined {
    return this.#index.nearest(path, (here) => here.findLast((rule) => rule.holdsBelow));
  }

  take({ path, view, kind }: Step): void {
    const around = this.above(path)?.view ?? "none";
    // Some of the system is readable without any rule.
    const closes = view === "none" && SYSTEM.some((at) => at.contains(path) || path.contains(at));
    if (view === around && !closes) return;
    const rule = { path, view, around, holdsBelow: view === "none" || kind !== "file" };
    this.rules.push(rule);
    this.#index.add(rule);
  }
}

interface Steps {
  readonly steps: readonly Step[];
  readonly absent: readonly Watch[];
}

function stepsOf(decider: PathDecider, facts: HostFacts, hidden: readonly SafePath[], viewOf: ViewOf): Steps {
  const opened = new Set(decider.readable.allow.map(({ path }) => path.toString()));
  const steps = new Map<string, Step>();
  const absent: Watch[] = [];
  for (const { rule, found } of ruledPaths(decider, facts)) {
    const { path } = rule;
    const view = viewOf(path);
    const kind = found?.kind;
    if (kind === undefined) {
      const guards = "denies" in rule ? rule.denies !== "nothing" : view !== "write";
      if (guards && found?.broken === undefined) absent.push({ path: path.toString(), rule });
    } else if (view !== "none" && opened.has(path.toString())) refuseSpecialFile(rule, kind);
    steps.set(path.toString(), { path, view, kind });
  }
  for (const { path, kind } of facts.globs.flatMap(({ matches }) => matches)) {
    steps.set(path.toString(), { path, view: viewOf(path), kind });
  }
  for (const path of hidden) steps.set(path.toString(), { path, view: "none", kind: "directory" });
  return { steps: [...steps.values()].sort(byDepth), absent };
}

// A look-up asks for the kind of every component, and for where a link leads.
function waypoints(
  policy: Policy,
  decider: PathDecider,
  facts: HostFacts,
  walk: Walk,
  viewOf: ViewOf,
): SafePath[] {
  // A place may also have a rule because writing is denied there, where nothing said that it can be read.
  const isUnruled = (path: SafePath) =>
    viewOf(path) === "none" && decidePath(decider, "read", path).rule === undefined;
  const hiddenAbove = walk.rules.filter(({ view }) => view !== "none").flatMap(({ path }) => path.ancestors())
    .filter((path) => viewOf(path) === "none");
  const links = [...policy.read.allow, ...policy.write.allow]
    .flatMap(({ path }) => facts.resolved.get(path.toString())?.links ?? [])
    // Where a rule hides the place of a link, it hides the link.
    .filter((link) => walk.above(link) === undefined || isUnruled(link));
  const onTheWay = links.flatMap((link) => [...link.ancestors().filter((at) => viewOf(at) === "none"), link]);
  const all = [...hiddenAbove, ...onTheWay].filter(({ depth }) => depth > 0);
  return [...new Map(all.map((path) => [path.toString(), path])).values()];
}

// Renaming is up to the path that is renamed, not to the directory that holds it.
function pinned(steps: readonly Step[], walk: Walk, viewOf: ViewOf): SafePath[] {
  const guarded = steps.filter((step) => step.view !== "write" && !isAbsent(step)).map(({ path }) => path);
  const roots = walk.rules.filter(({ view, path }) => view === "write" && path.depth > 0)
    .map(({ path }) => path.toString());
  return [...new Set([...roots, ...pinnedDirectories(guarded, viewOf)])].map((path) => SafePath.of(path));
}

/**
 * Works out the rules about files, the least number of them.
 *
 * @param decider Rules by real path
 * @throws {TomboloError} where a rule cannot be enforced by path
 */
export function fileRules(policy: Policy, decider: PathDecider, facts: HostFacts): FileRules {
  const opened = new Set(decider.readable.allow.map(({ path }) => path.toString()));
  const hidden = [...facts.privateDirectories, DEVICES].filter((path) => !opened.has(path.toString()));
  const viewOf = viewsOf(decider, hidden);
  const links = plantableLinks(policy, facts, (path) => viewOf(path) === "write");
  const { steps, absent } = stepsOf(decider, facts, hidden, viewOf);
  const walk = new Walk();
  for (const step of steps) walk.take(step);
  // What is absent is refused by its own rule, but a directory above it can be renamed to where it would be.
  const standing = new Walk();
  for (const step of steps.filter((each) => !isAbsent(each))) standing.take({ ...step, kind: "directory" });
  return {
    rules: walk.rules,
    waypoints: waypoints(policy, decider, facts, walk, viewOf),
    pinned: pinned(steps, walk, viewOf),
    watch: absent.filter(({ path }) => standing.above(SafePath.of(path))?.view === "write"),
    guards: links,
    shows: (path) => viewOf(path) !== "none",
  };
}
