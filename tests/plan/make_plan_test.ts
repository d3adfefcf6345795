import assert from "node:assert/strict";
import { bwrapArguments, DESCRIPTORS, ISOLATION, SECCOMP_INSIDE } from "../../lib/plan/bwrap_arguments.ts";
import { makePlan } from "../../lib/plan/make_plan.ts";
import { isPlainVariable } from "../../lib/plan/plain_variable.ts";
import type { PlanRequest } from "../../lib/plan/plan_request.ts";
import type { Mount, Plan } from "../../lib/plan/plan.ts";
import type { Policy } from "../../lib/policy/policy.ts";
import { HostPattern } from "../../lib/host/host_pattern.ts";
import { TomboloError } from "../../lib/report/tombolo_error.ts";
import { type FakeHost, FakeTree, hostFacts, pathPolicy, protection, type RuleTexts } from "./facts.ts";

const HOST = [
  "/usr/bin/env",
  "/usr/bin/sh",
  "/usr/lib/ld.so",
  "/run/",
  "/tmp/",
  "/dev/",
  "/proc/",
  "/work/a/b",
  "=/work/socket",
];

const REQUEST: PlanRequest = {
  command: ["true"],
  environment: new Map([["PATH", "/usr/bin"]]),
  cwdNamed: false,
  runtime: { deno: "/opt/deno", stage2: "/opt/stage2.js" },
};

interface Given extends Partial<Omit<FakeHost, "policy" | "tree">> {
  readonly rules?: RuleTexts;
  readonly policy?: Partial<Policy>;
  readonly request?: Partial<PlanRequest>;
  readonly files?: readonly string[];
}

function planOf(given: Given = {}): Plan {
  const policy = pathPolicy(given.rules ?? { readAllow: ["/"] }, { base: "workspace", ...given.policy });
  const tree = new FakeTree([...HOST, ...given.files ?? []]);
  const facts = hostFacts({ env: "/usr/bin/env", ...given, tree, policy });
  return makePlan(policy, facts, { ...REQUEST, ...given.request });
}

function refused(given: Given, message: RegExp): TomboloError {
  try {
    planOf(given);
  } catch (error) {
    assert.ok(error instanceof TomboloError, String(error));
    assert.match(error.message, message);
    return error;
  }
  return assert.fail(`not refused: ${message}`);
}

function kinds(plan: Plan): string[] {
  return plan.mounts.map(({ kind, target }) => `${kind} ${target}`);
}

const rule = { text: "x", origin: "--allow-net" };
const NET: Partial<Policy> = { net: { allow: [], deny: [], allowAll: rule, resolve: new Map() } };

Deno.test("without network and with plain variables bubblewrap starts the command by itself, through env", () => {
  const plan = planOf();
  assert.deepEqual(plan.launcher, { kind: "direct", env: "/usr/bin/env" });
  assert.ok(!kinds(plan).some((text) => text.includes("tombolo")));
});

Deno.test("stage2 starts the command wherever env alone would not do", () => {
  const rows: readonly Given[] = [
    { policy: NET },
    { request: { stage2: true } },
    { request: { command: ["a=b"] } },
    { request: { command: ["./x=y/program"] } },
    { request: { environment: new Map([["LD_PRELOAD", "x"]]) } },
    { request: { environment: new Map([["NODE_OPTIONS", "x"]]) } },
    { request: { environment: new Map([["a-b", "x"]]) } },
    { rules: { readAllow: ["/"], readDeny: ["/usr/bin/env"] } },
    { rules: { readAllow: ["/work"] }, policy: { base: "none" } },
  ];
  for (const given of rows) {
    const plan = planOf(given);
    assert.equal(plan.launcher.kind, "stage2", JSON.stringify(given));
    assert.ok(kinds(plan).includes("file /run/tombolo/deno"));
    assert.ok(kinds(plan).includes("file /run/tombolo/stage2.js"));
  }
  const policy = pathPolicy({ readAllow: ["/"] });
  const noEnv = makePlan(policy, hostFacts({ tree: new FakeTree(HOST), policy }), REQUEST);
  assert.equal(noEnv.launcher.kind, "stage2");
});

Deno.test("an equals sign in an argument is nothing special", () => {
  assert.equal(planOf({ request: { command: ["make", "CC=gcc"] } }).launcher.kind, "direct");
});

Deno.test("the gateway's socket is there only where something may leave", () => {
  const allow = [{ ...rule, pattern: HostPattern.parse("a.test") }];
  const nets: readonly (readonly [Policy["net"], "none" | "gateway"])[] = [
    [{ allow: [], deny: [], resolve: new Map() }, "none"],
    [{ allow, deny: [], resolve: new Map() }, "gateway"],
    [{ allow: [], deny: [], allowAll: rule, resolve: new Map() }, "gateway"],
    [{ allow, deny: allow, resolve: new Map() }, "gateway"],
    [{ allow, deny: [], allowAll: rule, denyAll: rule, resolve: new Map() }, "none"],
    [{ allow: [], deny: allow, resolve: new Map() }, "none"],
  ];
  for (const [net, wanted] of nets) {
    const plan = planOf({ policy: { net } });
    assert.equal(plan.network, wanted);
    assert.equal(kinds(plan).includes("socket /run/tombolo/gateway.sock"), wanted === "gateway");
  }
});

Deno.test("where the host's loader is hidden, stage2 comes with its own libraries", () => {
  const runtime = {
    ...REQUEST.runtime,
    libraries: ["/usr/lib/ld.so", "/usr/lib/libc.so.6", "/usr/lib/x/libm.so"],
  };
  const plan = planOf({ rules: { readAllow: ["/work"] }, request: { runtime }, policy: { base: "none" } });
  const call = ["/run/tombolo/lib/loader", "--library-path", "/run/tombolo/lib"];
  assert.deepEqual(plan.launcher, {
    kind: "stage2",
    program: [...call, "/run/tombolo/deno"],
    script: "/run/tombolo/stage2.js",
  });
  for (const target of ["lib/loader", "lib/libc.so.6", "lib/libm.so"]) {
    assert.ok(kinds(plan).includes(`file /run/tombolo/${target}`), target);
  }
  const shown = planOf({ request: { runtime, stage2: true } });
  assert.deepEqual(shown.launcher, {
    kind: "stage2",
    program: ["/run/tombolo/deno"],
    script: "/run/tombolo/stage2.js",
  });
});

Deno.test("the working directory is the caller's, where it can be seen", () => {
  assert.equal(planOf({ cwd: "/work/a" }).cwd, "/work/a");
  assert.equal(planOf({ cwd: "/work/a", rules: { writeAllow: ["/work"] } }).cwd, "/work/a");
});

Deno.test("a working directory that is hidden is an error that names the flag", () => {
  const hidden: Given = { cwd: "/work/a", rules: { readAllow: ["/"], readDeny: ["/work"] } };
  assert.equal(
    refused(hidden, /Cannot use working directory "\/work\/a"/).remedy,
    "allow it: --allow-read=/work/a",
  );
  refused({ cwd: "/tmp/x", files: ["/tmp/x/"] }, /Cannot use working directory/);
});

Deno.test("with the preset none a hidden working directory becomes the root, unless it was named", () => {
  const none: Given = { cwd: "/work/a", rules: {}, policy: { base: "none" } };
  assert.equal(planOf(none).cwd, "/");
  refused({ ...none, request: { cwdNamed: true } }, /Cannot use working directory/);
});

Deno.test("an allow rule for nothing is an error, a preset's is skipped", () => {
  refused(
    { rules: { readAllow: ["/", "/absent"] } },
    /Cannot allow reading of "\/absent" \(--allow-read\): no such file/,
  );
  refused({ rules: { readAllow: ["/"], writeAllow: ["/absent"] } }, /Cannot allow writing of "\/absent"/);
  const { write } = pathPolicy({ writeAllow: ["/absent"] });
  const optional = { allow: write.allow.map((each) => ({ ...each, optional: true })), deny: [] };
  assert.deepEqual(kinds(planOf({ policy: { write: optional } })), kinds(planOf()));
});

Deno.test("an allow rule that a planted link leads elsewhere is an error that names the target", () => {
  const given: Given = {
    files: ["/work/l -> /usr"],
    rules: { readAllow: ["/"], writeAllow: ["/work/l/bin"] },
    trusted: [],
  };
  const error = refused(
    given,
    /Cannot allow writing of "\/work\/l\/bin" .*"\/work\/l" is a symbolic link to "\/usr\/bin"/,
  );
  assert.equal(error.remedy, "name the target itself");
  assert.ok(kinds(planOf({ ...given, trusted: ["/work/l"] })).includes("write /usr/bin"));
});

Deno.test("a socket cannot be allowed, and can be hidden", () => {
  refused(
    { rules: { readAllow: ["/", "/work/socket"] } },
    /Cannot allow "\/work\/socket".*socket, pipe or device/,
  );
  assert.ok(
    kinds(planOf({ rules: { readAllow: ["/"], readDeny: ["/work/socket"] } })).includes(
      "mask-file /work/socket",
    ),
  );
});

Deno.test("what is seen without rules is a sealed root of the sandbox's own", () => {
  const plan = planOf({ rules: {}, policy: { base: "none" } });
  assert.deepEqual(kinds(plan), [
    "dev /dev",
    "proc /proc",
    "tmpfs /run",
    "tmpfs /tmp",
    "file /run/tombolo/deno",
    "file /run/tombolo/stage2.js",
    "seal /run",
    "seal /",
  ]);
});

Deno.test("a whole directory is masked once, however many rules hide what it holds", () => {
  const given: Given = {
    rules: { readAllow: ["/"], readDeny: ["/work", "/work/a", "/work/a/b"] },
    protections: [protection("/work/a/b", "read")],
  };
  assert.deepEqual(kinds(planOf(given)).filter((text) => text.startsWith("mask")), ["mask-directory /work"]);
});

Deno.test("the limit on time, the notices and the rules are passed on", () => {
  const plan = planOf({
    policy: { limits: { wallTime: { text: "5ms", origin: "--timeout", value: 5 } }, notices: ["note"] },
  });
  assert.equal(plan.limits.wallTime?.value, 5);
  assert.deepEqual(plan.notices, ["note"]);
  assert.deepEqual(planOf().limits, {});
});

Deno.test("variables that loaders, shells and runtimes read are not plain", () => {
  const read = [
    "LD_PRELOAD",
    "LD_LIBRARY_PATH",
    "DENO_DIR",
    "NODE_OPTIONS",
    "BASH_ENV",
    "ENV",
    "IFS",
    "PS4",
    "SHELLOPTS",
  ];
  const more = [
    "GLIBC_TUNABLES",
    "MALLOC_CHECK_",
    "TOMBOLO_STAGE2_ENV",
    "SSL_CERT_FILE",
    "GCONV_PATH",
    "_",
    "V8_X",
  ];
  const odd = ["", "a-b", "1a", "BASH_FUNC_x%%", "a.b", "a b", "a\n", "\u00e9"];
  for (const name of [...read, ...more, ...odd]) assert.ok(!isPlainVariable(name), JSON.stringify(name));
  for (
    const name of ["PATH", "HOME", "LC_ALL", "TERM", "ENVIRONMENT", "XDG_CACHE_HOME", "npm_config_cache"]
  ) {
    assert.ok(isPlainVariable(name), name);
  }
});

function argumentsOf(plan: Plan, command: readonly string[] = ["run"]): string[] {
  return bwrapArguments(plan, {
    masks: { maskFile: "/state/mask/file", maskDirectory: "/state/mask/directory" },
    socket: "/state/run/1/gateway.sock",
    publishSocket: "/state/run/1/publish.sock",
    seccomp: "/state/filter",
    command,
  });
}

// The arguments that follow an option each time that it stands there.
function uses(args: readonly string[], option: string, count: number): string[][] {
  return args.flatMap((arg, index) => arg === option ? [args.slice(index + 1, index + 1 + count)] : []);
}

Deno.test("bubblewrap's arguments isolate first and end with the command after two dashes", () => {
  const args = argumentsOf(planOf(), ["sh", "-c", "--"]);
  assert.deepEqual(args.slice(0, ISOLATION.length), ISOLATION);
  assert.deepEqual(args.slice(-6), ["--chdir", "/", "--", "sh", "-c", "--"]);
  const isolated = ["user", "ipc", "pid", "net", "uts", "cgroup"].map((name) => `--unshare-${name}`);
  assert.deepEqual(isolated.filter((option) => !ISOLATION.includes(option)), []);
  assert.ok(ISOLATION.includes("--die-with-parent"));
  assert.deepEqual(uses(args, "--cap-drop", 1), [["ALL"]]);
  assert.ok(
    !args.some((option) => /^--(?:share-net|unshare-.*-try|new-session|cap-add|dev-bind)/.test(option)),
  );
});

Deno.test("each kind of mount has its option, in the order of the plan, and seals come last", () => {
  const mounts: Mount[] = [
    { kind: "seal", target: "/z" },
    { kind: "read", target: "/r" },
    { kind: "write", target: "/w" },
    { kind: "mask-file", target: "/mf" },
    { kind: "mask-directory", target: "/md" },
    { kind: "tmpfs", target: "/t", mode: "0111" },
    { kind: "file", source: "/from", target: "/f" },
    { kind: "socket", target: "/s" },
    { kind: "symlink", source: "/to", target: "/l" },
    { kind: "proc", target: "/proc" },
    { kind: "dev", target: "/dev" },
  ];
  const args = argumentsOf({ ...planOf(), mounts });
  const from = args.indexOf("--ro-bind");
  assert.equal(
    args.slice(from, args.indexOf("--chdir")).join(" "),
    "--ro-bind /r /r --bind /w /w --ro-bind /state/mask/file /mf --ro-bind /state/mask/directory /md " +
      "--perms 0111 --tmpfs /t --ro-bind /from /f --ro-bind /state/run/1/gateway.sock /s --symlink /to /l " +
      `--proc /proc --remount-ro /proc --dev /dev --seccomp ${DESCRIPTORS.seccomp} --remount-ro /z`,
  );
});

Deno.test("the filter is loaded by bubblewrap itself, or is a file inside for stage2", () => {
  const direct = argumentsOf(planOf());
  assert.deepEqual(uses(direct, "--seccomp", 1), [[DESCRIPTORS.seccomp]]);
  assert.ok(!direct.includes(SECCOMP_INSIDE));
  const stage2 = argumentsOf(planOf({ policy: NET }));
  assert.deepEqual(uses(stage2, "--seccomp", 1), []);
  assert.ok(
    uses(stage2, "--ro-bind", 2).some(([from, to]) => from === "/state/filter" && to === SECCOMP_INSIDE),
  );
  const sealed = stage2.findIndex((word, index) => word === "--remount-ro" && stage2[index + 1] === "/run");
  assert.ok(stage2.indexOf(SECCOMP_INSIDE) < sealed, "nothing can be mounted in a sealed place");
});
