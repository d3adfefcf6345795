import assert from "node:assert/strict";
import { join } from "node:path";
import { type AttemptId, ATTEMPTS } from "../../lib/verify/attempt_titles.ts";
import { Box, fixture, isRoot, type Outcome, until } from "./tombolo.ts";

const denyCalls = fixture(import.meta.dirname, "deny_calls.py");
const ALL = Object.keys(ATTEMPTS) as AttemptId[];

interface Finding {
  readonly id: string;
  readonly status: string;
  readonly found: string;
  readonly remedy?: string;
}

/** What `doctor --json` says. */
interface Report {
  readonly backend: string | null;
  readonly full: boolean;
  readonly missing?: { readonly wrong: string; readonly remedy: string };
  readonly findings: readonly Finding[];
}

/** Runs doctor by way of a program that takes something from it. */
async function doctor(box: Box, through: readonly string[] = []): Promise<Outcome & { report: Report }> {
  const outcome = await box.tombolo(["doctor", "--json"], { through });
  assert.equal(outcome.stderr, "");
  return { ...outcome, report: JSON.parse(outcome.stdout) as Report };
}

function finding({ report }: { report: Report }, id: string): Finding {
  const found = report.findings.find((each) => each.id === id);
  assert.ok(found !== undefined, `${id} in ${JSON.stringify(report)}`);
  return found;
}

/** Puts another file at bwrap's place, which only an administrator could. */
function withBwrap(file: string): string[] {
  const real = Deno.realPathSync("/usr/bin/bwrap");
  return ["unshare", isRoot ? "-m" : "-rm", "sh", "-c", `mount --bind "$0" ${real} && exec "$@"`, file];
}

for (const ordinaryUser of [false, true]) {
  Deno.test(`doctor says that this host enforces the default policy, to ${ordinaryUser ? "an ordinary user" : "whoever runs the tests"}`, async () => {
    await using box = await Box.create({ ordinaryUser });
    const outcome = await doctor(box);
    assert.equal(outcome.code, 0, outcome.stdout);
    assert.deepEqual([outcome.report.full, outcome.report.backend], [true, "bubblewrap"]);
    assert.equal(finding(outcome, "bubblewrap").status, "ok");
    assert.equal(finding(outcome, "user-namespaces").status, "ok");
    assert.equal(finding(outcome, "permissions").status, "ok");
    assert.equal(finding(outcome, "landlock").found.startsWith("ABI "), true);
  });
}

Deno.test("doctor leaves nothing but its directories: no answer of it is remembered", async () => {
  await using box = await Box.create();
  await doctor(box);
  assert.deepEqual(await box.list("home/.local/state/tombolo"), ["run"]);
  assert.deepEqual(await box.list("work"), []);
});

Deno.test("where user namespaces are switched off, doctor names the setting, and status 1", async () => {
  await using box = await Box.create();
  const limit = 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"';
  const outcome = await doctor(box, ["unshare", "-Ur", "sh", "-c", limit, "sh"]);
  assert.equal(outcome.code, 1);
  assert.deepEqual([outcome.report.full, outcome.report.backend], [false, null]);
  const { status, remedy } = finding(outcome, "user-namespaces");
  assert.deepEqual([status, remedy], [
    "missing",
    "as root of the machine itself: sysctl -w user.max_user_namespaces=15000",
  ]);
  assert.equal(finding(outcome, "bubblewrap").status, "missing");
  assert.match(outcome.report.missing?.remedy ?? "", /max_user_namespaces/);
});

Deno.test("where a filter refuses namespaces, doctor has the remedy that run has, and status 1", async () => {
  await using box = await Box.create();
  const through = ["python3", denyCalls, "EPERM", "clone"];
  const outcome = await doctor(box, through);
  assert.equal(outcome.code, 1);
  const run = await box.run([], ["true"], { through });
  assert.equal(run.code, 125);
  const { found, remedy } = finding(outcome, "bubblewrap");
  assert.equal(run.stderr, `tombolo: ${found}; ${remedy}\n`);
});

Deno.test("without bubblewrap doctor says how to get it, and status 1", async () => {
  await using box = await Box.create();
  const outcome = await doctor(box, withBwrap("/dev/null"));
  assert.equal(outcome.code, 1);
  assert.match(finding(outcome, "bwrap").remedy ?? "", /apt install bubblewrap/);
  assert.equal(finding(outcome, "user-namespaces").status, "ok", "that is not what is missing");
  assert.ok(outcome.report.findings.every(({ id }) => id !== "bubblewrap"));
});

Deno.test("a setuid bubblewrap is refused, and doctor says how to take the bit away", async () => {
  await using box = await Box.create();
  await Deno.copyFile("/usr/bin/bwrap", join(box.root, "bwrap"));
  await Deno.chmod(join(box.root, "bwrap"), 0o4755);
  const outcome = await doctor(box, withBwrap(join(box.root, "bwrap")));
  assert.equal(outcome.code, 1);
  assert.match(finding(outcome, "bwrap").found, /it is setuid/);
  assert.match(finding(outcome, "bwrap").remedy ?? "", /chmod u-s/);
});

Deno.test("an old bubblewrap without a package is warned of, and one that is new enough is not", async () => {
  for (const [version, warned] of [["0.11.9", true], ["0.12.0", false]] as const) {
    await using box = await Box.create();
    await Deno.copyFile("/usr/bin/bwrap", join(box.root, "real"));
    const script =
      `#!/bin/sh\n[ "$1" != --version ] || { echo bubblewrap ${version}; exit; }\nexec ${box.root}/real "$@"\n`;
    await Deno.writeTextFile(join(box.root, "bwrap"), script, { mode: 0o755 });
    const outcome = await doctor(box, withBwrap(join(box.root, "bwrap")));
    assert.equal(outcome.code, 0, outcome.stdout);
    assert.equal(outcome.report.findings.some(({ id }) => id === "bwrap-advisory"), warned);
  }
});

for (
  const [code, says] of [["ENOSYS", /the kernel has none, or a filter/], [
    "EOPNOTSUPP",
    /switched off/,
  ]] as const
) {
  Deno.test(`where the kernel answers for Landlock with ${code}, doctor says so, and that it still enforces`, async () => {
    await using box = await Box.create();
    const outcome = await doctor(box, ["python3", denyCalls, code, "landlock_create_ruleset"]);
    assert.equal(outcome.code, 0, outcome.stdout);
    const { status, found } = finding(outcome, "landlock");
    assert.equal(status, "missing");
    assert.match(found, says);
  });
}

// As engines do it: something is mounted over a part of /proc, and the kernel lets nobody mount a fresh one then.
const MASKED = [
  "unshare",
  "-Urmpf",
  "--mount-proc",
  "sh",
  "-c",
  'mount -t tmpfs none /proc/sys/fs && exec "$@"',
  "sh",
];

Deno.test("where no /proc can be mounted, doctor warns, and a sandbox still holds", async () => {
  await using box = await Box.create();
  const outcome = await doctor(box, MASKED);
  assert.equal(outcome.code, 0, outcome.stdout);
  assert.equal(finding(outcome, "proc").status, "warning");
  const verified = await verify(box, MASKED);
  assert.deepEqual([verified.code, leaks(verified)], [0, []]);
});

Deno.test("a state directory that others may enter is found, and nothing would run", async () => {
  await using box = await Box.create();
  await Deno.mkdir(join(box.home, ".local/state/tombolo"), { recursive: true });
  await Deno.chmod(join(box.home, ".local/state/tombolo"), 0o755);
  const outcome = await doctor(box);
  assert.equal(outcome.code, 1);
  assert.match(finding(outcome, "directories").found, /others may enter it/);
});

Deno.test("the report for people has the same findings, and its last line names the backend", async () => {
  await using box = await Box.create();
  const { code, stdout, stderr } = await box.tombolo(["doctor"]);
  assert.deepEqual([code, stderr], [0, ""]);
  assert.match(stdout, /^ok +kernel +Linux /);
  assert.match(stdout, /\nruns use bubblewrap; the default policy .* in full\n$/);
});

for (
  const [args, says] of [
    [["--nonsense"], /Unknown flag/],
    [["--json=yes"], /takes no value/],
    [["now"], /takes no command/],
    [["--", "true"], /takes no command/],
    [["--trap=/nonexistent"], /--trap is for tombolo doctor --verify itself/],
  ] as const
) {
  Deno.test(`doctor ${args.join(" ")} is an error of one line, and 125`, async () => {
    await using box = await Box.create();
    const { code, stdout, stderr } = await box.tombolo(["doctor", ...args]);
    assert.deepEqual([code, stdout], [125, ""]);
    assert.match(stderr, /^tombolo: [^\n]+\n$/);
    assert.match(stderr, says);
  });
}

Deno.test("doctor --help has its flags and statuses, and --help names it", async () => {
  await using box = await Box.create();
  const own = await box.tombolo(["doctor", "--help"]);
  assert.equal(own.code, 0);
  assert.match(own.stdout, /--verify.*--json.*Exit status: 0 where/s);
  assert.doesNotMatch(own.stdout, /--trap/);
  assert.match((await box.tombolo(["--help"])).stdout, /\n {2}tombolo doctor /);
});

/** What `doctor --verify --json` says. */
interface Verification {
  readonly backend: string;
  readonly held: number;
  readonly leaked: number;
  readonly attempts: readonly { readonly id: AttemptId; readonly result: string; readonly saw: string }[];
}

async function verify(box: Box, through: readonly string[] = []): Promise<Outcome & { told: Verification }> {
  const outcome = await box.tombolo(["doctor", "--verify", "--json"], { through });
  assert.match(outcome.stdout, /^\{.*\}\n$/, outcome.stderr);
  return { ...outcome, told: JSON.parse(outcome.stdout) as Verification };
}

function leaks({ told }: { told: Verification }): AttemptId[] {
  return told.attempts.filter(({ result }) => result === "leaked").map(({ id }) => id);
}

for (const ordinaryUser of [false, true]) {
  Deno.test(`every attempt to escape is held, for ${ordinaryUser ? "an ordinary user" : "whoever runs the tests"}, and nothing is left behind`, async () => {
    await using box = await Box.create({ ordinaryUser });
    const outcome = await verify(box);
    assert.deepEqual(leaks(outcome), []);
    assert.deepEqual(outcome.told.attempts.map(({ id }) => id), ALL);
    assert.deepEqual([outcome.code, outcome.stderr, outcome.told.held], [0, "", ALL.length]);
    assert.deepEqual(await box.list("home/.local/state"), ["tombolo"]);
    assert.deepEqual(await box.list("work"), []);
  });
}

/** What is taken out of bubblewrap's arguments, and what leaks then at least; all else must still hold. */
const WALLS: readonly {
  readonly name: string;
  /** Shell text: decides about the arguments at the front. */
  readonly without: string;
  readonly leaked: readonly AttemptId[];
}[] = [
  {
    name: "the filter of system calls",
    without: "--seccomp) shift 2 ;;",
    leaked: [
      ...["unix-socket", "other-socket", "ptrace", "process-memory", "process-descriptor", "terminal"],
      ...["terminal-high-bits", "console", "unshare", "clone", "clone3", "setns", "keyring"],
    ] as AttemptId[],
  },
  {
    name: "the network namespace",
    without: "--unshare-net) shift ;;",
    leaked: ["tcp", "udp"],
  },
  {
    name: "the masks of secrets",
    without:
      '--ro-bind) case $3 in */.ssh* | */.aws* | */.netrc) shift 3 ;; *) keep "$1" "$2" "$3"; shift 3 ;; esac ;;',
    leaked: ["read-secret", "read-secret-by-proc"],
  },
  {
    name: "the masks of repositories",
    without: '--ro-bind) case $3 in */.git*) shift 3 ;; *) keep "$1" "$2" "$3"; shift 3 ;; esac ;;',
    leaked: ["git-hook", "git-config"],
  },
];

/** A bubblewrap that drops some of its arguments, and is the real one otherwise. */
async function weakBwrap(box: Box, without: string): Promise<string> {
  await Deno.copyFile("/usr/bin/bwrap", join(box.root, "real"));
  await Deno.chmod(join(box.root, "real"), 0o755);
  const script = `#!/bin/bash
kept=()
keep() { kept+=("$@"); }
while [ $# -gt 0 ]; do
  case $1 in
    --) keep "$@"; break ;;
    ${without}
    *) keep "$1"; shift ;;
  esac
done
exec ${box.root}/real "\${kept[@]}"
`;
  await Deno.writeTextFile(join(box.root, "weak"), script, { mode: 0o755 });
  return join(box.root, "weak");
}

for (const { name, without, leaked } of WALLS) {
  Deno.test(`without ${name} a verification says leaked of what that wall has held, and status 1`, async () => {
    await using box = await Box.create();
    const outcome = await verify(box, withBwrap(await weakBwrap(box, without)));
    assert.equal(outcome.code, 1, outcome.stderr);
    const found = leaks(outcome);
    assert.deepEqual(leaked.filter((id) => !found.includes(id)), [], JSON.stringify(outcome.told.attempts));
    assert.equal(outcome.told.leaked, found.length);
  });
}

Deno.test("what only one wall holds leaks only where that one is missing", async () => {
  await using box = await Box.create();
  const { told } = await verify(box, withBwrap(await weakBwrap(box, "--unshare-net) shift ;;")));
  assert.deepEqual(leaks({ told }).filter((id) => !["tcp", "udp"].includes(id)), []);
});

Deno.test("where no sandbox can be built, a verification says why, prints no verdict, and 125", async () => {
  await using box = await Box.create();
  const through = ["python3", denyCalls, "EPERM", "clone"];
  const { code, stdout, stderr } = await box.tombolo(["doctor", "--verify"], { through });
  assert.deepEqual([code, stdout], [125, ""]);
  assert.match(stderr, /^tombolo: Cannot build the sandbox: .*\ntombolo: Cannot verify: .*\n$/);
  assert.deepEqual(await box.list("home/.local/state"), ["tombolo"]);
});

for (const [signal, status] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) {
  Deno.test(`${signal} ends a verification with ${status}, and nothing is left of it`, async () => {
    await using box = await Box.create();
    const states = () => box.list("home/.local/state");
    const running = box.startTombolo(["doctor", "--verify"]);
    await until(async () => (await states()).some((name) => name.startsWith("tombolo-verify.")), "the trap");
    running.kill(signal);
    const { code, stdout } = await running.outcome();
    assert.deepEqual([code, stdout], [status, ""]);
    assert.deepEqual(await states(), ["tombolo"]);
  });
}
