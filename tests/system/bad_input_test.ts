import assert from "node:assert/strict";
import { Box } from "./tombolo.ts";

interface Bad {
  readonly name: string;
  readonly args: readonly string[];
  readonly status?: number;
  readonly says: RegExp;
  readonly policy?: string;
}

const touch = ["--", "touch", "ran"];

function withFlags(name: string, flags: readonly string[], says: RegExp): Bad {
  return { name, args: [...flags, ...touch], says };
}

function withPolicy(name: string, policy: string, says: RegExp): Bad {
  return { name, policy, args: ["--policy=policy.jsonc", ...touch], says };
}

const BAD: readonly Bad[] = [
  withFlags("an unknown flag", ["--allow-everything"], /"--allow-everything"/),
  withFlags("an unknown short flag", ["-X"], /"-X"/),
  withFlags("a list flag without its list", ["--deny-read"], /--deny-read/),
  withFlags("an empty value", ["--allow-read="], /--allow-read/),
  withFlags("a blank value", ["--allow-net= "], /--allow-net/),
  withFlags("a value for a flag that takes none", ["--quiet=yes"], /--quiet/),
  withFlags("an empty list entry", ["--allow-net=a.test,,b.test"], /empty/),
  withFlags("a last empty list entry", ["--deny-write=a,"], /empty/),
  withFlags("an unknown preset", ["--preset=nosuch"], /"nosuch".*workspace/),
  withFlags("a preset named as a method of objects", ["--preset=constructor"], /"constructor"/),
  withFlags("two base presets", ["--preset=none", "--preset=read-only"], /none.*read-only/),
  withFlags("a bad duration", ["--timeout=10"], /"10"/),
  withFlags("a zero duration", ["--timeout=0s"], /"0s"/),
  withFlags("a size without a unit that is one", ["--max-memory=5G"], /"5G".*512MiB/),
  withFlags("a size of zero", ["--max-file-size=0"], /"0"/),
  withFlags("less memory than anything starts with", ["--max-memory=1KB"], /"1KB".*1MiB/),
  withFlags("a size above all", ["--max-memory=99999999TiB"], /8 PiB/),
  withFlags("no process at all", ["--max-processes=0"], /"0"/),
  withFlags("a fraction of a process", ["--max-processes=1.5"], /"1\.5"/),
  withFlags("a negative number of files", ["--max-open-files=-5"], /"-5"/),
  withFlags("a fraction of a second of cpu time", ["--max-cpu-time=1500ms"], /whole seconds/),
  withFlags(
    "more open files than the caller may have",
    ["--max-open-files=2000000000"],
    /hard limit.*ulimit -Hn/,
  ),
  withFlags("a negative duration", ["--timeout=-1s"], /"-1s"/),
  withFlags("a star alone as host", ["--allow-net=*"], /"\*"/),
  withFlags("a star inside a host", ["--allow-net=a.*.test"], /"a\.\*\.test"/),
  withFlags("a host with a space", ["--allow-net=a b"], /"a b"/),
  withFlags("a port above 65535", ["--allow-net=a.test:70000"], /70000/),
  withFlags("a network with host bits", ["--allow-net=10.0.0.1/8"], /10\.0\.0\.0\/8/),
  withFlags("a URL as host", ["--allow-net=https://a.test/"], /https:/),
  withFlags("a static name without address", ["--resolve=a.test"], /HOST:ADDRESS/),
  withFlags("a static name with a bad address", ["--resolve=a.test:example.org"], /example\.org/),
  withFlags("a variable without a value", ["--env=NAME"], /NAME=VALUE/),
  withFlags("a variable with a bad name", ["--env=A-B=c"], /"A-B"/),
  withFlags("a variable pattern with a star in the middle", ["--allow-env=A*B"], /"A\*B"/),
  withFlags("a relative path that does not exist", ["--allow-read=no/such/path"], /no\/such\/path/),
  withFlags("an absolute path that does not exist", ["--allow-write=/no/such"], /\/no\/such/),
  withFlags("a glob in an allow list", ["--allow-read=*.txt"], /"\*\.txt"/),
  withFlags("another user's home", ["--allow-read=~root"], /~root/),
  withFlags("a variable that is not expanded", ["--deny-read=$SECRET/x"], /SECRET/),
  withFlags("a working directory that is missing", ["--cwd=missing"], /"missing"/),
  withFlags("a working directory that is a file", ["--cwd=/etc/passwd"], /passwd/),
  withFlags("a hidden working directory", ["--deny-read=."], /working directory/),
  withFlags("a policy file that is missing", ["--policy=missing.json"], /missing\.json/),
  withFlags("a policy file that is a directory", ["--policy=/etc"], /\/etc/),
  withFlags("an events file in a missing directory", ["--events=missing/events"], /missing\/events/),
  { name: "a flag of one value at the end", args: ["--policy"], says: /--policy/ },
  { name: "a flag of one value before --", args: ["--cwd", ...touch], says: /--cwd/ },
  { name: "no command", args: [], says: /[Nn]o command/ },
  { name: "no command after --", args: ["--"], says: /[Nn]o command/ },
  {
    name: "a command that is not found",
    args: ["--", "no-such-command"],
    status: 127,
    says: /no-such-command: not found/,
  },
  {
    name: "a path that is not found",
    args: ["--", "./no/such"],
    status: 127,
    says: /\.\/no\/such: not found/,
  },
  { name: "an empty command", args: ["--", ""], status: 127, says: /not found/ },
  {
    name: "a file that is not executable",
    args: ["--", "./plain"],
    status: 126,
    says: /\.\/plain: not executable/,
  },
  {
    name: "a directory as command",
    args: ["--", "./directory"],
    status: 126,
    says: /\.\/directory: not executable/,
  },
  { name: "a bad interpreter", args: ["--", "./orphan"], status: 126, says: /\.\/orphan: .*interpreter/ },
  withPolicy("a policy that is no JSON", '{\n  "read": [\n', /policy\.jsonc:\d/),
  withPolicy("an empty policy file", "", /policy\.jsonc:1/),
  withPolicy("a policy that is a list", "[]", /policy\.jsonc:1/),
  withPolicy("an unknown key", '{\n  "read": {},\n  "reed": {}\n}', /policy\.jsonc:3: unknown key "reed"/),
  withPolicy(
    "an unknown inner key",
    '{\n  "net": {\n    "alow": []\n  }\n}',
    /policy\.jsonc:3: unknown key "net\.alow"/,
  ),
  withPolicy(
    "a duplicate key",
    '{\n  "read": {},\n  "read": {}\n}',
    /policy\.jsonc:3: key "read" stands twice/,
  ),
  withPolicy(
    "a duplicate inner key",
    '{ "net": {\n"allow": ["a.test"],\n"allow": [] } }',
    /policy\.jsonc:3.*"net\.allow"/,
  ),
  withPolicy("a wrong type", '{\n  "read": "/"\n}', /policy\.jsonc:2: key "read"/),
  withPolicy("a list of numbers", '{\n"net": { "allow": [\n1] } }', /policy\.jsonc:[23]: key "net\.allow/),
  withPolicy("false for everything", '{\n"net": {\n"allow": false } }', /policy\.jsonc:3: key "net\.allow"/),
  withPolicy("a bad host pattern", '{\n"net": {\n"allow": ["a.test",\n"*"] } }', /"\*".*policy\.jsonc:4/),
  withPolicy(
    "a prototype key",
    '{\n"__proto__": { "allow": true } }',
    /policy\.jsonc:2: unknown key "__proto__"/,
  ),
  withPolicy(
    "an unknown parent",
    '{\n"extends": ["nosuch"] }',
    /policy\.jsonc:2.*nosuch|nosuch.*policy\.jsonc:2/,
  ),
  withPolicy("a missing parent file", '{\n"extends": ["./missing.json"] }', /missing\.json.*policy\.jsonc:2/),
  withPolicy("a policy that extends itself", '{\n"extends": ["./policy.jsonc"] }', /extends itself/),
  withPolicy("two base presets in a file", '{ "extends": ["none",\n"read-only"] }', /none.*read-only/),
  withPolicy(
    "a path that does not exist",
    '{\n"write": { "allow": [\n"missing"] } }',
    /missing.*policy\.jsonc:3/,
  ),
];

for (const bad of BAD) {
  Deno.test(`${bad.name}: one line, ${bad.status ?? 125}, nothing started, nothing left`, async () => {
    await using box = await Box.create();
    await box.write("work/plain", "#!/bin/sh\ntouch ran\n");
    await box.write("work/orphan", "#!/no/such/interpreter\ntouch ran\n", 0o755);
    await Deno.mkdir(`${box.work}/directory`);
    if (bad.policy !== undefined) await box.write("work/policy.jsonc", bad.policy);
    const before = await box.list("work");
    const { code, stdout, stderr } = await box.tombolo(["run", ...bad.args]);
    assert.equal(code, bad.status ?? 125, stderr);
    assert.equal(stdout, "");
    assert.match(stderr, /^tombolo: [^\n]+\n$/);
    assert.match(stderr, bad.says);
    assert.deepEqual(await box.list("work"), before);
    assert.deepEqual(await box.runDirectories(), []);
  });
}

Deno.test("an unknown command of tombolo says how to run it", async () => {
  await using box = await Box.create();
  const { code, stderr } = await box.tombolo(["rum", "--", "true"]);
  assert.equal(code, 125);
  assert.match(stderr, /^tombolo: [^\n]*"rum"[^\n]*\n$/);
});

Deno.test("a policy file that is not UTF-8 is refused with one line", async () => {
  await using box = await Box.create();
  await Deno.writeFile(`${box.work}/policy.json`, new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]));
  const { code, stderr } = await box.run(["--policy=policy.json"], ["true"]);
  assert.equal(code, 125);
  assert.match(stderr, /^tombolo: [^\n]*UTF-8[^\n]*\n$/);
});

Deno.test("a working directory that is gone is said in one line of ours, and 125", async () => {
  await using box = await Box.create();
  await Deno.mkdir(`${box.work}/gone`);
  const outcome = await box.run([], ["true"], { before: `cd gone && rmdir ../gone` });
  assert.equal(outcome.code, 125);
  // The system's shell has its own line about it.
  assert.match(outcome.stderr, /^(?:sh: [^\n]*\n)?tombolo: [^\n]*working directory[^\n]*\n$/);
});

Deno.test("without a home there is one line that says so", async () => {
  await using box = await Box.create();
  for (const before of ["unset HOME", "HOME=relative"]) {
    const { code, stderr } = await box.run([], ["true"], { before });
    assert.equal(code, 125);
    assert.match(stderr, /^tombolo: [^\n]*HOME[^\n]*\n$/);
  }
});

Deno.test("a home that cannot be written is one plain line", async () => {
  await using box = await Box.create({ ordinaryUser: true });
  const { code, stderr } = await box.run([], ["true"], { env: { HOME: "/nonexistent" } });
  assert.equal(code, 125);
  assert.match(stderr, /^tombolo: Cannot [^\n]*\n$/);
});
