import assert from "node:assert/strict";
import { SafePath } from "../../../lib/paths/safe_path.ts";
import { type LandlockRequest, makeLandlockPlan } from "../../../lib/plan/landlock/make_landlock_plan.ts";
import type { Policy } from "../../../lib/policy/policy.ts";
import { FakeTree, hostFacts, pathPolicy, protection, type RuleTexts } from "../facts.ts";

const TREE = new FakeTree([
  "/usr/bin/env",
  "/home/me/.ssh/id",
  "/home/me/work/.git/hooks/",
  "/home/me/work/.git/HEAD",
  "/home/me/work/src/",
  "/tmp/",
  "/run/",
  "/dev/",
  "/proc/",
]);
const NO_RULES: RuleTexts = { readAllow: ["/"], writeAllow: ["/home/me/work"] };

function entries(directory: string): string[] {
  const prefix = directory === "/" ? "/" : `${directory}/`;
  const below = TREE.paths.filter((path) => path !== "/" && path.startsWith(prefix));
  return [...new Set(below.map((path) => path.slice(prefix.length).split("/")[0] ?? ""))];
}

function plan(policy: Partial<Policy> = {}, request: Partial<LandlockRequest> = {}, texts = NO_RULES) {
  const whole = pathPolicy(texts, policy);
  const protections = [protection("/home/me/.ssh", "read"), protection("/home/me/work/.git/hooks", "write")];
  const facts = hostFacts({ tree: TREE, policy: whole, cwd: "/home/me/work", home: "/home/me", protections });
  const made = makeLandlockPlan(whole, facts, {
    command: ["true"],
    environment: new Map([["TMPDIR", "/tmp"], ["LANG", "C"]]),
    cwdNamed: false,
    runtime: { deno: "/deno", stage2: "/stage2.js" },
    version: 7,
    weaker: { network: false, attributes: false },
    entriesOf: entries,
    temporary: "/tmp/tombolo-x",
    ...request,
  });
  assert.equal(made.launcher.kind, "landlock");
  return {
    ...made,
    confinement: (made.launcher as Extract<typeof made.launcher, { kind: "landlock" }>).confinement,
  };
}

function accessOf({ confinement }: ReturnType<typeof plan>, path: string): string {
  return confinement.rules.find((rule) => rule.path === path)?.access.join(" ") ?? "";
}

const HOST = { text: "a.test", origin: "--allow-net" };

Deno.test("Landlock opens what may be read and written, and nothing that holds what may not", () => {
  const made = plan();
  assert.equal(accessOf(made, "/usr"), "read execute");
  assert.equal(accessOf(made, "/home/me/work"), "read execute");
  assert.equal(accessOf(made, "/home/me/work/src"), "write");
  assert.equal(accessOf(made, "/home/me/work/.git/HEAD"), "write");
  for (const closed of ["/", "/home/me", "/home/me/.ssh", "/tmp", "/run", "/dev", "/proc"]) {
    assert.equal(accessOf(made, closed), "", closed);
  }
  assert.equal(accessOf(made, "/tmp/tombolo-x"), "read write execute");
  assert.equal(accessOf(made, "/dev/null"), "read write device");
  assert.deepEqual(made.confinement.snapshots, [
    { path: "/", access: "read" },
    { path: "/home", access: "read" },
    { path: "/home/me", access: "read" },
    { path: "/home/me/work", access: "write" },
    { path: "/home/me/work/.git", access: "write" },
  ]);
});

Deno.test("Landlock's plan has a TMPDIR of its own unless one is set, and refuses every socket without network", () => {
  assert.equal(plan().environment.get("TMPDIR"), "/tmp/tombolo-x");
  const set = pathPolicy({}).env;
  const own = plan({ env: { ...set, set: new Map([["TMPDIR", "/home/me/work"]]) } });
  assert.equal(own.environment.get("TMPDIR"), "/tmp");
  assert.deepEqual(plan().seccomp.withoutNamespaces, { inet: "none", attributes: false });
});

Deno.test("Landlock that is too old is an error that names the kernel to have", () => {
  for (const version of [0, 1, 2]) {
    assert.throws(() => plan({}, { version }), {
      message: /version 3 is needed, and this kernel has/,
      remedy: /Linux 6\.2 or later/,
    });
  }
  assert.doesNotThrow(() => plan({}, { version: 3 }));
});

Deno.test("hosts need version 4 and --weaker-network, and it is said what is weaker", () => {
  const net = { allow: [], deny: [], resolve: new Map(), allowAll: HOST };
  assert.throws(() => plan({ net }), { remedy: /--weaker-network/ });
  const weaker = { network: true, attributes: false };
  assert.throws(() => plan({ net }, { weaker, version: 3 }), {
    message: /version 4 is needed/,
    remedy: /Linux 6\.7/,
  });
  const made = plan({ net }, { weaker });
  assert.equal(made.network, "gateway");
  assert.deepEqual(made.seccomp.withoutNamespaces, { inet: "tcp", attributes: false });
  assert.match(made.notices.join("\n"), /can be reached on any machine/);
});

Deno.test("sockets of the host and published ports are errors that name the flag", () => {
  const path = SafePath.of("/home/me/socket");
  const unix = [{ text: "/home/me/socket", origin: "--allow-unix", path, optional: false }];
  assert.throws(() => plan({ unix }), { message: /tell unix sockets apart \(--allow-unix\)/ });
});

Deno.test("signals that an old Landlock does not hold are said at the start, refusals where the command fails", () => {
  assert.match(plan({}, { version: 5 }).notices.join("\n"), /can signal other processes of this user/);
  assert.doesNotMatch(plan().notices.join("\n"), /signal|chmod/);
  const [made, attributes] = plan().hints ?? [];
  assert.match(
    made?.text ?? "",
    /directly in "\/home\/me\/work", "\/home\/me\/work\/\.git", as something in there is protected/,
  );
  assert.match(attributes?.text ?? "", /chmod/);
  assert.deepEqual([made?.isLikely, attributes?.isLikely], [true, false]);
  const weaker = plan({}, { weaker: { network: false, attributes: true } });
  assert.match(weaker.notices.join("\n"), /can be changed \(--weaker-attributes\)/);
});

Deno.test("where programs are listed, reading does not let anything be executed", () => {
  const path = SafePath.of("/usr/bin/env");
  const rule = { text: "env", origin: "--allow-run" };
  const programs = {
    allow: [{ path, rule }],
    deny: [],
    notices: [],
    topLevel: [],
  };
  const whole = pathPolicy(NO_RULES);
  const facts = { ...hostFacts({ tree: TREE, policy: whole, cwd: "/home/me/work" }), programs };
  const made = makeLandlockPlan(whole, facts, {
    command: ["env"],
    environment: new Map(),
    cwdNamed: false,
    runtime: { deno: "/deno", stage2: "/stage2.js" },
    version: 7,
    weaker: { network: false, attributes: false },
    entriesOf: entries,
    temporary: "/tmp/tombolo-x",
  });
  assert.equal(made.launcher.kind, "landlock");
  if (made.launcher.kind !== "landlock") return;
  const executable = made.launcher.confinement.rules.filter(({ access }) => access.includes("execute"));
  assert.deepEqual(executable.map((each) => each.path), ["/usr/bin/env"]);
  assert.equal(made.seccomp.refuseExecutableMemory, true);
});
