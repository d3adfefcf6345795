import assert from "node:assert/strict";
import fc from "fast-check";
import { commandEnvironment } from "../../lib/policy/command_environment.ts";
import type { EnvPolicy } from "../../lib/policy/policy.ts";
import { PRESETS } from "../../lib/policy/presets.ts";

function policy(
  allow: readonly string[],
  deny: readonly string[] = [],
  set: Record<string, string> = {},
): EnvPolicy {
  const rules = (texts: readonly string[]) => texts.map((text) => ({ text, origin: "test" }));
  return { allow: rules(allow), deny: rules(deny), set: new Map(Object.entries(set)) };
}

function given(env: EnvPolicy, caller: Record<string, string>): Record<string, string> {
  return Object.fromEntries(commandEnvironment(env, caller));
}

Deno.test("without rules only TMPDIR is there", () => {
  assert.deepEqual(given(policy([]), { PATH: "/bin", TMPDIR: "/host" }), { TMPDIR: "/tmp" });
});

Deno.test("allowed names pass, by name or by the start of a name", () => {
  assert.deepEqual(
    given(policy(["PATH", "LC_*"]), { PATH: "/bin", PATHS: "x", LC_ALL: "C", LC_: "", lc_all: "x" }),
    {
      PATH: "/bin",
      LC_ALL: "C",
      LC_: "",
      TMPDIR: "/tmp",
    },
  );
});

Deno.test("deny beats allow, however narrow the allow rule is", () => {
  const caller = { AWS_KEY: "k", AWS_REGION: "r", PATH: "/bin" };
  assert.deepEqual(given(policy(["*", "AWS_KEY"], ["AWS_*"]), caller), { PATH: "/bin", TMPDIR: "/tmp" });
  assert.deepEqual(given(policy(["*"], ["*"]), caller), { TMPDIR: "/tmp" });
});

Deno.test("what is set by hand needs no rule and wins, TMPDIR too", () => {
  const env = policy(["PATH"], ["CI"], { CI: "1", PATH: "/own", TMPDIR: "/tmp/x" });
  assert.deepEqual(given(env, { PATH: "/bin", CI: "0" }), { CI: "1", PATH: "/own", TMPDIR: "/tmp/x" });
});

Deno.test("the private /tmp is the place for temporary files, wherever the caller's is", () => {
  assert.equal(commandEnvironment(policy(["TMPDIR"]), { TMPDIR: "/host/tmp" }).get("TMPDIR"), "/tmp");
});

Deno.test("names that mean something to JavaScript are names like any other", () => {
  const caller = Object.fromEntries([["__proto__", "p"], ["constructor", "c"]]);
  assert.deepEqual([...commandEnvironment(policy(["*"]), caller)], [
    ["__proto__", "p"],
    ["constructor", "c"],
    ["TMPDIR", "/tmp"],
  ]);
  assert.deepEqual(given(policy(["toString"]), {}), { TMPDIR: "/tmp" });
});

Deno.test("the default list lets no name pass that looks like a secret", () => {
  const allow = PRESETS["workspace"]?.env ?? [];
  const secrets = [
    "GITHUB_TOKEN",
    "AWS_SECRET_ACCESS_KEY",
    "NPM_TOKEN",
    "SSH_AUTH_SOCK",
    "DBUS_SESSION_BUS_ADDRESS",
    "DOCKER_HOST",
    "LD_PRELOAD",
    "NODE_OPTIONS",
    "XDG_RUNTIME_DIR",
    "DISPLAY",
    "HTTPS_PROXY",
    "http_proxy",
  ];
  const caller = Object.fromEntries(secrets.map((name) => [name, "x"]));
  assert.deepEqual(given(policy(allow), caller), { TMPDIR: "/tmp" });
  assert.equal(given(policy(allow), { HOME: "/h", LC_TIME: "C", TERM: "xterm" })["LC_TIME"], "C");
});

Deno.test("nothing of the caller's passes that no rule allows", () => {
  const name = fc.constantFrom("A", "AB", "ABC", "B", "A_", "TMPDIR");
  const rule = fc.oneof(name, name.map((text) => `${text}*`), fc.constant("*"));
  fc.assert(fc.property(fc.array(rule), fc.array(rule), fc.array(name), (allow, deny, names) => {
    const caller = Object.fromEntries(names.map((each) => [each, "caller"]));
    const got = commandEnvironment(policy(allow, deny), caller);
    const fits = (rules: readonly string[], each: string) =>
      rules.some((text) => text === each || (text.endsWith("*") && each.startsWith(text.slice(0, -1))));
    for (const each of names.filter((text) => text !== "TMPDIR")) {
      assert.equal(got.has(each), fits(allow, each) && !fits(deny, each), each);
    }
  }));
});
