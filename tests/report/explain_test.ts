import assert from "node:assert/strict";
import { NoProxy } from "../../lib/egress/upstream/no_proxy.ts";
import type { Upstream } from "../../lib/egress/upstream/upstream.ts";
import { ProxyUrl } from "../../lib/host/proxy_url.ts";
import { makePlan } from "../../lib/plan/make_plan.ts";
import { buildPolicy } from "../../lib/policy/build_policy.ts";
import type { PolicySource } from "../../lib/policy/policy_source.ts";
import { explainJson, explainText, type Explanation } from "../../lib/report/explain.ts";
import { TomboloError } from "../../lib/report/tombolo_error.ts";
import { FakeTree, hostFacts } from "../plan/facts.ts";

const HOSTILE = "/work/\x1b\u202eevil\n";

const entry = (text: string) => ({ text, origin: "--flag", base: "/work" });
const list = (...texts: string[]) => ({ entries: texts.map(entry) });

function explanation(more: PolicySource = {}): Explanation {
  const policy = buildPolicy([more, {
    readDeny: list(HOSTILE),
    netAllow: list("*.example.com:443", "10.0.0.0/8"),
    resolve: [{ ...entry("db.test"), addresses: ["10.1.2.3", "::1"] }],
    envSet: [{ ...entry("A"), value: "1" }],
    limits: { wallTime: entry("5s") },
  }], { cwd: "/work", home: "/home/ann", variable: () => undefined });
  const tree = new FakeTree(["/work/", HOSTILE, "/tmp/", "/run/", "/dev/", "/proc/"]);
  const plan = makePlan(policy, hostFacts({ tree, policy, cwd: "/work" }), {
    command: ["echo", "\x07"],
    environment: new Map([["A", "1"], ["B\x1b", "2"]]),
    cwdNamed: false,
    runtime: { deno: "/deno", stage2: "/stage2.js" },
    caBundle: "/work/corp.pem",
  });
  return { policy, plan, bwrap: ["bwrap", "--x"] };
}

Deno.test("the explanation is JSON with paths, patterns and addresses as text", () => {
  const value = JSON.parse(explainJson(explanation()));
  assert.deepEqual(value.bwrap, ["bwrap", "--x"]);
  assert.equal(value.policy.base, "workspace");
  assert.equal(value.policy.read.allow[0].path, "/");
  assert.deepEqual(value.policy.net.resolve, { "db.test": ["10.1.2.3", "::1"] });
  assert.deepEqual(value.policy.net.allow.map((rule: { pattern: string }) => rule.pattern), [
    "*.example.com:443",
    "10.0.0.0/8",
  ]);
  assert.deepEqual(value.policy.env.set, { A: "1" });
  assert.equal(value.plan.network, "gateway");
  assert.deepEqual(value.plan.environment, { A: "1", "B\x1b": "2" });
  assert.ok(value.plan.mounts.length > 3);
  assert.equal(value.plan.limits.wallTime.value, 5000);
});

Deno.test("the explanation for people names each rule with its origin, and no control character but line ends", () => {
  const text = explainText(explanation());
  assert.match(text, /^ {2}\*\.example\.com:443 {2}--flag$/m);
  assert.match(text, /^ {2}\/ +preset workspace$/m);
  assert.match(text, /^ {2}db\.test +10\.1\.2\.3, ::1$/m);
  assert.match(
    text,
    /^ {2}wall time {3}5s \(--flag\): TERM to the command, KILL to everything 5 s later; status 124$/m,
  );
  assert.doesNotMatch(text.replaceAll("\n", ""), /[\p{Cc}\p{Bidi_Control}]/u);
});

Deno.test("the explanation says which proxies the gateway dials through, without their credentials", () => {
  const { policy, plan } = explanation();
  const line = (upstream?: Upstream) => {
    const explained = { policy, plan: upstream === undefined ? plan : { ...plan, upstream } };
    assert.doesNotMatch(explainJson(explained), /secret/);
    return /^upstream: .*$/m.exec(explainText(explained))?.[0];
  };
  const named = (origin: string) => ({ proxy: ProxyUrl.parse("http://me:secret@p.test:3128"), origin });
  assert.equal(line(), "upstream: none, the gateway dials directly");
  assert.equal(
    line({
      connect: named("A"),
      http: named("B"),
      socks5: named("A"),
      noProxy: NoProxy.parse("Corp.com *.x"),
    }),
    "upstream: http://p.test:3128 (A, B), which resolves the names; direct: loopback db.test corp.com .x",
  );
  assert.equal(
    line({ connect: named("A\x1b"), noProxy: NoProxy.parse("") }),
    "upstream: CONNECT http://p.test:3128 (A\\x1b), plain HTTP none, SOCKS none, which resolves the names; direct: loopback db.test",
  );
});

Deno.test("a gateway that is there for published ports alone is said to deny every host", () => {
  const text = explainText(
    explanation({ netDeny: { all: entry("true"), entries: [] }, publish: [entry("8080:80")] }),
  );
  assert.match(text, /^network: through the gateway only, which denies every host$/m);
  assert.match(text, /^published \(the host reaches in\):\n {2}8080:80 {2}--flag$/m);
  assert.doesNotMatch(text, /^upstream:/m);
  assert.match(explainText(explanation()), /^network: through the gateway only\nupstream: none/m);
});

Deno.test("the CA bundle is shown with the place that names it", () => {
  const text = explainText(explanation({ caBundle: entry("corp.pem") }));
  assert.match(text, /^CA bundle \(clients inside trust it\):\n {2}corp\.pem {2}--flag$/m);
});

Deno.test("each kind of error has the status that the shell knows", () => {
  const status = (kind: TomboloError["kind"]) => new TomboloError(kind, "x").status;
  assert.deepEqual(["usage", "policy", "sandbox"].map((kind) => status(kind as TomboloError["kind"])), [
    125,
    125,
    125,
  ]);
  assert.equal(status("not-executable"), 126);
  assert.equal(status("not-found"), 127);
  const error = new TomboloError("usage", "x", { remedy: "y", cause: "z" });
  assert.deepEqual([error.name, error.message, error.remedy, error.cause], ["TomboloError", "x", "y", "z"]);
  assert.equal(new TomboloError("usage", "x").remedy, undefined);
});
