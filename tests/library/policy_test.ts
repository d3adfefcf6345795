import assert from "node:assert/strict";
import { type DecisionKind, Policy, type PolicyDocument, TomboloError } from "../../lib/mod.ts";
import { TempTree } from "./temp_tree.ts";

function allowed(policy: Policy, kind: DecisionKind, target: string): boolean {
  return policy.decide({ kind, target }).allowed;
}

function fails(make: () => unknown, message: RegExp): void {
  assert.throws(make, (error) => error instanceof TomboloError && message.test(error.message));
}

Deno.test("text, comments in it, and an object mean the same", async () => {
  await using tree = await TempTree.create();
  const object = { net: { allow: ["example.com:443"] }, env: { deny: ["*_TOKEN"] } };
  const text = `{ // a comment
    "net": { "allow": ["example.com:443",] }, "env": { "deny": ["*_TOKEN"] }
  }`;
  for (const policy of [tree.policy(object), tree.policy(text), tree.policy(JSON.stringify(object))]) {
    assert.equal(allowed(policy, "net", "example.com:443"), true);
    assert.equal(allowed(policy, "net", "example.com:80"), false);
    assert.equal(allowed(policy, "env", "A_TOKEN"), false);
  }
});

Deno.test("what is wrong is told with its place, under the name that was given", async () => {
  await using tree = await TempTree.create();
  const parse = (source: string | PolicyDocument) => () =>
    Policy.parse(source, { ...tree.options, origin: "agent.json" });
  fails(parse('{\n  "reed": {}\n}'), /agent\.json:2: unknown key "reed"/);
  fails(parse("{ broken"), /agent\.json:1/);
  fails(parse('{ "limits": { "memory": "much" } }'), /agent\.json:1/);
  fails(parse({ extends: "no-such-preset" }), /neither a preset/);
  fails(() => Policy.parse({}, { cwd: `${tree.root}/nowhere` }), /no such directory/);
  // deno-lint-ignore no-explicit-any -- as somebody without types may call it
  fails(() => Policy.parse(undefined as any), /Cannot parse policy/);
});

Deno.test("relative paths start at the policy's directory, and files that it extends are read from there", async () => {
  await using tree = await TempTree.create();
  await Deno.writeTextFile(`${tree.work}/base.json`, '{ "read": { "deny": ["hidden"] } }');
  const policy = tree.policy({ extends: ["workspace", "./base.json"], write: { deny: ["kept"] } });
  assert.equal(allowed(policy, "read", "hidden/file"), false);
  assert.equal(allowed(policy, "read", `${tree.work}/hidden/file`), false);
  assert.equal(allowed(policy, "write", "kept/file"), false);
  assert.equal(allowed(policy, "write", "other"), true);
  assert.equal(allowed(policy, "write", "base.json"), false);
});

Deno.test("protections have their say in every decision", async () => {
  await using tree = await TempTree.create();
  const policy = tree.policy({ read: { allow: ["/"] }, write: { allow: ["."] } });
  const decide = (kind: DecisionKind, target: string) => policy.decide({ kind, target });
  assert.match(decide("read", "~/.ssh/id_ed25519").reason, /protected/);
  assert.equal(decide("read", "~/.ssh/known_hosts").allowed, true);
  assert.equal(decide("read", "~/.aws/credentials").rule?.origin, "protection secrets");
  assert.equal(decide("write", "deep/repository/.git/hooks/pre-commit").rule?.origin, "protection git");
  assert.equal(decide("write", "deep/repository/.git/config").allowed, false);
  assert.equal(decide("write", "deep/repository/.git/index").allowed, true);
  assert.equal(decide("write", ".vscode/tasks.json").rule?.origin, "protection host");
  assert.equal(decide("write", Deno.execPath()).allowed, false);
});

Deno.test("a decision follows links, and a pattern for a link's name means what it leads to", async () => {
  await using tree = await TempTree.create();
  await Deno.mkdir(`${tree.root}/outside`);
  await Deno.symlink(`${tree.root}/outside`, `${tree.work}/way`);
  await Deno.symlink(`${tree.root}/outside`, `${tree.work}/link.secret`);
  const policy = tree.policy({ read: { deny: ["**/*.secret"] } });
  assert.equal(allowed(policy, "write", "way/file"), false);
  assert.equal(allowed(policy, "write", "own"), true);
  assert.equal(allowed(policy, "read", "way/file"), true);
  assert.equal(allowed(policy, "read", "link.secret"), false);
});

Deno.test("a refusal names the smallest flag, and where a rule denies, that rule", async () => {
  await using tree = await TempTree.create();
  const policy = tree.policy({ net: { allow: ["*.example.com"], deny: ["ads.example.com"] } });
  const apex = policy.decide({ kind: "net", target: "example.com" });
  assert.deepEqual(apex, {
    allowed: false,
    reason: "no rule allows it",
    suggestion: "--allow-net=example.com:443",
  });
  const ads = policy.decide({ kind: "net", target: "ads.example.com:80" });
  assert.deepEqual([ads.allowed, ads.rule?.text, ads.suggestion], [false, "ads.example.com", undefined]);
  assert.equal(policy.decide({ kind: "net", target: "169.254.169.254" }).allowed, false);
  assert.match(policy.decide({ kind: "net", target: "not a host" }).reason, /Cannot parse host/);
  assert.deepEqual(
    policy.decide({ kind: "env", target: "NEVER_NAMED" }).suggestion,
    "--allow-env=NEVER_NAMED",
  );
});

Deno.test("programs are decided about by the file that they are", async () => {
  await using tree = await TempTree.create();
  const some = tree.policy({ run: { allow: ["sh", "env"] } });
  assert.equal(allowed(some, "run", "sh"), true);
  assert.equal(allowed(some, "run", "/usr/bin/env"), true);
  assert.equal(some.decide({ kind: "run", target: "id" }).suggestion, "--allow-run=id");
  const most = tree.policy({ run: { deny: ["/usr/bin/id"] } });
  assert.equal(allowed(most, "run", "id"), false);
  assert.equal(allowed(most, "run", "sh"), true);
  assert.equal(allowed(most, "run", "no-such-program"), false);
  assert.equal(allowed(tree.policy({}), "run", "id"), true);
});

Deno.test("sockets are allowed one by one", async () => {
  await using tree = await TempTree.create();
  const policy = tree.policy({ net: { unix: [`${tree.root}/one.sock`] } });
  assert.equal(allowed(policy, "unix", `${tree.root}/one.sock`), true);
  const other = policy.decide({ kind: "unix", target: `${tree.root}/two.sock` });
  assert.deepEqual([other.allowed, other.suggestion], [false, `--allow-unix=${tree.root}/two.sock`]);
});

Deno.test("programs of a composed policy are those that both allow", async () => {
  await using tree = await TempTree.create();
  const both = Policy.compose(
    tree.policy({ run: { allow: ["/usr/bin"] } }),
    tree.policy({ run: { allow: ["sh", "/usr/bin/env"], deny: ["env"] } }),
  );
  assert.equal(allowed(both, "run", "sh"), true);
  assert.equal(allowed(both, "run", "env"), false);
  assert.equal(allowed(both, "run", "id"), false);
  const listed = Policy.compose(tree.policy({ run: { allow: ["sh"] } }), tree.policy({}));
  assert.equal(allowed(listed, "run", "id"), false);
  assert.equal(allowed(listed, "run", "sh"), true);
});

Deno.test("two names of one directory are one directory to a composed policy", async () => {
  await using tree = await TempTree.create();
  await Deno.mkdir(`${tree.work}/real/inner`, { recursive: true });
  await Deno.symlink(`${tree.work}/real`, `${tree.work}/name`);
  const parent = tree.policy({ read: { deny: ["name"] } });
  const child = tree.policy({ read: { allow: ["real/inner"] } });
  const both = Policy.compose(parent, child);
  assert.equal(allowed(both, "read", "real/inner/file"), false);
  assert.equal(allowed(both, "read", "name/inner/file"), false);
  assert.equal(allowed(both, "read", "other"), true);
});

Deno.test("a link whose name a parent's pattern denies keeps its target closed to a child that names it", async () => {
  await using tree = await TempTree.create();
  await Deno.mkdir(`${tree.root}/target/sub`, { recursive: true });
  await Deno.symlink(`${tree.root}/target`, `${tree.work}/link.secret`);
  const parent = tree.policy({ read: { allow: ["/"], deny: ["*.secret"] } });
  const child = tree.policy({ read: { allow: [`${tree.root}/target/sub`] } });
  assert.equal(allowed(Policy.compose(parent, child), "read", `${tree.root}/target/sub/file`), false);
});

Deno.test("a policy can be composed any number of times", async () => {
  await using tree = await TempTree.create();
  const policies = ["a", "b", "c"].map((name) => tree.policy({ write: { deny: [name] } }));
  const all = policies.reduce((parent, child) => Policy.compose(parent, child));
  for (const name of ["a", "b", "c"]) assert.equal(allowed(all, "write", `${name}/file`), false);
  assert.equal(allowed(all, "write", "d"), true);
});

Deno.test("what cannot be composed is refused when it is composed", async () => {
  await using tree = await TempTree.create();
  const child = tree.policy({ net: { allow: true, upstream: "proxy.example.com:3128" } });
  fails(() => Policy.compose(tree.policy({}), child), /upstream/);
});

Deno.test("without a home directory there is no policy: its secrets could not be told", () => {
  for (const HOME of [undefined, "", "home"]) {
    const environment: Record<string, string> = HOME === undefined ? {} : { HOME };
    fails(() => Policy.parse({}, { environment }), /HOME is not an absolute path/);
  }
});
