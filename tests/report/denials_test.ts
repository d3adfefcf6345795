import assert from "node:assert/strict";
import fc from "fast-check";
import { SafePath } from "../../lib/paths/safe_path.ts";
import { makePlan } from "../../lib/plan/make_plan.ts";
import type { Plan } from "../../lib/plan/plan.ts";
import { DenialLog } from "../../lib/report/denial_log.ts";
import { denialLine, deniedArguments, unreachedLine } from "../../lib/report/denials.ts";
import type { DecisionEvent } from "../../lib/report/event.ts";
import { FakeTree, hostFacts, pathPolicy, protection, type RuleTexts } from "../plan/facts.ts";

const TIME = "2026-01-02T03:04:05.000Z";

function denied(target: string, rest: Partial<DecisionEvent> = {}): DecisionEvent {
  return { time: TIME, kind: "net", decision: "deny", target, reason: "no rule allows it", ...rest };
}

Deno.test("a denial is one line: what, why, and the flag that would help", () => {
  assert.equal(denialLine(denied("a.test:443")), "denied net a.test:443 (no rule allows it)");
  assert.equal(
    denialLine(denied("a.test:443", { suggestion: "--allow-net=a.test:443" })),
    "denied net a.test:443 (no rule allows it); to allow: --allow-net=a.test:443",
  );
  const rule = { text: "*.test", origin: "team.jsonc:3" };
  assert.equal(
    denialLine(denied("a.test:443", { reason: "a rule denies it", rule })),
    'denied net a.test:443 (a rule denies it: "*.test" of team.jsonc:3)',
  );
});

Deno.test("whatever was asked for, the line is one line without control characters", () => {
  const text = fc.string({ unit: "binary" });
  fc.assert(fc.property(text, text, text, (target, reason, suggestion) => {
    assert.doesNotMatch(
      denialLine(denied(target, { reason, suggestion })),
      /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u,
    );
  }));
});

function summary(...events: DecisionEvent[]): { targets: string[]; more: number } {
  const log = new DenialLog();
  events.forEach((event) => log.note(event));
  const { events: shown, more } = log.summary();
  return { targets: shown.map(({ target }) => target), more };
}

Deno.test("what was allowed is not in the summary, and each denial is there once", () => {
  assert.deepEqual(summary(), { targets: [], more: 0 });
  assert.deepEqual(summary({ ...denied("a"), decision: "allow" }), { targets: [], more: 0 });
  assert.deepEqual(summary(denied("a"), denied("a"), denied("a")), { targets: ["a"], more: 0 });
  assert.deepEqual(
    summary(denied("a"), denied("a", { reason: "other" }), denied("a", { kind: "read" })).targets.length,
    3,
  );
});

Deno.test("first what a flag would allow, then the most frequent, then the earliest", () => {
  const hint = { suggestion: "--allow-net" };
  assert.deepEqual(
    summary(
      denied("once"),
      denied("often"),
      denied("often"),
      denied("often"),
      denied("hinted once", hint),
      denied("hinted twice", hint),
      denied("hinted twice", hint),
      denied("later"),
    ).targets,
    ["hinted twice", "hinted once", "often", "once", "later"],
  );
});

Deno.test("five are shown and the rest is counted", () => {
  const events = Array.from({ length: 8 }, (_, index) => denied(`host${index}`));
  assert.deepEqual(summary(...events), { targets: ["host0", "host1", "host2", "host3", "host4"], more: 3 });
});

function unreached(target: string, error: string): DecisionEvent {
  return { ...denied(target), decision: "allow", detail: { via: "connect", error } };
}

Deno.test("what was allowed and not reached is no denial: each cause is kept once, the most frequent first", () => {
  const log = new DenialLog();
  for (const event of [unreached("a", "x"), unreached("a", "y"), unreached("a", "y")]) log.note(event);
  assert.equal(log.isEmpty, true);
  assert.deepEqual(log.summary(), { events: [], more: 0 });
  assert.deepEqual(log.unreached().events.map(unreachedLine), [
    "could not reach a: y",
    "could not reach a: x",
  ]);
  log.note({ ...unreached("127.0.0.1:8080", "nothing listens"), detail: { via: "publish", error: "x" } });
  assert.equal(log.unreached().events.length, 2, "who came in by a published port");
  for (let n = 0; n < 5000; n++) log.note(unreached(`host${n}`, "x"));
  assert.equal(log.unreached().events.length, 5);
  assert.equal(log.unreached().more, 995);
});

Deno.test("a cause that came over the network is shown without control characters", () => {
  assert.equal(unreachedLine(unreached("a\x07", "b\u202e")), "could not reach a\\x07: b\\u{202e}");
});

Deno.test("a command that asks for ever new names does not fill the memory", () => {
  const events = Array.from({ length: 5000 }, (_, index) => denied(`host${index}`));
  assert.equal(summary(...events).more, 995);
});

/** A real tree, because arguments are looked up on the host, and a plan for it. */
class Scene implements Disposable {
  readonly path = Deno.realPathSync(Deno.makeTempDirSync());

  constructor() {
    for (const name of ["open", "closed", "private"]) {
      Deno.mkdirSync(`${this.path}/${name}`);
      Deno.writeTextFileSync(`${this.path}/${name}/file`, "");
    }
    Deno.symlinkSync("closed", `${this.path}/link`);
  }

  plan(command: readonly string[], rules: RuleTexts = {}): Plan {
    const tree = new FakeTree([
      ...["open/file", "closed/file", "private/file", "secret"].map((name) => `${this.path}/${name}`),
      "/dev/",
      "/proc/",
    ]);
    const under = (list: readonly string[] = []) => list.map((name) => `${this.path}/${name}`);
    const policy = pathPolicy({
      readAllow: ["/", ...under(rules.readAllow)],
      readDeny: under(["closed"]),
      writeAllow: under(rules.writeAllow),
      writeDeny: under(rules.writeDeny),
    });
    const facts = hostFacts({
      tree,
      policy,
      cwd: this.path,
      protections: [protection(`${this.path}/open/guarded`, "write")],
      privateDirectories: [`${this.path}/private`],
    });
    return makePlan(policy, facts, {
      command,
      environment: new Map(),
      cwdNamed: false,
      runtime: { deno: "/deno", stage2: "/stage2.js" },
    });
  }

  denied(command: readonly string[], rules?: RuleTexts): string[] {
    const events = deniedArguments(this.plan(command, rules), TIME);
    return events.map(({ kind, target, suggestion }) =>
      [kind, target.replace(`${this.path}/`, ""), suggestion?.replace(`${this.path}/`, "")].filter(Boolean)
        .join(" ")
    );
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

Deno.test("an argument that may not be read is named, whatever the program", () => {
  using scene = new Scene();
  assert.deepEqual(scene.denied(["cat", "closed/file"]), ["read closed/file"]);
  assert.deepEqual(scene.denied(["cat", `${scene.path}/closed/file`]), ["read closed/file"]);
  assert.deepEqual(scene.denied(["cat", "./open/../closed"]), ["read closed"]);
  assert.deepEqual(scene.denied(["cat", "link/file"]), ["read closed/file"]);
  assert.deepEqual(scene.denied(["tool", "--input=closed/file"]), ["read closed/file"]);
  assert.deepEqual(scene.denied(["make", "INPUT=closed/file"]), ["read closed/file"]);
});

Deno.test("what may be read, is not there, or is no path is not named", () => {
  using scene = new Scene();
  for (
    const argument of [
      "open/file",
      "closed/absent",
      "-x",
      "",
      "https://a.test/closed",
      "a\0b",
      "x".repeat(5000),
    ]
  ) {
    assert.deepEqual(scene.denied(["cat", argument]), [], argument.slice(0, 20));
  }
  assert.deepEqual(scene.denied(["closed/file"]), [], "the program itself is no argument");
});

Deno.test("writing is told only of programs whose arguments are written, with the flag", () => {
  using scene = new Scene();
  assert.deepEqual(scene.denied(["cat", "open/file"]), []);
  assert.deepEqual(scene.denied(["touch", "open/new"]), ["write open/new --allow-write=open/new"]);
  assert.deepEqual(scene.denied(["/usr/bin/rm", "-f", "open/file"]).length, 1);
  assert.deepEqual(scene.denied(["touch", "open/new"], { writeAllow: ["open"] }), []);
});

Deno.test("where a rule stands in the way it is named instead of a flag", () => {
  using scene = new Scene();
  const plan = scene.plan(["touch", "open/guarded"], { writeAllow: ["open"] });
  const [event] = deniedArguments(plan, TIME);
  assert.deepEqual(event, {
    time: TIME,
    kind: "write",
    decision: "deny",
    target: `${scene.path}/open/guarded`,
    reason: "protected: it is protected",
    rule: { text: `${scene.path}/open/guarded`, origin: "protection test" },
  });
});

Deno.test("what lies in a private directory is not the host's, so it is not named", () => {
  using scene = new Scene();
  assert.deepEqual(scene.denied(["touch", "private/file"]), []);
  assert.deepEqual(scene.denied(["touch", "/proc/self/x", "/dev/x"]), []);
});

Deno.test("paths of events are real paths", () => {
  using scene = new Scene();
  for (const { target } of deniedArguments(scene.plan(["cat", "link", "closed/"]), TIME)) {
    assert.equal(SafePath.of(target).toString(), target);
    assert.equal(Deno.realPathSync(target), target);
  }
});
