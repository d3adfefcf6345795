import assert from "node:assert/strict";
import { SafePath } from "../../lib/paths/safe_path.ts";
import { decidePath, pathDecider } from "../../lib/policy/decide_path.ts";
import { type ProtectionContext, protections } from "../../lib/policy/protections.ts";
import { SECRETS } from "../../lib/policy/secrets.ts";
import { pathPolicy } from "../plan/facts.ts";
import { simulateRules } from "../plan/seatbelt_view.ts";

const EMPTY: ProtectionContext = { home: undefined, secrets: new Set(), repositories: [], own: [] };

const SIMULATORS = new WeakMap<ProtectionContext, ReturnType<typeof simulateRules>>();

function view(context: ProtectionContext, path: string): "none" | "read" | "write" {
  const { read, write } = pathPolicy({ writeAllow: ["/"] });
  const decider = pathDecider(read, write, protections(context));
  const allowed = (access: "read" | "write") => decidePath(decider, access, SafePath.of(path)).allowed;
  const decided = allowed("write") ? "write" : allowed("read") ? "read" : "none";
  // What is decided is also what a Mac's kernel would do.
  const simulator = SIMULATORS.get(context) ?? simulateRules(decider, []);
  SIMULATORS.set(context, simulator);
  assert.equal(simulator.see(path), decided, `Seatbelt: ${path}`);
  return decided;
}

Deno.test("without anything to protect there are no rules", () => {
  assert.deepEqual(protections(EMPTY), []);
  assert.deepEqual(protections({ ...EMPTY, secrets: new Set([".ssh"]) }), []);
});

Deno.test("every secret that exists is closed, and what holds no credential stays readable", () => {
  const context = { ...EMPTY, home: SafePath.of("/h"), secrets: new Set(SECRETS.map(({ path }) => path)) };
  for (const { path, except = [] } of SECRETS) {
    assert.equal(view(context, `/h/${path}`), "none", path);
    assert.equal(view(context, `/h/${path}/below`), "none", path);
    for (const name of except) assert.equal(view(context, `/h/${path}/${name}`), "read", name);
  }
  assert.equal(view(context, "/h/.sshx"), "write");
  assert.equal(view(context, "/h/.config"), "write");
});

Deno.test("a secret that does not exist makes no rule", () => {
  const context = { ...EMPTY, home: SafePath.of("/h"), secrets: new Set([".aws"]) };
  assert.deepEqual(protections(context).map(({ path }) => path.toString()), ["/h/.aws"]);
});

Deno.test("the list of secrets is relative, normal, without doubles, and says why", () => {
  const paths = SECRETS.map(({ path }) => path);
  assert.equal(new Set(paths).size, paths.length);
  for (const { path, reason } of SECRETS) {
    assert.equal(SafePath.of(`/${path}`).toString(), `/${path}`);
    assert.match(reason, /^\S.*\S$/);
  }
  const named = [
    ".ssh",
    ".aws",
    ".gnupg",
    ".kube",
    ".azure",
    ".config/gcloud",
    ".config/gh",
    ".docker/config.json",
  ];
  const more = [
    ".netrc",
    ".git-credentials",
    ".npmrc",
    ".pypirc",
    ".vault-token",
    ".password-store",
    ".terraform.d",
  ];
  assert.deepEqual([...named, ...more].filter((path) => !paths.includes(path)), []);
});

Deno.test("of a repository, what git executes is not writable, and a commit is possible", () => {
  const context: ProtectionContext = {
    ...EMPTY,
    repositories: [{ path: "/w/.git", kind: "directory" }],
  };
  for (const name of ["hooks", "hooks/post-commit", "config", "config.worktree", "info/attributes"]) {
    assert.equal(view(context, `/w/.git/${name}`), "read", name);
  }
  for (
    const name of [
      "index",
      "index.lock",
      "HEAD",
      "objects/ab/cd",
      "refs/heads/main",
      "logs/HEAD",
      "COMMIT_EDITMSG",
    ]
  ) {
    assert.equal(view(context, `/w/.git/${name}`), "write", name);
  }
});

Deno.test("a pointer to a repository elsewhere is not writable", () => {
  const context: ProtectionContext = { ...EMPTY, repositories: [{ path: "/w/.git", kind: "pointer" }] };
  assert.equal(view(context, "/w/.git"), "read");
  assert.equal(view(context, "/w/x"), "write");
});

Deno.test("tombolo's own files may be read and not written", () => {
  const context = { ...EMPTY, own: [SafePath.of("/opt/tombolo"), SafePath.of("/w/policy.jsonc")] };
  assert.equal(view(context, "/opt/tombolo/main.ts"), "read");
  assert.equal(view(context, "/w/policy.jsonc"), "read");
  assert.equal(view(context, "/w"), "write");
});

Deno.test("a secret stays closed where one of tombolo's own files lies in it", () => {
  const context = {
    ...EMPTY,
    home: SafePath.of("/h"),
    secrets: new Set([".aws"]),
    own: [SafePath.of("/h/.aws/policy.jsonc")],
  };
  assert.equal(view(context, "/h/.aws/policy.jsonc"), "none");
});

Deno.test("a secret stays closed where it is a repository too", () => {
  const context: ProtectionContext = {
    ...EMPTY,
    home: SafePath.of("/h"),
    secrets: new Set([".password-store"]),
    repositories: [{ path: "/h/.password-store/.git", kind: "directory" }],
  };
  assert.equal(view(context, "/h/.password-store/.git/config"), "none");
});
