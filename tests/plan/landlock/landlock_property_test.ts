import assert from "node:assert/strict";
import fc from "fast-check";
import type { Access, Confinement } from "../../../lib/plan/landlock/confinement.ts";
import { makeLandlockPlan } from "../../../lib/plan/landlock/make_landlock_plan.ts";
import { TomboloError } from "../../../lib/report/tombolo_error.ts";
import { upwards } from "../../policy/path_reference.ts";
import type { FakeTree } from "../facts.ts";
import { type Decided, decided, expected, plannable, type World, worlds } from "../path_worlds.ts";

const RUNS = 2000;
const SPECIAL = ["/proc", "/dev"];

/** What the kernel lets be done at a path: a rule there or at any directory above it says so. */
function lets({ rules }: Confinement, path: string, access: Access): boolean {
  const above = upwards(path);
  return rules.some((rule) => above.includes(rule.path) && rule.access.includes(access));
}

function entriesOf(tree: FakeTree): (directory: string) => string[] {
  return (directory) => {
    const prefix = directory === "/" ? "/" : `${directory}/`;
    const below = tree.paths.filter((path) => path !== "/" && path.startsWith(prefix));
    const names = [...new Set(below.map((path) => path.slice(prefix.length).split("/")[0] ?? ""))];
    return names.filter((name) => typeof tree.at(prefix + name) === "string");
  };
}

function confine(world: World): Confinement | undefined {
  const { policy, facts } = plannable(world);
  try {
    const { launcher } = makeLandlockPlan(policy, facts, {
      command: ["true"],
      environment: new Map(),
      cwdNamed: false,
      runtime: { deno: "/deno", stage2: "/stage2.js" },
      version: 7,
      weaker: { network: false, attributes: false },
      entriesOf: entriesOf(world.tree),
      temporary: "/tmp/tombolo-own",
    });
    return launcher.kind === "landlock" ? launcher.confinement : undefined;
  } catch (error) {
    if (error instanceof TomboloError) return undefined;
    throw error;
  }
}

function check(property: (confinement: Confinement, given: Decided, world: World) => void): void {
  let planned = 0;
  fc.assert(
    fc.property(worlds, (world) => {
      const confinement = confine(world);
      if (confinement === undefined) return;
      planned++;
      property(confinement, decided(world), world);
    }),
    { numRuns: RUNS },
  );
  assert.ok(planned > RUNS / 10, `only ${planned} worlds could be planned`);
}

// Links are not opened: the kernel looks at what they lead to. /proc and /dev have rules of their own.
function asked(given: Decided, { tree }: World): string[] {
  return given.existing.filter((path) =>
    typeof tree.at(path) === "string" && !SPECIAL.some((top) => upwards(path).includes(top))
  );
}

Deno.test("Landlock never lets more be done at an existing path than the rules say", () => {
  check((confinement, given, world) => {
    for (const path of asked(given, world)) {
      const view = expected(given, path);
      if (view === "none") assert.equal(lets(confinement, path, "read"), false, `read ${path}`);
      if (view !== "write") assert.equal(lets(confinement, path, "write"), false, `write ${path}`);
    }
  });
});

Deno.test("Landlock lets all that the rules say be done, but in directories that it says it opens entry by entry", () => {
  check((confinement, given, world) => {
    const isSplit = (path: string, access: "read" | "write") =>
      confinement.snapshots.some((each) => each.path === path && each.access === access);
    for (const path of asked(given, world)) {
      const view = expected(given, path);
      if (view !== "none" && !isSplit(path, "read")) {
        assert.ok(lets(confinement, path, "read"), `read ${path}`);
      }
      if (view === "write" && !isSplit(path, "write")) {
        assert.ok(lets(confinement, path, "write"), `write ${path}`);
      }
    }
  });
});

Deno.test("no rule of Landlock opens a directory that holds anything which has to stay closed", () => {
  check((confinement, given, world) => {
    for (const path of asked(given, world)) {
      if (expected(given, path) === "write") continue;
      // Who may write above could move it away, and put something else in its place.
      assert.equal(lets(confinement, path.slice(0, path.lastIndexOf("/")) || "/", "write"), false, path);
    }
  });
});
