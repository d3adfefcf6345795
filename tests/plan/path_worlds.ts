import fc from "fast-check";
import type { SafePath } from "../../lib/paths/safe_path.ts";
import type { HostFacts } from "../../lib/plan/host_facts.ts";
import type { ProtectionRule } from "../../lib/policy/decide_path.ts";
import type { Policy } from "../../lib/policy/policy.ts";
import { type PlainRules, referenceView, upwards } from "../policy/path_reference.ts";
import { FakeTree, hostFacts, pathPolicy, protection, type RuleTexts } from "./facts.ts";

/** The private directories of every world. */
export const PRIVATE: readonly string[] = ["/tmp", "/run"];

const NAMES = ["a", "b", "c"];

/** A host and the rules about it. */
export interface World {
  readonly tree: FakeTree;
  readonly rules: Required<RuleTexts>;
  readonly protections: readonly ProtectionRule[];
}

/** A world as its rules decide about it. */
export interface Decided {
  /** The rules by real path. */
  readonly plain: PlainRules;
  readonly existing: readonly string[];
}

const place = fc.tuple(
  fc.constantFrom("/", "/", "/", "/tmp/", "/run/"),
  fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 4 }),
).map(([top, parts]) => top + parts.join("/"));

// Leaves are files or directories; what lies above a leaf is a directory. A link is called "l" and lies anywhere.
const tree = fc.tuple(
  fc.array(fc.tuple(place, fc.boolean()), { maxLength: 14 }),
  fc.array(fc.tuple(fc.nat(), fc.nat(), fc.boolean()), { maxLength: 2 }),
).map(([leaves, links]) => {
  const made = new FakeTree(["/tmp/", "/run/", "/dev/", "/proc/"]);
  for (const [path, isFile] of leaves) {
    const inFile = upwards(path).some((at) => made.at(at) === "file");
    if (made.at(path) === undefined && !inFile) made.add(path, isFile ? "file" : "directory");
  }
  for (const [from, to, dangles] of links) {
    const directories = nameable(made).filter((path) => made.at(path) === "directory");
    const parent = pick(directories, from);
    const target = pick(directories, to);
    made.add(`${parent === "/" ? "" : parent}/l`, { link: dangles ? `${target}/nowhere` : target });
  }
  return made;
});

function pick(list: readonly string[], index: number): string {
  return list[index % list.length] ?? "/";
}

function nameable(made: FakeTree): string[] {
  return made.paths.filter((path) =>
    path !== "/dev" && path !== "/proc" && typeof made.at(path) === "string"
  );
}

// Every existing path as a user could write it: by way of links too.
function spellings(made: FakeTree): string[] {
  const links = made.paths.filter((path) => typeof made.at(path) === "object");
  const behind = links.flatMap((link) => ["", "/a", "/b", "/c/a"].map((tail) => link + tail));
  const whole = (path: string) => made.resolve(path).kind !== undefined;
  return [...nameable(made), ...behind].filter((path) => whole(path) && made.resolve(path).real.depth > 0);
}

function worldOf(made: FakeTree): fc.Arbitrary<World> {
  // An allow rule for /run itself is tested by itself.
  const openable = spellings(made).filter((path) => made.resolve(path).real.toString() !== "/run");
  const links = made.paths.filter((path) => typeof made.at(path) === "object");
  const existing = fc.constantFrom(...openable);
  const list = (path: fc.Arbitrary<string>) => fc.uniqueArray(path, { maxLength: 4 });
  const broad = fc.oneof(list(existing), list(existing).map((paths) => ["/", ...paths]));
  const missing = fc.oneof(place, fc.constantFrom("/a", ...links.flatMap((link) => [link, `${link}/b`])));
  const any = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom("/run", ...openable) },
    { weight: 2, arbitrary: missing },
  );
  const guard = fc.tuple(any, fc.constantFrom("read", "write", "nothing"));
  const guards = fc.uniqueArray(guard, {
    maxLength: 4,
    selector: ([path]) => made.resolve(path).real.toString(),
  });
  return fc.record({
    tree: fc.constant(made),
    rules: fc.record({ readAllow: broad, readDeny: list(any), writeAllow: broad, writeDeny: list(any) }),
    protections: guards.map((all) => all.map(([path, denies]) => protection(path, denies))),
  });
}

/** Any host, with any rules about its paths. */
export const worlds: fc.Arbitrary<World> = tree.chain(worldOf);

/** Policy and facts of a world, as a plan is made from them. */
export function plannable({ rules, protections, tree: made }: World): { policy: Policy; facts: HostFacts } {
  const policy = pathPolicy(rules);
  return { policy, facts: hostFacts({ tree: made, policy, protections, privateDirectories: PRIVATE }) };
}

/** What the rules of a world say, and about which paths it is worth asking. */
export function decided({ rules, protections, tree: made }: World): Decided {
  const real = (path: string | SafePath) => made.resolve(path.toString()).real.toString();
  const list = (paths: readonly string[], effect: "allow" | "deny") =>
    paths.map((path) => ({ path: real(path), effect }));
  return {
    plain: {
      read: [...list(rules.readAllow, "allow"), ...list(rules.readDeny, "deny")],
      write: [...list(rules.writeAllow, "allow"), ...list(rules.writeDeny, "deny")],
      protections: protections.map(({ path, denies }) => ({ path: real(path), denies })),
    },
    existing: nameable(made),
  };
}

/**
 * The private directory that hides a path: a rule that opens the directory itself takes it away, and one that opens
 * something below it opens that alone.
 */
export function hiddenBy({ plain }: Decided, path: string): string | undefined {
  const allow = [...plain.read, ...plain.write].filter(({ effect }) => effect === "allow");
  const opened = allow.map((rule) => rule.path);
  return PRIVATE.find((top) =>
    upwards(path).includes(top) && !opened.includes(top) &&
    !opened.some((open) => open.startsWith(`${top}/`) && upwards(path).includes(open))
  );
}

/** What a path of a world is to be inside. */
export function expected(given: Decided, path: string): "none" | "read" | "write" {
  return hiddenBy(given, path) === undefined ? referenceView(given.plain, path) : "none";
}

/**
 * Paths that may not be written, and every directory above them: what is guarded by path could otherwise be moved away
 * and made anew.
 */
export function mustStay(given: Decided): string[] {
  const guarded = given.existing.filter((path) => expected(given, path) !== "write");
  const held = guarded.flatMap(upwards).filter((at) => at !== "/");
  return [...new Set(held)].filter((at) =>
    expected(given, at.slice(0, at.lastIndexOf("/")) || "/") === "write"
  );
}
