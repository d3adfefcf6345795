import assert from "node:assert/strict";
import fc from "fast-check";
import { SafePath } from "../../lib/paths/safe_path.ts";
import {
  decidePath,
  type PathDecider,
  pathDecider,
  protectionOf,
  type ProtectionRule,
} from "../../lib/policy/decide_path.ts";
import { pathPolicy, protection, type RuleTexts } from "../plan/facts.ts";
import { simulateRules } from "../plan/seatbelt_view.ts";
import { type PlainRules, referenceView } from "./path_reference.ts";

type View = "none" | "read" | "write";

function decider(rules: RuleTexts, protections: readonly ProtectionRule[] = []): PathDecider {
  const policy = pathPolicy(rules);
  return pathDecider(policy.read, policy.write, protections);
}

function view(rules: PathDecider, path: string): View {
  const allowed = (access: "read" | "write") => decidePath(rules, access, SafePath.of(path)).allowed;
  return allowed("write") ? "write" : allowed("read") ? "read" : "none";
}

// What the rules decide is also what the kernel of a Mac would, by the profile that is made of them.
function table(rules: PathDecider, rows: Readonly<Record<string, View>>): void {
  const simulator = simulateRules(rules, Object.keys(rows));
  for (const [path, wanted] of Object.entries(rows)) {
    assert.equal(view(rules, path), wanted, path);
    // The loader opens the root, whatever the rules say.
    if (path !== "/") assert.equal(simulator.see(path), wanted, `Seatbelt: ${path}`);
  }
}

Deno.test("without rules nothing may be read or written, and the smallest flag is named", () => {
  const rules = decider({});
  table(rules, { "/": "none", "/a": "none" });
  assert.deepEqual(decidePath(rules, "read", SafePath.of("/a/b")), {
    allowed: false,
    reason: "no rule allows it",
    suggestion: "--allow-read=/a/b",
  });
  assert.equal(
    decidePath(decider({ readAllow: ["/"] }), "write", SafePath.of("/a/b")).suggestion,
    "--allow-write=/a/b",
  );
});

Deno.test("the deepest rule wins, in whatever order the rules stand", () => {
  const paths = ["/a", "/a/b/c"];
  for (const readAllow of [paths, paths.toReversed()]) {
    for (const readDeny of [["/a/b", "/a/b/c/d"], ["/a/b/c/d", "/a/b"]]) {
      table(decider({ readAllow, readDeny }), {
        "/": "none",
        "/a": "read",
        "/a/x": "read",
        "/a/b": "none",
        "/a/b/x": "none",
        "/a/b/c": "read",
        "/a/b/c/x": "read",
        "/a/b/c/d": "none",
        "/a/b/c/d/e/f": "none",
        "/ab": "none",
      });
    }
  }
});

Deno.test("at the same path deny wins, for reading and for writing", () => {
  table(decider({ readAllow: ["/a"], readDeny: ["/a"] }), { "/a": "none", "/a/b": "none" });
  table(decider({ readAllow: ["/"], writeAllow: ["/a"], writeDeny: ["/a"] }), {
    "/a": "read",
    "/a/b": "read",
  });
});

Deno.test("deny ~/x and allow ~/x/y opens y only", () => {
  table(decider({ readAllow: ["/", "/home/ann/x/y"], readDeny: ["/home/ann/x"] }), {
    "/home/ann": "read",
    "/home/ann/x": "none",
    "/home/ann/x/z": "none",
    "/home/ann/x/y": "read",
    "/home/ann/x/y/z": "read",
  });
});

Deno.test("what may be written may be read", () => {
  table(decider({ writeAllow: ["/a"] }), { "/": "none", "/a": "write", "/a/b": "write" });
  table(decider({ writeAllow: ["/a/b"], readDeny: ["/a"] }), { "/a": "none", "/a/b": "write" });
});

Deno.test("what may not be read may not be written", () => {
  table(decider({ writeAllow: ["/a"], readDeny: ["/a/b"] }), { "/a": "write", "/a/b": "none" });
  const decision = decidePath(
    decider({ writeAllow: ["/a"], readDeny: ["/a/b"] }),
    "write",
    SafePath.of("/a/b/c"),
  );
  assert.equal(decision.rule?.origin, "--deny-read");
});

Deno.test("a deny of writing leaves reading as it was", () => {
  table(decider({ readAllow: ["/"], writeAllow: ["/a"], writeDeny: ["/a/b"] }), {
    "/a": "write",
    "/a/b": "read",
    "/a/b/c": "read",
  });
  table(decider({ writeAllow: ["/a", "/a/b/c"], writeDeny: ["/a/b"] }), {
    "/a": "write",
    "/a/b": "read",
    "/a/b/c": "write",
  });
});

Deno.test("a protection beats every rule of the user, however deep", () => {
  const rules = decider({ readAllow: ["/", "/h/.ssh", "/h/.ssh/id"], writeAllow: ["/", "/w/.git/hooks/x"] }, [
    protection("/h/.ssh", "read"),
    protection("/w/.git/hooks", "write"),
  ]);
  table(rules, {
    "/h": "write",
    "/h/.ssh": "none",
    "/h/.ssh/id": "none",
    "/w/.git": "write",
    "/w/.git/hooks": "read",
    "/w/.git/hooks/x": "read",
  });
  assert.deepEqual(decidePath(rules, "read", SafePath.of("/h/.ssh/id")), {
    allowed: false,
    reason: "protected: it is protected",
    rule: protection("/h/.ssh", "read"),
  });
});

Deno.test("a hole in a protection gives back what the user's rules say", () => {
  const guards = [protection("/h/.ssh", "read"), protection("/h/.ssh/config", "nothing")];
  for (const protections of [guards, guards.toReversed()]) {
    table(decider({ readAllow: ["/"] }, protections), { "/h/.ssh/id": "none", "/h/.ssh/config": "read" });
    table(decider({}, protections), { "/h/.ssh/config": "none" });
    table(decider({ readAllow: ["/"], readDeny: ["/h/.ssh/config"] }, protections), {
      "/h/.ssh/config": "none",
    });
  }
});

Deno.test("the protection that is found is the deepest one that refuses anything", () => {
  const guards = [protection("/a", "read"), protection("/a/b", "nothing"), protection("/a/b/c", "write")];
  const found = (path: string) => protectionOf(guards, SafePath.of(path))?.path.toString();
  assert.equal(found("/x"), undefined);
  assert.equal(found("/a/x"), "/a");
  assert.equal(found("/a/b/x"), undefined);
  assert.equal(found("/a/b/c/x"), "/a/b/c");
});

Deno.test("a decision names its rule, and a deny rule leaves no suggestion", () => {
  const rules = decider({ readAllow: ["/a"], readDeny: ["/a/b"] });
  const allowed = decidePath(rules, "read", SafePath.of("/a/x"));
  assert.equal(allowed.reason, "allowed by /a (--allow-read)");
  assert.equal(allowed.rule?.text, "/a");
  const denied = decidePath(rules, "read", SafePath.of("/a/b/x"));
  assert.equal(denied.reason, "denied by /a/b (--deny-read)");
  assert.equal(denied.suggestion, undefined);
});

const path = fc.array(fc.constantFrom("a", "b"), { maxLength: 4 }).map((parts) => "/" + parts.join("/"));
const paths = fc.array(path, { maxLength: 4 });
const rules = fc.record({ readAllow: paths, readDeny: paths, writeAllow: paths, writeDeny: paths });
const guards = fc.uniqueArray(
  fc.record({ path, denies: fc.constantFrom("read", "write", "nothing") }),
  { maxLength: 4, selector: (guard) => guard.path },
);

function ruleFor(guard: { path: string; denies: ProtectionRule["denies"] }): ProtectionRule {
  return protection(guard.path, guard.denies);
}

function plain(texts: Required<RuleTexts>, protections: PlainRules["protections"]): PlainRules {
  const list = (list: readonly string[], effect: "allow" | "deny") =>
    list.map((at) => ({ path: at, effect }));
  return {
    read: [...list(texts.readAllow, "allow"), ...list(texts.readDeny, "deny")],
    write: [...list(texts.writeAllow, "allow"), ...list(texts.writeDeny, "deny")],
    protections,
  };
}

const ORDER: Readonly<Record<View, number>> = { none: 0, read: 1, write: 2 };

Deno.test("decisions agree with a reference that climbs from the path to the root", () => {
  fc.assert(
    fc.property(rules, guards, path, (texts, all, at) => {
      assert.equal(view(decider(texts, all.map(ruleFor)), at), referenceView(plain(texts, all), at));
    }),
    { numRuns: 5000 },
  );
});

Deno.test("the profile for Seatbelt agrees with the reference, in whatever order the rules stand", () => {
  const below = path.filter((at) => at !== "/");
  fc.assert(
    fc.property(rules, guards, below, (texts, all, at) => {
      const simulator = simulateRules(decider(texts, all.map(ruleFor)), [at]);
      assert.equal(simulator.see(at), referenceView(plain(texts, all), at));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("adding a deny rule never allows more", () => {
  fc.assert(
    fc.property(rules, guards, path, path, (texts, all, extra, at) => {
      const protections = all.map(ruleFor);
      const before = ORDER[view(decider(texts, protections), at)];
      for (const key of ["readDeny", "writeDeny"] as const) {
        const after = view(decider({ ...texts, [key]: [...texts[key], extra] }, protections), at);
        assert.ok(ORDER[after] <= before, key);
      }
    }),
    { numRuns: 3000 },
  );
});

Deno.test("adding an allow rule never denies what was allowed", () => {
  fc.assert(
    fc.property(rules, guards, path, path, (texts, all, extra, at) => {
      const protections = all.map(ruleFor);
      const before = ORDER[view(decider(texts, protections), at)];
      for (const key of ["readAllow", "writeAllow"] as const) {
        const after = view(decider({ ...texts, [key]: [...texts[key], extra] }, protections), at);
        assert.ok(ORDER[after] >= before, key);
      }
    }),
    { numRuns: 3000 },
  );
});

Deno.test("where a protection refuses, no rules of the user allow", () => {
  fc.assert(
    fc.property(rules, guards, path, (texts, all, at) => {
      const found = protectionOf(all.map(ruleFor), SafePath.of(at));
      fc.pre(found !== undefined);
      const most = found?.denies === "read" ? "none" : "read";
      assert.ok(ORDER[view(decider(texts, all.map(ruleFor)), at)] <= ORDER[most]);
    }),
    { numRuns: 3000 },
  );
});

Deno.test("writing is never allowed where reading is not", () => {
  fc.assert(fc.property(rules, guards, path, (texts, all, at) => {
    const given = decider(texts, all.map(ruleFor));
    const allowed = (access: "read" | "write") => decidePath(given, access, SafePath.of(at)).allowed;
    assert.ok(!allowed("write") || allowed("read"));
  }));
});
