import assert from "node:assert/strict";
import { buildPolicy } from "../../lib/policy/build_policy.ts";
import { loadPolicyFile } from "../../lib/policy/load_policy_file.ts";
import { checkForm, jsonSchema } from "../../lib/policy/policy_schema.ts";
import type { PolicySource } from "../../lib/policy/policy_source.ts";
import { TomboloError } from "../../lib/report/tombolo_error.ts";
import { accepts } from "./json_schema.ts";

/** A directory with policy files. */
class PolicyFiles implements Disposable {
  readonly path = Deno.realPathSync(Deno.makeTempDirSync());

  constructor(files: Readonly<Record<string, string | Uint8Array>>) {
    for (const [name, data] of Object.entries(files)) {
      const path = `${this.path}/${name}`;
      Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
      if (typeof data === "string") Deno.writeTextFileSync(path, data);
      else Deno.writeFileSync(path, data);
    }
  }

  load(name = "p.jsonc"): PolicySource[] {
    return loadPolicyFile(`${this.path}/${name}`, name, "--policy");
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

function loaded(text: string): PolicySource {
  using files = new PolicyFiles({ "p.jsonc": text });
  const [source] = files.load();
  assert.ok(source !== undefined);
  return source;
}

function refused(text: string | Uint8Array, message: RegExp): void {
  using files = new PolicyFiles({ "p.jsonc": text });
  assert.throws(
    () => files.load(),
    (error) => {
      assert.ok(error instanceof TomboloError, `${message}: ${error}`);
      assert.equal(error.status, 125);
      assert.match(error.message, message);
      assert.doesNotMatch(error.message, /\p{Cc}/u);
      return true;
    },
    String(message),
  );
}

Deno.test("comments, trailing commas and a byte order mark are taken, and lines are counted from 1", () => {
  const source = loaded(`\ufeff// what may be read
{
  /* two
     lines */
  "read": {
    "allow": [
      "/a", // one
      "/b",
    ],
  },
}
`);
  assert.deepEqual(source.readAllow?.entries.map(({ text, origin }) => [text, origin]), [
    ["/a", "p.jsonc:7"],
    ["/b", "p.jsonc:8"],
  ]);
});

Deno.test("every key of a file becomes what it means, with its own line", () => {
  const source = loaded(`{
    "$schema": "./policy.schema.json",
    "extends": "none",
    "read": { "allow": true, "deny": ["~/secrets"] },
    "write": { "allow": ["."],
               "deny": ["dist/keys"] },
    "net": { "allow": ["*.example.com:443"], "deny": true,
             "resolve": { "db.test": "10.1.2.3", "two.test": ["10.1.2.4", "::1"] } },
    "env": { "allow": ["LC_*"], "deny": ["X"],
             "set": { "CI": "1" } },
    "limits": { "wallTime": "10m" } }`);
  const origins = (list: PolicySource["readAllow"]) =>
    list?.entries.map(({ text, origin }) => `${text} ${origin}`);
  assert.deepEqual(source.presets?.map(({ text, origin }) => [text, origin]), [["none", "p.jsonc:3"]]);
  assert.equal(source.readAllow?.all?.origin, "p.jsonc:4");
  assert.deepEqual(origins(source.readDeny), ["~/secrets p.jsonc:4"]);
  assert.deepEqual(origins(source.writeAllow), [". p.jsonc:5"]);
  assert.deepEqual(origins(source.writeDeny), ["dist/keys p.jsonc:6"]);
  assert.deepEqual(origins(source.netAllow), ["*.example.com:443 p.jsonc:7"]);
  assert.equal(source.netDeny?.all?.origin, "p.jsonc:7");
  assert.deepEqual(source.resolve?.map(({ text, origin, addresses }) => [text, origin, addresses]), [
    ["db.test", "p.jsonc:8", ["10.1.2.3"]],
    ["two.test", "p.jsonc:8", ["10.1.2.4", "::1"]],
  ]);
  assert.deepEqual(origins(source.envAllow), ["LC_* p.jsonc:9"]);
  assert.deepEqual(source.envSet?.map(({ text, value, origin }) => [text, value, origin]), [[
    "CI",
    "1",
    "p.jsonc:10",
  ]]);
  assert.deepEqual([source.limits?.wallTime?.text, source.limits?.wallTime?.origin], ["10m", "p.jsonc:11"]);
});

Deno.test("each limit comes with its line; numbers are text like all else until they are parsed", () => {
  const { limits } = loaded(`{
  "limits": { "cpuTime": "5m", "memory": "2GiB",
              "openFiles": 1024,
              "processes": 256, "fileSize": 4096 } }`);
  assert.deepEqual(
    Object.entries(limits ?? {}).map(([name, { text, origin }]) => `${name} ${text} ${origin}`),
    [
      "cpuTime 5m p.jsonc:2",
      "memory 2GiB p.jsonc:2",
      "openFiles 1024 p.jsonc:3",
      "processes 256 p.jsonc:4",
      "fileSize 4096 p.jsonc:4",
    ],
  );
});

Deno.test("an empty document asks for nothing", () => {
  const source = loaded("{}");
  for (const key of ["readAllow", "readDeny", "writeAllow", "netAllow", "envAllow", "limits"] as const) {
    assert.equal(source[key], undefined, key);
  }
});

Deno.test("relative paths of a file start at the file", () => {
  using files = new PolicyFiles({
    "deep/p.jsonc": '{ "extends": "none", "read": { "allow": ["../x", "."] } }',
  });
  const policy = buildPolicy(files.load("deep/p.jsonc"), {
    cwd: "/",
    home: undefined,
    variable: () => undefined,
  });
  assert.deepEqual(policy.read.allow.map(({ path }) => path.toString()), [
    `${files.path}/x`,
    `${files.path}/deep`,
  ]);
  assert.deepEqual(policy.files.map(String), [`${files.path}/deep/p.jsonc`]);
});

Deno.test("an unknown key is an error with its name, file and line", () => {
  refused(
    '{\n "raed": {}\n}',
    /policy p\.jsonc:2: unknown key "raed", wanted one of \$schema, extends, read/,
  );
  refused(
    '{\n "read": {\n\n  "alow": []\n }\n}',
    /p\.jsonc:4: unknown key "read\.alow", wanted one of allow, deny$/,
  );
  refused('{ "net": { "al\\u001blow": [] } }', /p\.jsonc:1: unknown key/);
  refused(
    '{ "limits": { "wallTime": "1s",\n "disk": "1G" } }',
    /p\.jsonc:2: unknown key "limits\.disk", wanted one of wallTime, cpuTime/,
  );
});

Deno.test("a __proto__ key is an unknown key everywhere", () => {
  for (
    const text of [
      '{\n"__proto__": {} }',
      '{ "read":\n{ "__proto__": [] } }',
      '{ "env": { "set": {\n"__proto__": "x" } } }',
      '{ "env": { "set": {\n"__proto__": 5 } } }',
      '{ "net": { "resolve": {\n"__proto__": "10.0.0.1" } } }',
    ]
  ) refused(text, /p\.jsonc:2: .*__proto__/);
});

Deno.test("a wrong type is an error with the key, file and line, down to the entry of a list", () => {
  refused(
    '{ "read": {\n "allow": "x" } }',
    /p\.jsonc:2: key "read\.allow" has a wrong value, wanted a list of strings/,
  );
  refused('{ "read": { "allow": [\n "/a",\n 5 ] } }', /p\.jsonc:3: key "read\.allow\.1" .*wanted a string/);
  refused('{ "net": { "deny": [\nnull] } }', /p\.jsonc:2: key "net\.deny\.0"/);
  refused('{ "write": { "allow": false } }', /p\.jsonc:1: key "write\.allow"/);
  refused('{\n"write": [] }', /p\.jsonc:2: key "write" .*wanted an object/);
  refused('{ "limits": { "wallTime":\n 5 } }', /key "limits\.wallTime" .*wanted a string/);
  refused(
    '{ "limits": {\n "memory": null } }',
    /p\.jsonc:2: key "limits\.memory" .*wanted a string, as "512MiB"/,
  );
  refused(
    '{ "limits": {\n "processes": "9" } }',
    /p\.jsonc:2: key "limits\.processes" .*wanted a whole number/,
  );
  refused('{ "env": { "set": {\n "A": 1 } } }', /p\.jsonc:2: key "env\.set\.A" .*wanted a string/);
  refused('{ "net": { "resolve": {\n "a.test": [1] } } }', /p\.jsonc:2: key "net\.resolve\.a\.test/);
  refused('{ "extends": {} }', /key "extends" .*wanted a preset or file name/);
  for (const text of ["[]", "5", "null", '"x"', "true"]) refused(text, /p\.jsonc:1: /);
});

Deno.test("a key that stands twice is an error with the line of the second", () => {
  refused('{\n"read": {},\n"read": {} }', /p\.jsonc:3: key "read" stands twice/);
  refused('{ "env": { "set": {\n"A": "1",\n"A": "2" } } }', /p\.jsonc:3: key "env\.set\.A" stands twice/);
  refused('{ "read": {},\n"\\u0072ead": {} }', /p\.jsonc:2: key "read" stands twice/);
});

Deno.test("a syntax error is an error with its line", () => {
  refused(
    '{\n  "read": {\n    "allow": [,]\n  }\n}',
    /Cannot parse policy p\.jsonc:3: .*wanted JSON with comments/,
  );
  refused("", /Cannot parse policy p\.jsonc:1/);
  refused("// nothing", /Cannot parse policy p\.jsonc:1/);
  refused('{}\n{"read": {}}', /Cannot parse policy p\.jsonc:2/);
  refused('{\n"read": {', /Cannot parse policy p\.jsonc:2/);
  refused("{ 'read': {} }", /Cannot parse policy p\.jsonc:1/);
  refused('{ "read": { "deny": ["a\nb"] } }', /Cannot parse policy p\.jsonc:1/);
});

Deno.test("nesting without end is an error of the file, not of the tool", () => {
  refused(`{ "read": ${"[".repeat(200_000)}`, /p\.jsonc/);
});

Deno.test("what is not UTF-8 is refused", () => {
  refused(
    new Uint8Array([0x7b, 0xff, 0x7d]),
    /Cannot read policy ".*\/p\.jsonc" \(--policy\): it is not UTF-8/,
  );
  refused(new Uint8Array([0xff, 0xfe, 0x7b, 0, 0x7d, 0]), /it is not UTF-8/);
});

Deno.test("a file that is missing, or a directory, is an error that names who asked", () => {
  using files = new PolicyFiles({ "d/p.jsonc": '{\n"extends": ["./no.jsonc"] }' });
  assert.throws(() => files.load("no.jsonc"), /Cannot read policy ".*no\.jsonc" \(--policy\): no such file/);
  assert.throws(
    () => files.load("d/p.jsonc"),
    /Cannot read policy ".*\/d\/no\.jsonc" \(.*p\.jsonc:2\): no such file/,
  );
  assert.throws(
    () => files.load("d"),
    (error) => error instanceof TomboloError && /Cannot read policy/.test(error.message),
  );
});

Deno.test("extended files come first, found from the file that names them, and presets stay names", () => {
  using files = new PolicyFiles({
    "p.jsonc": '{ "extends": ["none", "./team/base.jsonc", "npm"], "read": { "allow": ["/last"] } }',
    "team/base.jsonc": '{ "extends": "more.json", "read": { "allow": ["/middle", "rel"] } }',
    "team/more.json": '{ "read": { "allow": ["/first"] } }',
  });
  const sources = files.load();
  assert.deepEqual(sources.map(({ file }) => file?.slice(files.path.length)), [
    "/team/more.json",
    "/team/base.jsonc",
    "/p.jsonc",
  ]);
  assert.deepEqual(sources.flatMap(({ presets }) => presets ?? []).map(({ text }) => text), ["none", "npm"]);
  const policy = buildPolicy(sources, { cwd: "/", home: "/home/ann", variable: () => "/home/ann" });
  const own = policy.read.allow.filter(({ origin }) => !origin.startsWith("preset "));
  assert.deepEqual(own.map(({ path }) => path.toString()), [
    "/first",
    "/middle",
    `${files.path}/team/rel`,
    "/last",
  ]);
  assert.equal(policy.files.length, 3);
});

Deno.test("what is extended is a preset or looks like a file", () => {
  refused(
    '{\n"extends": ["workspaec"] }',
    /Cannot extend "workspaec" \(p\.jsonc:2\): it is neither a preset/,
  );
  refused('{ "extends": ["__proto__"] }', /neither a preset/);
});

Deno.test("an absolute path can be extended", () => {
  using files = new PolicyFiles({ "base.jsonc": "{}" });
  Deno.writeTextFileSync(`${files.path}/p.jsonc`, JSON.stringify({ extends: [`${files.path}/base.jsonc`] }));
  assert.equal(files.load().length, 2);
});

Deno.test("a circle of files is an error, a file that is extended twice is none", () => {
  using files = new PolicyFiles({
    "p.jsonc": '{ "extends": "./b.jsonc" }',
    "b.jsonc": '{ "extends": "./p.jsonc" }',
    "self.jsonc": '{ "extends": "./x/../self.jsonc" }',
    "x/keep": "",
    "top.jsonc": '{ "extends": ["./l.jsonc", "./r.jsonc"] }',
    "l.jsonc": '{ "extends": "./end.jsonc" }',
    "r.jsonc": '{ "extends": "./end.jsonc" }',
    "end.jsonc": "{}",
    "linked.jsonc": '{ "extends": "./again.jsonc" }',
  });
  Deno.symlinkSync("linked.jsonc", `${files.path}/again.jsonc`);
  assert.throws(() => files.load(), /Cannot extend "\.\/p\.jsonc" \(\.\/b\.jsonc:1\): it extends itself/);
  assert.throws(() => files.load("self.jsonc"), /it extends itself/);
  assert.throws(() => files.load("linked.jsonc"), /it extends itself/);
  assert.equal(files.load("top.jsonc").length, 5);
});

// Documents with what both the checker and the JSON Schema must say of them.
const DOCUMENTS: readonly (readonly [boolean, unknown])[] = [
  [true, {}],
  [true, { $schema: "x" }],
  [true, { extends: "none" }],
  [true, { extends: ["none", "./x.json"] }],
  [true, { extends: [] }],
  [true, { read: {} }],
  [true, { read: { allow: true, deny: true } }],
  [true, { read: { allow: [], deny: ["x"] }, write: { allow: ["."] } }],
  [true, { net: { allow: ["a.test"], deny: true, resolve: { "a.test": "1.2.3.4", "b.test": ["::1"] } } }],
  [true, { env: { allow: true, deny: ["X"], set: { A: "1" } } }],
  [true, { limits: { wallTime: "1s" } }],
  [true, {
    limits: { cpuTime: "1s", memory: "2GiB", openFiles: 1024, processes: 256, fileSize: 4096 },
  }],
  [true, { limits: {} }],
  [false, []],
  [false, null],
  [false, "x"],
  [false, { $schema: 5 }],
  [false, { extends: null }],
  [false, { extends: [5] }],
  [false, { extends: [["none"]] }],
  [false, { read: true }],
  [false, { read: [] }],
  [false, { read: { allow: false } }],
  [false, { read: { allow: "x" } }],
  [false, { read: { allow: [true] } }],
  [false, { read: { other: [] } }],
  [false, { net: { resolve: { a: 5 } } }],
  [false, { net: { resolve: { a: [5] } } }],
  [false, { net: { resolve: [] } }],
  [false, { net: { unknown: [] } }],
  [false, { env: { set: { A: null } } }],
  [false, { env: { set: [] } }],
  [false, { limits: { wallTime: 5 } }],
  [false, { limits: { cpuTime: 1 } }],
  [false, { limits: { openFiles: 0 } }],
  [false, { limits: { memory: true } }],
  [false, { limits: { openFiles: "many" } }],
  [false, { limits: { processes: 1.5 } }],
  [false, { limits: { disk: "1G" } }],
  [false, { unknown: {} }],
];

Deno.test("the JSON Schema is text that says the same of every document as the checker", () => {
  const schema: unknown = JSON.parse(JSON.stringify(jsonSchema()));
  for (const [wanted, document] of DOCUMENTS) {
    const text = JSON.stringify(document);
    assert.equal("document" in checkForm(document), wanted, `checker: ${text}`);
    assert.equal(accepts(schema, document), wanted, `schema: ${text}`);
  }
});

Deno.test("the JSON Schema says which draft it is and what it is for", () => {
  const schema = JSON.parse(JSON.stringify(jsonSchema()));
  assert.equal(schema.$schema, "https://json-schema.org/draft/2020-12/schema");
  assert.equal(schema.title, "tombolo policy");
  assert.equal(schema.additionalProperties, false);
});
