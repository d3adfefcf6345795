import assert from "node:assert/strict";
import { parseFlags } from "../../lib/cli/flags.ts";
import { flagsToSource } from "../../lib/cli/flags_to_source.ts";
import { SafePath } from "../../lib/paths/safe_path.ts";
import { makePlan } from "../../lib/plan/make_plan.ts";
import type { ProgramFacts } from "../../lib/plan/host_facts.ts";
import type { Plan } from "../../lib/plan/plan.ts";
import { buildPolicy } from "../../lib/policy/build_policy.ts";
import { commandEnvironment } from "../../lib/policy/command_environment.ts";
import { protections } from "../../lib/policy/protections.ts";
import { SECRETS } from "../../lib/policy/secrets.ts";
import { explainText } from "../../lib/report/explain.ts";
import { FakeTree, hostFacts } from "./facts.ts";

const HOME = "/home/ann";
const OWN = ["/opt/tombolo", `${HOME}/.local/state/tombolo`];

const HOST = [
  "/bin -> usr/bin",
  "/lib -> usr/lib",
  "/lib64 -> usr/lib64",
  "/usr/bin/env",
  "/usr/bin/sh",
  "/usr/lib64/ld-linux-x86-64.so.2",
  "/etc/passwd",
  "/dev/",
  "/proc/",
  "/run/user/1000/bus",
  "/tmp/build/src/main.c",
  "/opt/tombolo/main.ts",
  `${HOME}/.local/state/tombolo/mask/file`,
  `${HOME}/.bashrc`,
  `${HOME}/.npm/_cacache/`,
  `${HOME}/project/src/main.ts`,
  `${HOME}/project/.git/HEAD`,
  `${HOME}/project/.git/config`,
  `${HOME}/project/.git/hooks/`,
  `${HOME}/project/.git/info/exclude`,
  `${HOME}/project/dist/keys/key`,
  `${HOME}/project/dist/keys/public/cert`,
  `${HOME}/worktree/.git`,
];

const SECRET_FILES = [
  `${HOME}/.ssh/id_ed25519`,
  `${HOME}/.ssh/known_hosts`,
  `${HOME}/.ssh/config`,
  `${HOME}/.netrc`,
  `${HOME}/.config/gh/hosts.yml`,
];

interface Scene {
  readonly flags: string;
  readonly cwd?: string;
  readonly files?: readonly string[];
  readonly own?: readonly string[];
  readonly repositories?: readonly { readonly path: string; readonly git: "file" | "directory" }[];
  readonly env?: string;
  readonly programs?: ProgramFacts;
}

// The way of a real run, with a host that is only described.
function planOf(scene: Scene): { plan: Plan; text: string } {
  const cwd = scene.cwd ?? `${HOME}/project`;
  const { flags, command } = parseFlags([...scene.flags.split(" ").filter(Boolean), "--", "make", "test"]);
  const variable = (name: string) => name === "HOME" ? HOME : undefined;
  const policy = buildPolicy([flagsToSource(flags, cwd)], { cwd, home: HOME, variable });
  const tree = new FakeTree([...HOST, ...scene.files ?? []]);
  const facts = hostFacts({
    tree,
    policy,
    cwd,
    home: HOME,
    protections: protections({
      home: SafePath.of(HOME),
      secrets: new Set(
        SECRETS.map(({ path }) => path).filter((path) => tree.at(`${HOME}/${path}`) !== undefined),
      ),
      repositories: (scene.repositories ?? []).map(({ path, git }) => ({
        path: `${path}/.git`,
        kind: git === "file" ? "pointer" as const : "directory" as const,
      })),
      own: [...OWN, ...scene.own ?? []].map((path) => SafePath.of(path)),
    }),
    trusted: ["/bin", "/lib", "/lib64"],
    systemLinks: policy.base === "none" ? ["/bin", "/lib", "/lib64"] : [],
    env: scene.env ?? "/usr/bin/env",
    ...(scene.programs === undefined ? {} : { programs: scene.programs }),
  });
  const plan = makePlan(policy, facts, {
    command,
    environment: commandEnvironment(policy.env, { PATH: "/usr/bin", HOME, SECRET_TOKEN: "x" }),
    cwdNamed: false,
    runtime: {
      deno: "/opt/tombolo/deno",
      stage2: "/opt/tombolo/stage2.js",
      ...(policy.base === "none"
        ? { libraries: ["/usr/lib64/ld-linux-x86-64.so.2", "/usr/lib/libc.so.6"] }
        : {}),
    },
  });
  const launcher = JSON.stringify(plan.launcher);
  return { plan, text: `${explainText({ policy, plan, bwrap: [] })}\nlauncher: ${launcher}\n` };
}

const REPOSITORY = [{ path: `${HOME}/project`, git: "directory" as const }];

const DENIED = {
  path: SafePath.of("/usr/bin/sudo"),
  rule: { text: "sudo", origin: "--deny-run" },
};
const GIT = { path: SafePath.of("/usr/bin/git"), rule: { text: "git", origin: "--allow-run" } };
const PROGRAMS = {
  deny: [DENIED],
  notices: [],
  topLevel: [SafePath.of("/usr")],
};

const SCENES: Readonly<Record<string, Scene>> = {
  workspace_with_repository: { flags: "", repositories: REPOSITORY },
  read_only: { flags: "--preset=read-only" },
  strict: { flags: "--preset=strict" },
  none_with_one_directory: { flags: "--preset=none --allow-read=/usr,src" },
  none_with_linked_directory: { flags: "--preset=none --allow-read=/bin" },
  deny_in_allow_in_deny: {
    flags:
      "--allow-read=/ --deny-read=/etc --allow-write=.,dist/keys/public --deny-read=dist/keys --deny-write=src --deny-write=later",
  },
  secrets_with_holes: { flags: "--allow-write=/home/ann", files: SECRET_FILES },
  working_directory_below_tmp: { flags: "", cwd: "/tmp/build" },
  network: {
    flags: "--preset=npm --allow-net=github.com:443 --deny-net=ads.github.com --timeout=30s",
    files: SECRET_FILES,
  },
  own_files_in_work_tree: {
    flags: "",
    own: [`${HOME}/project/.cache/deno`, `${HOME}/project/policy.jsonc`],
    files: [`${HOME}/project/.cache/deno/deps/`, `${HOME}/project/policy.jsonc`],
  },
  linked_worktree: {
    flags: "",
    cwd: `${HOME}/worktree`,
    repositories: [{ path: `${HOME}/worktree`, git: "file" }],
  },
  programs_denied: { flags: "--deny-run=sudo,absent", files: ["/usr/bin/sudo"], programs: PROGRAMS },
  programs_allowed: {
    flags: "--allow-run=git --deny-run=sudo,absent",
    files: ["/usr/bin/sudo", "/usr/bin/git"],
    programs: {
      ...PROGRAMS,
      allow: [GIT, {
        ...GIT,
        path: SafePath.of("/usr/lib64/ld-linux-x86-64.so.2"),
        because: "loader of /usr/bin/git",
      }],
    },
  },
  everything: { flags: "--allow-read --allow-write --allow-net --allow-env", files: SECRET_FILES },
};

function snapshot(name: string): string {
  return new URL(`__snapshots__/plan_${name}.txt`, import.meta.url).pathname;
}

for (const [name, scene] of Object.entries(SCENES)) {
  Deno.test(`the plan of ${name.replaceAll("_", " ")} is the one on file`, () => {
    const { text } = planOf(scene);
    // Set by hand to take the plans of today as right, after reading the difference.
    if (Deno.env.get("UPDATE_SNAPSHOTS") === "1") Deno.writeTextFileSync(snapshot(name), text);
    assert.equal(text, Deno.readTextFileSync(snapshot(name)));
  });
}

Deno.test("a plan is plain data: the same twice, and nothing of the caller's environment but what is allowed", () => {
  for (const scene of Object.values(SCENES)) {
    assert.equal(planOf(scene).text, planOf(scene).text);
    const { plan } = planOf(scene);
    const everything = scene.flags.includes("--allow-env");
    assert.equal(plan.environment.has("SECRET_TOKEN"), everything, scene.flags);
  }
});
