import assert from "node:assert/strict";
import fc from "fast-check";
import { SafePath } from "../../../lib/paths/safe_path.ts";
import { planSeatbelt } from "../../../lib/plan/seatbelt/plan_seatbelt.ts";
import type { Plan } from "../../../lib/plan/plan.ts";
import { decidePath } from "../../../lib/policy/decide_path.ts";
import { TomboloError } from "../../../lib/report/tombolo_error.ts";
import { upwards } from "../../policy/path_reference.ts";
import {
  type Decided,
  decided,
  expected,
  hiddenBy,
  mustStay,
  plannable,
  type World,
  worlds,
} from "../path_worlds.ts";
import type { SeatbeltSimulator } from "../seatbelt_simulator.ts";
import { profileOf, rulesOf, simulateSeatbelt } from "../seatbelt_view.ts";

const RUNS = 2500;

interface Ruled extends World, Decided {
  readonly outcome: Plan | TomboloError;
}

interface Planned extends Ruled {
  readonly plan: Plan;
  readonly simulator: SeatbeltSimulator;
}

function planOf(world: World): Plan | TomboloError {
  const { policy, facts } = plannable(world);
  try {
    return planSeatbelt(policy, facts, { command: ["true"], environment: new Map(), cwdNamed: false });
  } catch (error) {
    if (error instanceof TomboloError) return error;
    throw error;
  }
}

const world = worlds.map((each): Ruled => ({ ...each, ...decided(each), outcome: planOf(each) }));

function check(property: (given: Planned) => void, runs = RUNS): void {
  let planned = 0;
  fc.assert(
    fc.property(world, (given) => {
      const { tree, rules, protections, outcome: plan } = given;
      if (plan instanceof TomboloError) return;
      planned++;
      const simulator = simulateSeatbelt(plan);
      try {
        property({ ...given, plan, simulator });
      } catch (error) {
        const about = {
          tree: tree.paths.map((path) => [path, tree.at(path)].join(" ")),
          rules,
          guards: protections.map(({ path, denies }) => `${path} ${denies}`),
          profile: simulator.rules,
        };
        throw new Error(
          `${error instanceof Error ? error.message : error}\n${JSON.stringify(about, null, 1)}`,
        );
      }
    }),
    { numRuns: runs },
  );
  assert.ok(planned > runs / 10, `${planned}`);
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

// The root is listed whatever the rules say: the loader opens it.
Deno.test("what the profile shows of every path is what the rules decide", () => {
  check((given) => {
    for (const path of given.existing.filter((each) => each !== "/")) {
      assert.equal(given.simulator.see(path), expected(given, path), `view of ${path}`);
    }
  });
});

Deno.test("outside the private directories the profile and decidePath agree on every existing path", () => {
  check((given) => {
    for (const path of given.existing.filter((text) => text !== "/" && hiddenBy(given, text) === undefined)) {
      const decide = (access: "read" | "write") =>
        decidePath(given.plan.decider, access, SafePath.of(path)).allowed;
      assert.equal(given.simulator.see(path) !== "none", decide("read"), `read ${path}`);
      assert.equal(given.simulator.see(path) === "write", decide("write"), `write ${path}`);
    }
  });
});

Deno.test("what does not exist yet is judged as the rules say, too", () => {
  check((given) => {
    const { tree, existing, simulator } = given;
    const directories = existing.filter((path) => tree.at(path) === "directory");
    for (const directory of directories) {
      const path = `${directory === "/" ? "" : directory}/new`;
      assert.equal(simulator.see(path), expected(given, path), `view of ${path}`);
    }
    for (const { path } of given.plan.watch) {
      assert.notEqual(simulator.see(path), "write", `view of ${path}`);
    }
  });
});

Deno.test("neither a guarded path nor any directory above it can be renamed or replaced, nor a writable root", () => {
  check((given) => {
    assert.deepEqual(mustStay(given).filter((path) => given.simulator.canRename(path)), []);
    const roots = given.existing.filter((path) =>
      path !== "/" && expected(given, path) === "write" && expected(given, parentOf(path)) !== "write"
    );
    assert.deepEqual(roots.filter((path) => given.simulator.canRename(path)), []);
  });
});

Deno.test("what is writable and guards nothing can be renamed and removed", () => {
  check((given) => {
    const held = new Set(mustStay(given));
    const free = given.existing.filter((path) =>
      path !== "/" && !held.has(path) && expected(given, path) === "write" &&
      expected(given, parentOf(path)) === "write"
    );
    assert.deepEqual(free.filter((path) => !given.simulator.canRename(path)), []);
  });
});

Deno.test("every directory and link on the way to what is seen can be passed", () => {
  check((given) => {
    const { existing, simulator, tree, rules } = given;
    const shown = existing.filter((path) => expected(given, path) !== "none");
    for (const path of shown.flatMap(upwards)) assert.ok(simulator.canPass(path), `on the way: ${path}`);
    const crossed = [...rules.readAllow, ...rules.writeAllow].flatMap((path) => tree.resolve(path).links);
    const isMasked = (link: string) =>
      [...given.plain.read.filter(({ effect }) => effect === "deny"), ...given.plain.protections]
        .some(({ path }) => upwards(link).includes(path));
    for (const link of crossed.map(String)) {
      if (!isMasked(link) && hiddenBy(given, link) === undefined) assert.ok(simulator.canPass(link), link);
    }
  });
});

Deno.test("of what is hidden and leads nowhere not even the kind is told", () => {
  check((given) => {
    const { existing, simulator, plan } = given;
    const ways = new Set(rulesOf(plan).files.waypoints.map(String));
    for (const path of existing) {
      const leads = existing.some((other) =>
        other.startsWith(`${path}/`) && expected(given, other) !== "none"
      );
      if (path === "/" || leads || ways.has(path) || ["/tmp", "/dev"].includes(path)) continue;
      if (expected(given, path) === "none") assert.ok(!simulator.canPass(path), path);
    }
  });
});

Deno.test("no rule about files is redundant: without any one of them something else is seen", () => {
  check((given) => {
    const asked = [...given.existing, ...given.existing.map((path) => `${path === "/" ? "" : path}/new`)];
    const { rules } = rulesOf(given.plan).files;
    const absent = rules.map(({ path }) => path.toString());
    const views = (simulator: SeatbeltSimulator) =>
      [...asked, ...absent].map((path) => simulator.see(path)).join();
    const before = views(given.simulator);
    for (const dropped of rules) {
      // The devices are hidden by name; the fake host has none.
      if (dropped.path.toString() === "/dev") continue;
      const seatbelt = rulesOf(given.plan);
      const files = { ...seatbelt.files, rules: rules.filter((each) => each !== dropped) };
      const without: Plan = { ...given.plan, launcher: { kind: "seatbelt", rules: { ...seatbelt, files } } };
      let after: string;
      try {
        after = views(simulateSeatbelt(without));
      } catch (error) {
        assert.ok(error instanceof SyntaxError, String(error));
        continue;
      }
      assert.notEqual(after, before, `redundant: ${dropped.path} ${dropped.view}`);
    }
  }, RUNS / 10);
});

Deno.test("a denied path that is absent below a writable directory is refused, and watched for what is renamed to it", () => {
  check((given) => {
    const { plan, rules, protections, tree } = given;
    const denied = [
      ...rules.readDeny,
      ...rules.writeDeny,
      ...protections.filter(({ denies }) => denies !== "nothing").map(({ path }) => path.toString()),
    ].map((path) => tree.resolve(path)).filter(({ kind, broken }) =>
      kind === undefined && broken === undefined
    );
    const watched = denied.map(({ real }) => real.toString()).filter((path) => {
      if (expected(given, path) === "write") return false;
      const nearest = upwards(path).find((at) => tree.at(at) !== undefined) ?? "/";
      return expected(given, nearest) === "write";
    });
    assert.deepEqual(new Set(plan.watch.map(({ path }) => path)), new Set(watched));
  });
});

Deno.test("a plan is refused exactly where a guard stands behind a link that the sandbox could replace", () => {
  let refusals = 0;
  const about = (given: Ruled) => {
    const { tree, rules, protections, outcome } = given;
    const guards = [
      ...rules.readDeny,
      ...rules.writeDeny,
      ...protections.filter(({ denies }) => denies !== "nothing").map(({ path }) => path.toString()),
    ];
    const replaceable = guards.flatMap((path) => tree.resolve(path).links).some((link) =>
      expected(given, link.parent.toString()) === "write"
    );
    assert.equal(outcome instanceof TomboloError, replaceable, String(outcome));
    if (replaceable) refusals++;
  };
  fc.assert(fc.property(world, about), { numRuns: RUNS });
  assert.ok(refusals > 0);
});

Deno.test("the text of a profile holds no path of the policy, and no parameter is named twice", () => {
  check(({ plan, existing }) => {
    const { text, parameters } = profileOf(plan);
    for (const path of existing.filter((each) => /\/[abc](?:\/|$)/.test(each))) {
      assert.ok(!text.includes(`"${path}"`), path);
    }
    assert.equal(new Set(parameters.values()).size, parameters.size);
  });
});
