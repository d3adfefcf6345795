import assert from "node:assert/strict";
import fc from "fast-check";
import { SafePath } from "../../lib/paths/safe_path.ts";
import { partMounts } from "../../lib/plan/late_mounts.ts";
import { makePlan } from "../../lib/plan/make_plan.ts";
import type { Mount, Plan } from "../../lib/plan/plan.ts";
import { decidePath } from "../../lib/policy/decide_path.ts";
import { TomboloError } from "../../lib/report/tombolo_error.ts";
import { upwards } from "../policy/path_reference.ts";
import { FakeTree, type RuleTexts } from "./facts.ts";
import { MountSimulator } from "./mount_simulator.ts";
import {
  type Decided,
  decided,
  expected,
  hiddenBy,
  mustStay,
  plannable,
  PRIVATE,
  type World,
  worlds,
} from "./path_worlds.ts";

const RUNS = 2500;

/** A world with every path of it that is worth asking about, and its plan or the refusal of one. */
interface Ruled extends World, Decided {
  readonly outcome: Plan | TomboloError;
}

interface Planned extends Ruled {
  readonly plan: Plan;
}

function planOf(world: World): Plan | TomboloError {
  const { policy, facts } = plannable(world);
  try {
    return makePlan(policy, facts, {
      command: ["true"],
      environment: new Map(),
      cwdNamed: false,
      runtime: { deno: "/deno", stage2: "/stage2.js" },
    });
  } catch (error) {
    if (error instanceof TomboloError) return error;
    throw error;
  }
}

const world = worlds.map((each): Ruled => ({ ...each, ...decided(each), outcome: planOf(each) }));

function show(value: unknown): string {
  return JSON.stringify(value, null, 1);
}

function check(property: (given: Planned) => void): void {
  fc.assert(
    fc.property(world, (given) => {
      const { tree: made, rules, protections, outcome: plan } = given;
      if (plan instanceof TomboloError) return;
      try {
        property({ ...given, plan });
      } catch (error) {
        const guards = protections.map(({ path, denies }) => `${path} ${denies}`);
        const about = show({
          tree: made.paths.map((path) => [path, made.at(path)].join(" ")),
          rules,
          guards,
          mounts: plan.mounts,
        });
        throw new Error(`${error instanceof Error ? error.message : error}\n${about}`);
      }
    }),
    { numRuns: RUNS },
  );
}

// Inside a private directory nothing of the host is seen where nothing is allowed, whatever lies there instead.
function seen(simulator: MountSimulator, path: string): "none" | "read" | "write" {
  const found = simulator.see(path);
  return found === "private"
    ? "none"
    : found === "read" || found === "write" || found === "none"
    ? found
    : "none";
}

function simulate(given: Planned, mounts: readonly Mount[] = given.plan.mounts): MountSimulator {
  return new MountSimulator(given.tree, mounts);
}

Deno.test("what the mounts show of every path is what the rules decide", () => {
  check((given) => {
    const simulator = simulate(given);
    for (const path of given.existing) {
      assert.equal(seen(simulator, path), expected(given, path), `view of ${path}`);
    }
  });
});

Deno.test("outside the private directories the mounts and decidePath agree on every existing path", () => {
  check((given) => {
    const simulator = simulate(given);
    for (const path of given.existing.filter((text) => hiddenBy(given, text) === undefined)) {
      const decide = (access: "read" | "write") =>
        decidePath(given.plan.decider, access, SafePath.of(path)).allowed;
      assert.equal(["read", "write"].includes(seen(simulator, path)), decide("read"), `read ${path}`);
      assert.equal(seen(simulator, path) === "write", decide("write"), `write ${path}`);
    }
  });
});

Deno.test("no mount needs a placeholder, follows a link or lies below a mask", () => {
  check((given) => assert.deepEqual(simulate(given).faults, []));
});

Deno.test("the view is sealed wherever the sandbox itself made it, the private /tmp excepted", () => {
  check((given) => {
    const simulator = simulate(given);
    for (const path of ["/", "/new", ...given.existing]) {
      assert.notEqual(simulator.see(path), "scratch", path);
    }
  });
});

Deno.test("neither a guarded path nor any directory above it can be renamed or replaced", () => {
  check((given) => {
    const simulator = simulate(given);
    assert.deepEqual(mustStay(given).filter((path) => simulator.canRename(path)), []);
  });
});

Deno.test("no mount is redundant: without any one of them something else is seen, or something can be renamed", () => {
  check((given) => {
    const whole = simulate(given);
    const asked = ["/", "/new", ...PRIVATE, ...given.existing];
    const links = given.tree.paths.filter((path) => typeof given.tree.at(path) === "object");
    const views = (simulator: MountSimulator) =>
      [...asked.map((path) => simulator.see(path)), ...links.map((link) => simulator.hasLink(link))].join();
    const before = views(whole);
    const held = mustStay(given).filter((path) => !whole.canRename(path));
    for (const dropped of given.plan.mounts) {
      // The launcher's own files are not about the view.
      if (["dev", "proc", "file", "socket"].includes(dropped.kind)) continue;
      const without = simulate(given, given.plan.mounts.filter((mount) => mount !== dropped));
      const changes = views(without) !== before || held.some((path) => without.canRename(path));
      assert.ok(changes, `redundant: ${dropped.kind} ${dropped.target}`);
    }
  });
});

Deno.test("with all that is possible left to stage2, the same is seen and held", () => {
  let late = 0;
  check((given) => {
    const parted = partMounts(given.plan.mounts, "all");
    late += parted.late.length;
    const whole = simulate(given);
    const early = simulate(given, parted.mounts);
    const both = simulate(given, [...parted.mounts.filter(({ kind }) => kind !== "seal"), ...parted.late]);
    // stage2 mounts what is there on itself: it makes nothing, and lets nothing be written that could not be before.
    for (const { kind, target } of parted.late) {
      assert.ok(["read", "write"].includes(early.see(target)), `${kind} ${target}`);
      if (kind === "write") assert.equal(early.see(target), "write", target);
    }
    for (const path of given.existing) {
      assert.equal(seen(both, path), seen(whole, path), `view of ${path}`);
      assert.equal(both.canRename(path), whole.canRename(path), `place of ${path}`);
    }
    assert.deepEqual(both.faults, []);
  });
  assert.ok(late > RUNS / 10, `${late}`);
});

Deno.test("no two mounts have one target", () => {
  check(({ plan }) => {
    const targets = plan.mounts.filter(({ kind }) => kind !== "seal").map(({ target }) => target);
    assert.equal(new Set(targets).size, targets.length, show(targets));
  });
});

Deno.test("a denied path that is absent below a writable directory is watched, and nothing else is", () => {
  check((given) => {
    const { plan, rules, protections, tree: made } = given;
    const denied = [
      ...rules.readDeny,
      ...rules.writeDeny,
      ...protections.filter(({ denies }) => denies !== "nothing").map(({ path }) => path.toString()),
    ].map((path) => made.resolve(path)).filter(({ kind, broken }) =>
      kind === undefined && broken === undefined
    );
    const watched = denied.map(({ real }) => real.toString()).filter((path) => {
      if (expected(given, path) === "write") return false;
      const nearest = upwards(path).find((at) => made.at(at) !== undefined) ?? "/";
      return simulate(given).see(nearest) === "write";
    });
    assert.deepEqual(new Set(plan.watch.map(({ path }) => path)), new Set(watched));
  });
});

Deno.test("a link that an allow rule was written with is there inside, unless a rule hides the place", () => {
  check((given) => {
    const { rules, plain, tree: made } = given;
    const crossed = [...rules.readAllow, ...rules.writeAllow].flatMap((path) => made.resolve(path).links);
    const simulator = simulate(given);
    const masks = [...plain.read.filter(({ effect }) => effect === "deny"), ...plain.protections];
    const missing = crossed.map(String).filter((link) =>
      !masks.some(({ path }) => upwards(link).includes(path)) &&
      hiddenBy(given, link) === undefined && !simulator.hasLink(link)
    );
    assert.deepEqual(missing, []);
  });
});

Deno.test("a plan is refused exactly where a guard stands behind a link that the sandbox could replace", () => {
  let refusals = 0;
  const about = (given: Ruled) => {
    const { tree: made, rules, protections, outcome } = given;
    const guards = [
      ...rules.readDeny,
      ...rules.writeDeny,
      ...protections.filter(({ denies }) => denies !== "nothing").map(({ path }) => path.toString()),
    ];
    const replaceable = guards.flatMap((path) => made.resolve(path).links).some((link) =>
      expected(given, link.parent.toString()) === "write"
    );
    assert.equal(outcome instanceof TomboloError, replaceable, String(outcome));
    if (replaceable) refusals++;
  };
  fc.assert(fc.property(world, about), { numRuns: RUNS });
  assert.ok(refusals > 0);
});

Deno.test("a rule that opens /run itself is refused, a rule below it is not", () => {
  const made = new FakeTree(["/run/user/me/", "/run/tombolo/x/", "/tmp/", "/dev/", "/proc/"]);
  const outcome = (rules: RuleTexts) =>
    planOf({
      tree: made,
      rules: { readAllow: [], readDeny: [], writeAllow: [], writeDeny: [], ...rules },
      protections: [],
    });
  for (
    const rules of [{ readAllow: ["/", "/run"] }, { writeAllow: ["/run"] }, { readAllow: ["/run/tombolo/x"] }]
  ) {
    const refusal = outcome(rules);
    assert.ok(refusal instanceof TomboloError, show(rules));
    assert.match(refusal.message, /the sandbox has a \/run of its own/);
  }
  const plan = outcome({ readAllow: ["/", "/run/user"] });
  assert.ok(!(plan instanceof TomboloError));
  const simulator = new MountSimulator(made, plan.mounts);
  assert.deepEqual(simulator.faults, []);
  assert.equal(simulator.see("/run/user/me"), "read");
  assert.equal(simulator.see("/run/tombolo/x"), "private");
});
