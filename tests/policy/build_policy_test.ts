import assert from "node:assert/strict";
import fc from "fast-check";
import { buildPolicy } from "../../lib/policy/build_policy.ts";
import { parseDuration } from "../../lib/policy/duration.ts";
import type { Policy } from "../../lib/policy/policy.ts";
import type { Entry, EntryList, PolicySource } from "../../lib/policy/policy_source.ts";
import { preset, PRESETS } from "../../lib/policy/presets.ts";
import { TomboloError } from "../../lib/report/tombolo_error.ts";

const CONTEXT = {
  cwd: "/home/ann/project",
  home: "/home/ann",
  variable: (name: string) => name === "HOME" ? "/home/ann" : undefined,
};

function entry(text: string, origin = "--flag"): Entry {
  return { text, origin, base: CONTEXT.cwd };
}

function list(...texts: string[]): EntryList {
  return { entries: texts.map((text) => entry(text)) };
}

const EVERYTHING: EntryList = { all: entry("true", "--bare"), entries: [] };

function build(...sources: PolicySource[]): Policy {
  return buildPolicy(sources, CONTEXT);
}

function presets(...names: string[]): PolicySource {
  return { presets: names.map((name) => entry(name, "--preset")) };
}

/** A source on top of the preset that adds nothing. */
function alone(source: PolicySource): Policy {
  return build(presets("none"), source);
}

function refused(source: PolicySource, message: RegExp): void {
  assert.throws(
    () => alone(source),
    (error) =>
      error instanceof TomboloError && error.kind === "policy" && message.test(error.message) &&
      !/\p{Cc}/u.test(error.message),
    String(message),
  );
}

function texts(rules: readonly { path: { toString(): string }; origin: string }[]): string[] {
  return rules.map(({ path, origin }) => `${path} ${origin}`);
}

Deno.test("when nobody names a base, the policy starts from workspace", () => {
  const policy = build({});
  assert.equal(policy.base, "workspace");
  assert.ok(texts(policy.read.allow).includes("/ preset workspace"));
  assert.deepEqual(texts(policy.write.allow), ["/home/ann/project preset workspace"]);
  assert.deepEqual(policy.net, { allow: [], deny: [], resolve: new Map() });
  assert.deepEqual(policy.notices, []);
});

Deno.test("a named base takes the place of workspace", () => {
  assert.deepEqual(build(presets("read-only")).write.allow, []);
  assert.equal(build(presets("read-only")).base, "read-only");
  const none = build(presets("none"));
  assert.equal(none.base, "none");
  assert.deepEqual([...none.read.allow, ...none.write.allow, ...none.env.allow], []);
});

Deno.test("two different bases are an error that names both, the same one twice is none", () => {
  assert.throws(
    () => build({ presets: [entry("workspace", "a.json:2")] }, presets("none")),
    /two presets: workspace \(a\.json:2\) and none \(--preset\)/,
  );
  assert.deepEqual(build(presets("none"), presets("none")), build(presets("none")));
  assert.equal(build(presets("workspace", "workspace")).write.allow.length, 1);
});

Deno.test("a toolchain preset adds to the default base and to a named one", () => {
  const workspace = build(presets("npm"));
  assert.equal(workspace.base, "workspace");
  assert.ok(texts(workspace.write.allow).includes("/home/ann/.npm/_cacache preset npm"));
  assert.ok(workspace.write.allow.every(({ optional }) => optional));
  assert.deepEqual(workspace.net.allow.map(({ text, origin }) => [text, origin]), [
    ["*.npmjs.org:443", "preset npm"],
    ["*.yarnpkg.com:443", "preset npm"],
  ]);
  assert.equal(build(presets("npm", "read-only")).base, "read-only");
  assert.ok(texts(build(presets("none", "npm")).write.allow).every((text) => text.endsWith(" preset npm")));
});

Deno.test("an unknown preset is an error that lists the known ones", () => {
  for (const name of ["strictt", "__proto__", "constructor", "", "NPM"]) {
    assert.throws(
      () => build({ presets: [entry(name, "pol.json:3")] }),
      /Cannot use preset ".*" \(pol\.json:3\): it is not one of workspace, read-only, none, strict, npm, deno, python, cargo, go, git/,
    );
  }
  assert.equal(preset("npm", "x"), PRESETS["npm"]);
});

Deno.test("a working directory that is /, the home directory or above it is not writable by the preset", () => {
  for (const cwd of ["/", "/home", "/home/ann"]) {
    const policy = buildPolicy([], { ...CONTEXT, cwd });
    assert.deepEqual(policy.write.allow, [], cwd);
    assert.equal(policy.notices.length, 1, cwd);
    assert.match(policy.notices[0] ?? "", /is not writable.*--allow-write=\./);
  }
  for (const cwd of ["/home/ann/x", "/home/annie", "/srv"]) {
    const policy = buildPolicy([], { ...CONTEXT, cwd });
    assert.deepEqual(policy.write.allow.map(({ path }) => path.toString()), [cwd]);
    assert.deepEqual(policy.notices, [], cwd);
  }
});

Deno.test("a flag makes such a working directory writable", () => {
  const home = { ...CONTEXT, cwd: "/home/ann" };
  const policy = buildPolicy([{ writeAllow: { entries: [{ ...entry("."), base: "/home/ann" }] } }], home);
  assert.deepEqual(texts(policy.write.allow), ["/home/ann --flag"]);
});

Deno.test("without a home directory, what a preset names below it is left out", () => {
  const policy = buildPolicy([presets("npm")], { ...CONTEXT, home: undefined, variable: () => undefined });
  assert.ok(policy.write.allow.every(({ path }) => !path.toString().includes(".npm")));
});

Deno.test("sources unite in order: presets, files, flags", () => {
  const policy = build(
    { readAllow: { entries: [entry("/one", "a.json:1")] }, file: "/etc/a.json" },
    { readAllow: { entries: [entry("/two", "--allow-read")] }, presets: [entry("workspace", "--preset")] },
  );
  assert.deepEqual(texts(policy.read.allow).filter((text) => !text.startsWith("/home")), [
    "/ preset workspace",
    "/one a.json:1",
    "/two --allow-read",
  ]);
  assert.deepEqual(policy.files.map(String), ["/etc/a.json"]);
});

Deno.test("everything is the root, with the origin of who said so", () => {
  const policy = alone({
    readAllow: EVERYTHING,
    writeAllow: EVERYTHING,
    readDeny: EVERYTHING,
    writeDeny: EVERYTHING,
  });
  for (const rules of [policy.read, policy.write]) {
    assert.deepEqual(texts(rules.allow), ["/ --bare"]);
    assert.deepEqual(texts(rules.deny), ["/ --bare"]);
  }
  const net = alone({ netAllow: EVERYTHING, netDeny: EVERYTHING }).net;
  assert.equal(net.allowAll?.origin, "--bare");
  assert.equal(net.denyAll?.origin, "--bare");
  const env = alone({ envAllow: EVERYTHING, envDeny: EVERYTHING }).env;
  assert.deepEqual([env.allow, env.deny].flat().map(({ text }) => text), ["*", "*"]);
});

Deno.test("paths are read against the place of their source", () => {
  const policy = alone({ readAllow: { entries: [{ text: "../x", origin: "f:1", base: "/etc/tombolo" }] } });
  assert.deepEqual(texts(policy.read.allow), ["/etc/x f:1"]);
});

Deno.test("patterns are refused in allow lists", () => {
  for (const text of ["*", "src/*.ts", "/a/**", "file?", "[ab]", "/x]"]) {
    refused({ readAllow: list(text) }, /\(--flag\): allow lists name paths, not patterns/);
    refused({ writeAllow: list(text) }, /allow lists name paths/);
  }
});

Deno.test("a pattern in a deny list starts where its literal part ends", () => {
  const policy = alone({ readDeny: list("*.pem", "/etc/*/key", "~/x/**"), writeDeny: list("../[ab]") });
  const parts = ({ path, glob }: (typeof policy.read.deny)[number]) => `${path} ${glob}`;
  assert.deepEqual(policy.read.deny.map(parts), ["/home/ann/project *.pem", "/etc */key", "/home/ann/x **"]);
  assert.deepEqual(policy.write.deny.map(parts), ["/home/ann [ab]"]);
  refused({ readDeny: list("a/*/../b") }, /\(--flag\)/);
  refused({ writeDeny: list("[") }, /Cannot parse pattern "\[": a bracket is not closed \(--flag\)/);
});

Deno.test("/proc and /dev are the sandbox's own and cannot be named", () => {
  for (const text of ["/proc", "/proc/1/environ", "/dev", "/dev/shm", "/../dev/null", "../../../proc"]) {
    for (const key of ["readAllow", "readDeny", "writeAllow", "writeDeny"] as const) {
      refused({ [key]: list(text) }, /\(--flag\): the sandbox has a \/(?:proc|dev) of its own/);
    }
  }
  assert.deepEqual(texts(alone({ readAllow: list("/process", "/device") }).read.allow), [
    "/process --flag",
    "/device --flag",
  ]);
});

Deno.test("a path that cannot be read names its rule's origin", () => {
  refused({ readAllow: list("$NOPE/x") }, /\(--flag\)$/);
  refused({ writeDeny: list("~bob/x") }, /\(--flag\)$/);
  refused({ readDeny: list("a\0\x1b") }, /\(--flag\)$/);
});

Deno.test("a host pattern that cannot be read names its rule's origin", () => {
  for (
    const text of [
      "*",
      "",
      "exa mple.com",
      "https://example.com",
      "a.test:99999",
      "*.",
      "a.test:",
      "user@a.test",
    ]
  ) {
    refused({ netAllow: list(text) }, /\(--flag\)$/);
    refused({ netDeny: list(text) }, /\(--flag\)$/);
  }
});

Deno.test("names of variables are names, which may end in a star", () => {
  const policy = alone({ envAllow: list("PATH", "LC_*", "_x1"), envDeny: list("AWS_*") });
  assert.deepEqual(policy.env.allow.map(({ text }) => text), ["PATH", "LC_*", "_x1"]);
  assert.deepEqual(policy.env.deny.map(({ text }) => text), ["AWS_*"]);
  for (const text of ["", "1A", "A-B", "A=B", "A**", "A*B", "A B", "\u00e9", "A\n", "*"]) {
    refused({ envAllow: list(text) }, /Cannot use variable name .* \(--flag\)/);
  }
});

Deno.test("a variable is set by a plain name, the last one wins, and a NUL is refused", () => {
  const set = (name: string, value: string) => ({ envSet: [{ ...entry(name, "--env"), value }] });
  assert.deepEqual([...build(set("A", "1"), set("B", ""), set("A", "2=3\n")).env.set], [["A", "2=3\n"], [
    "B",
    "",
  ]]);
  for (const name of ["", "A*", "1", "A B", "A.B"]) {
    refused(set(name, "x"), /Cannot set variable .* \(--env\)/);
  }
  refused(set("A", "x\0"), /its value holds a NUL/);
});

Deno.test("a duration is milliseconds, and of several the last counts", () => {
  const wallTime = (text: string) => ({ limits: { wallTime: entry(text) } });
  assert.equal(build(wallTime("10m"), wallTime("30s"), {}).limits.wallTime?.value, 30_000);
  assert.deepEqual(build({}).limits, {});
  const rows: readonly (readonly [string, number])[] = [
    ["1ms", 1],
    ["500ms", 500],
    ["1.5s", 1500],
    ["0.001s", 1],
    ["2m", 120_000],
    ["2h", 7_200_000],
    ["596h", 2_145_600_000],
    ["2147483647ms", 2 ** 31 - 1],
  ];
  for (const [text, wanted] of rows) assert.equal(parseDuration(text, "x"), wanted, text);
});

Deno.test("anything else is no duration, and the message names the origin", () => {
  for (
    const text of [
      "",
      "5",
      "s",
      "1 s",
      "1S",
      "1d",
      "-1s",
      "+1s",
      "1e3s",
      "1,5s",
      ".5s",
      "5.s",
      "1s ",
      "1m30s",
      "\uff11s",
    ]
  ) {
    assert.throws(() => parseDuration(text, "f:9"), /Cannot parse duration .* \(f:9\)/, text);
  }
  for (const text of ["0s", "0ms", "0.1ms", "2147483648ms", "597h", `${"9".repeat(400)}h`]) {
    assert.throws(() => parseDuration(text, "f:9"), /between 1ms and 24 days/, text);
  }
});

Deno.test("static addresses are canonical names with parsed addresses; the last entry for a name wins", () => {
  const source = (name: string, ...addresses: string[]): PolicySource => ({
    resolve: [{ ...entry(name, "--resolve"), addresses }],
  });
  const { resolve } = build(
    source("DB.Test.", "10.1.2.3", "::1"),
    source("other.test", "127.0.0.1"),
    source("other.test", "127.0.0.2"),
  ).net;
  assert.deepEqual([...resolve].map(([name, addresses]) => [name, addresses.map(String)]), [
    ["db.test", ["10.1.2.3", "::1"]],
    ["other.test", ["127.0.0.2"]],
  ]);
  for (const address of ["", "a.test", "1.2.3", "1.2.3.4:80", "1.2.3.4 "]) {
    refused(source("db.test", address), /\(--resolve\): .* is not an IPv4 or IPv6 address/);
  }
  refused(source("bad host", "1.2.3.4"), /\(--resolve\)$/);
});

Deno.test("of several that say everything, the first is named", () => {
  const all = (origin: string): PolicySource => ({ netAllow: { all: entry("true", origin), entries: [] } });
  assert.equal(build(all("a.json:1"), all("--allow-net")).net.allowAll?.origin, "a.json:1");
});

Deno.test("whatever a text holds, it is understood or refused with an error of tombolo's own", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 12 }), (text) => {
    for (const key of ["readAllow", "writeDeny", "netAllow", "envAllow"] as const) {
      try {
        alone({ [key]: list(text) });
      } catch (error) {
        assert.ok(error instanceof TomboloError, String(error));
        assert.ok(!/\p{Cc}/u.test(error.message));
      }
    }
  }));
});
