import assert from "node:assert/strict";
import { HostPattern } from "../../../lib/host/host_pattern.ts";
import { SafePath } from "../../../lib/paths/safe_path.ts";
import type { Plan } from "../../../lib/plan/plan.ts";
import type { Policy } from "../../../lib/policy/policy.ts";
import { type FakeHost, pathPolicy, protection } from "../facts.ts";
import { profileOf, simulateSeatbelt, TEMPORARY } from "../seatbelt_view.ts";
import { macPlan, type MacScene } from "./mac_plan.ts";

const rule = { text: "x", origin: "--allow-net" };
const NET: Partial<Policy> = { net: { allow: [], deny: [], allowAll: rule, resolve: new Map() } };
const WORKSPACE: MacScene = {
  protections: [protection("/Users/ann/.ssh", "read"), protection("/Users/ann/work/.git/hooks", "write")],
};

Deno.test("in a workspace secrets are hidden, hooks are kept, and the rest can be worked on", () => {
  const simulator = simulateSeatbelt(macPlan(WORKSPACE));
  const rows: Readonly<Record<string, "none" | "read" | "write">> = {
    "/Users/ann": "read",
    "/Users/ann/.ssh": "none",
    "/Users/ann/.ssh/id": "none",
    "/Users/ann/work": "write",
    "/Users/ann/work/src/main.ts": "write",
    "/Users/ann/work/.git": "write",
    "/Users/ann/work/.git/hooks": "read",
    "/Users/ann/work/.git/hooks/pre-commit": "read",
    "/private/etc/passwd": "read",
  };
  for (const [path, wanted] of Object.entries(rows)) assert.equal(simulator.see(path), wanted, path);
  assert.ok(!simulator.canRename("/Users/ann/work/.git"), "hooks would go with it");
  assert.ok(!simulator.canRename("/Users/ann/work"));
  assert.ok(simulator.canRename("/Users/ann/work/src"));
});

Deno.test("temporary files of others are hidden, by both names of their directories", () => {
  const simulator = simulateSeatbelt(macPlan());
  for (
    const path of [
      "/private/tmp/other/file",
      "/tmp/other/file",
      "/private/var/folders/ab/cd/T/other",
      "/var/folders/ab/cd/T/other",
      "/private/var/tmp/x",
    ]
  ) assert.equal(simulator.see(path), "none", path);
  assert.equal(simulator.see(`${TEMPORARY}/mine`), "write");
  assert.equal(simulator.see(`${TEMPORARY}x`), "none");
  assert.ok(!simulator.canRename(TEMPORARY));
  for (const path of ["/tmp", "/private", "/private/tmp", "/var", "/etc"]) {
    assert.ok(simulator.canPass(path), path);
  }
});

Deno.test("a directory of the host's /tmp that a rule names is the host's", () => {
  const rules = { readAllow: ["/"], writeAllow: ["/tmp/other"] };
  const simulator = simulateSeatbelt(macPlan({ rules, cwd: "/private/tmp/other" }));
  assert.equal(simulator.see("/private/tmp/other/file"), "write");
  assert.equal(simulator.see("/private/tmp/another"), "none");
});

Deno.test("what programs need to start is readable where nothing else is, unless a rule denies it", () => {
  const none: MacScene = { rules: {}, policy: { base: "none" } };
  const simulator = simulateSeatbelt(macPlan(none));
  assert.equal(simulator.see("/usr/lib/dyld"), "read");
  assert.equal(simulator.see("/System/Library/Frameworks/x"), "read");
  assert.ok(simulator.allows("file-read-data", { path: "/" }));
  for (const path of ["/usr/bin/git", "/Users", "/Users/ann/work", "/private/etc/passwd"]) {
    assert.equal(simulator.see(path), "none", path);
  }
  const denied = simulateSeatbelt(macPlan({ ...none, rules: { readDeny: ["/usr/lib/dyld"] } }));
  assert.equal(denied.see("/usr/lib/dyld"), "none");
  assert.equal(denied.see("/usr/lib/other"), "read");
});

Deno.test("of devices only those that hold nothing of the host's are there, and no other terminal", () => {
  const simulator = simulateSeatbelt(macPlan(), { terminal: "/dev/ttys003" });
  const can = (operation: string, path: string, extension?: string) =>
    simulator.allows(operation, { path, ...(extension === undefined ? {} : { extension }) });
  for (const path of ["/dev/null", "/dev/zero", "/dev/tty", "/dev/ttys003"]) {
    assert.ok(can("file-read-data", path) && can("file-write-data", path) && can("file-ioctl", path), path);
  }
  assert.ok(can("file-read-data", "/dev/urandom") && !can("file-write-data", "/dev/urandom"));
  for (const path of ["/dev/ttys004", "/dev/disk0", "/dev/rdisk0", "/dev/bpf0", "/dev/auditpipe", "/dev"]) {
    for (const operation of ["file-read-data", "file-write-data", "file-ioctl"]) {
      assert.ok(!can(operation, path), `${operation} ${path}`);
    }
  }
  // Its own, of a program such as script(1).
  assert.ok(can("file-write-data", "/dev/ttys004", "com.apple.sandbox.pty"));
  const typed = { path: "/dev/ttys003", ioctl: "TIOCSTI" };
  assert.ok(!simulator.allows("file-ioctl", typed));
  assert.ok(simulator.allows("file-ioctl", { ...typed, ioctl: "TIOCGWINSZ" }));
});

Deno.test("no process of the host can be signalled or looked into, no second name be made", () => {
  const simulator = simulateSeatbelt(macPlan());
  for (const operation of ["signal", "process-info-pidinfo", "process-info-rusage"]) {
    assert.ok(simulator.allows(operation, { process: "same-sandbox" }), operation);
    assert.ok(!simulator.allows(operation, { process: "others" }), operation);
  }
  assert.ok(!simulator.allows("file-link", { path: "/Users/ann/work/src/main.ts" }));
  assert.ok(!simulator.allows("sysctl-read", { name: "kern.procargs2" }));
  assert.ok(!simulator.allows("sysctl-read", { name: "kern.proc.all" }));
  assert.ok(simulator.allows("sysctl-read", { name: "hw.ncpu" }));
  assert.ok(!simulator.allows("sysctl-write", { name: "hw.ncpu" }));
});

Deno.test("no service is within reach that acts outside of the sandbox", () => {
  const reached = (plan: Plan, name: string) =>
    simulateSeatbelt(plan, { port: 1 }).allows("mach-lookup", { name });
  const services = [
    "com.apple.coreservices.launchservicesd",
    "com.apple.lsd.mapdb",
    "com.apple.coreservices.appleevents",
    "com.apple.SecurityServer",
    "com.apple.securityd.xpc",
    "com.apple.cfprefsd.agent",
    "com.apple.pasteboard.1",
    "com.apple.FSEvents",
    "com.apple.dnssd.service",
    "com.apple.mDNSResponder",
    "com.apple.trustd",
    "com.apple.trustd.agent",
  ];
  const trusting = macPlan({ policy: { ...NET, trustd: { text: "trustd", origin: "--allow-trustd" } } });
  for (const plan of [macPlan(), macPlan({ policy: NET })]) {
    assert.deepEqual(services.filter((name) => reached(plan, name)), []);
    assert.ok(reached(plan, "com.apple.system.opendirectoryd.libinfo"));
  }
  assert.deepEqual(services.filter((name) => reached(trusting, name)), ["com.apple.trustd.agent"]);
  assert.match(trusting.notices.join(), /--allow-trustd/);
  for (const operation of ["job-creation", "appleevent-send", "lsopen", "file-mount", "mach-register"]) {
    assert.ok(!simulateSeatbelt(macPlan()).allows(operation), operation);
  }
});

Deno.test("without hosts nothing is connected to, with hosts the gateway's port alone", () => {
  const remotes = [
    { host: "localhost", port: 4321 },
    { host: "localhost", port: 22 },
    { host: "93.184.216.34", port: 4321 },
  ];
  const reached = (plan: Plan, port?: number) => {
    const simulator = simulateSeatbelt(plan, port === undefined ? {} : { port });
    for (const operation of ["network-bind", "network-inbound"]) {
      assert.ok(!simulator.allows(operation), operation);
    }
    return remotes.filter((remote) => simulator.allows("network-outbound", { remote }));
  };
  assert.deepEqual(reached(macPlan()), []);
  assert.deepEqual(reached(macPlan({ policy: NET }), 4321), remotes.slice(0, 1));
  const allow = [{ ...rule, pattern: HostPattern.parse("a.test") }];
  const net = { allow, deny: [], denyAll: rule, resolve: new Map() };
  assert.deepEqual(reached(macPlan({ policy: { net } })), []);
});

Deno.test("what is no port makes no profile", () => {
  const plan = macPlan({ policy: NET });
  for (const port of [undefined, 0, -1, 1.5, 65536, NaN, '1")(allow default)' as unknown as number]) {
    const context = port === undefined ? {} : { port };
    assert.throws(() => profileOf(plan, context), TypeError, String(port));
  }
});

Deno.test("a unix socket that is allowed can be connected to, and no other", () => {
  const { read } = pathPolicy({ readAllow: ["/var/run/docker.sock"] });
  const open = simulateSeatbelt(macPlan({ policy: { unix: read.allow } }));
  const connects = (simulator: typeof open, socket: string) =>
    simulator.allows("network-outbound", { socket });
  assert.ok(connects(open, "/private/var/run/docker.sock"));
  assert.ok(!connects(open, "/private/var/run/other.sock"));
  assert.ok(open.allows("system-socket", { domain: "AF_UNIX" }));
  const closed = simulateSeatbelt(macPlan());
  assert.ok(!connects(closed, "/private/var/run/docker.sock"));
  assert.ok(!closed.allows("system-socket", { domain: "AF_UNIX" }));
});

Deno.test("denied programs are neither executed nor read; beside a list nothing is executed", () => {
  const program = (path: string, origin: string) => ({
    path: SafePath.of(path),
    rule: { text: path, origin },
  });
  const rest = { notices: [], shell: SafePath.of("/bin/sh"), topLevel: [] };
  const runs = (programs: FakeHost["programs"] & object, path: string) =>
    simulateSeatbelt(macPlan({ programs })).allows("process-exec", { path });
  const denying = { ...rest, deny: [program("/usr/bin/open", "--deny-run")] };
  assert.ok(!runs(denying, "/usr/bin/open"));
  assert.ok(runs(denying, "/usr/bin/git"));
  assert.equal(simulateSeatbelt(macPlan({ programs: denying })).see("/usr/bin/open"), "none");
  const listing = {
    ...denying,
    allow: [program("/opt/homebrew/bin", "--allow-run"), program("/usr/bin/git", "--allow-run")],
  };
  for (const path of ["/usr/bin/git", "/opt/homebrew/bin/node"]) assert.ok(runs(listing, path), path);
  for (const path of ["/usr/bin/open", "/usr/bin/env", "/opt/homebrew/binx", "/Users/ann/work/git"]) {
    assert.ok(!runs(listing, path), path);
  }
  assert.ok(simulateSeatbelt(macPlan()).allows("process-exec", { path: "/usr/bin/env" }));
});

Deno.test("the file of certificates is readable wherever it lies", () => {
  const given: MacScene = {
    rules: { readAllow: ["/usr"], writeAllow: ["/Users/ann/work"] },
    caBundle: "/Users/ann/corp.pem",
    policy: NET,
  };
  assert.equal(simulateSeatbelt(macPlan(given), { port: 1 }).see("/Users/ann/corp.pem"), "read");
});
