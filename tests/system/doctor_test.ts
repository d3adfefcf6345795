import assert from "node:assert/strict";
import { join } from "node:path";
import { MASKED_PROC } from "./masked_proc.ts";
import { Box, fixture, type Outcome } from "./tombolo.ts";
import { withBwrap } from "./with_bwrap.ts";

const denyCalls = fixture(import.meta.dirname, "deny_calls.py");

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

const LIMIT = 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"';
const NO_NAMESPACES = ["unshare", "-Ur", "sh", "-c", LIMIT, "sh"];
const NO_LANDLOCK = ["python3", denyCalls, "ENOSYS", "landlock_create_ruleset"];

Deno.test("where user namespaces are switched off, doctor says that runs use Landlock", async () => {
  await using box = await Box.create();
  const outcome = await doctor(box, NO_NAMESPACES);
  assert.equal(outcome.code, 0, outcome.stdout);
  assert.deepEqual([outcome.report.full, outcome.report.backend], [true, "landlock"]);
  assert.equal(finding(outcome, "bubblewrap").status, "missing");
});

Deno.test("where user namespaces and Landlock are switched off, doctor names both, and status 1", async () => {
  await using box = await Box.create();
  const outcome = await doctor(box, [...NO_NAMESPACES, ...NO_LANDLOCK]);
  assert.equal(outcome.code, 1);
  assert.deepEqual([outcome.report.full, outcome.report.backend], [false, null]);
  const { status, remedy } = finding(outcome, "user-namespaces");
  assert.deepEqual([status, remedy], [
    "missing",
    "as root of the machine itself: sysctl -w user.max_user_namespaces=15000",
  ]);
  assert.equal(finding(outcome, "bubblewrap").status, "missing");
  assert.match(outcome.report.missing?.remedy ?? "", /max_user_namespaces.*or Linux 6\.2/);
});

Deno.test("where a filter refuses namespaces, doctor has the remedy that run has, and status 1", async () => {
  await using box = await Box.create();
  const through = ["python3", denyCalls, "EPERM", "clone", ...NO_LANDLOCK];
  const outcome = await doctor(box, through);
  assert.equal(outcome.code, 1);
  const run = await box.run(["--backend=bubblewrap"], ["true"], { through });
  assert.equal(run.code, 125);
  const { found, remedy } = finding(outcome, "bubblewrap");
  assert.equal(run.stderr, `tombolo: ${found}; ${remedy}\n`);
});

Deno.test("without bubblewrap doctor says how to get it, and status 1", async () => {
  await using box = await Box.create();
  const outcome = await doctor(box, [...withBwrap("/dev/null"), ...NO_LANDLOCK]);
  assert.equal(outcome.code, 1);
  assert.match(finding(outcome, "bwrap").remedy ?? "", /apt install bubblewrap/);
  assert.equal(finding(outcome, "user-namespaces").status, "ok", "that is not what is missing");
  assert.ok(outcome.report.findings.every(({ id }) => id !== "bubblewrap"));
});

Deno.test("a setuid bubblewrap is refused, and doctor says how to take the bit away", async () => {
  await using box = await Box.create();
  await Deno.copyFile("/usr/bin/bwrap", join(box.root, "bwrap"));
  await Deno.chmod(join(box.root, "bwrap"), 0o4755);
  const outcome = await doctor(box, [...withBwrap(join(box.root, "bwrap")), ...NO_LANDLOCK]);
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

Deno.test("where no /proc can be mounted, doctor warns, and it still enforces", async () => {
  await using box = await Box.create();
  const outcome = await doctor(box, MASKED_PROC);
  assert.equal(outcome.code, 0, outcome.stdout);
  assert.equal(finding(outcome, "proc").status, "warning");
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
    [["--backend=landlock"], /means nothing without --verify/],
    [["--verify", "--backend=docker"], /Unknown backend/],
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
