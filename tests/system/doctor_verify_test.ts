import assert from "node:assert/strict";
import { join } from "node:path";
import { type AttemptId, ATTEMPTS } from "../../lib/verify/attempt_titles.ts";
import { MASKED_PROC } from "./masked_proc.ts";
import { Box, fixture, type Outcome, until } from "./tombolo.ts";
import { withBwrap } from "./with_bwrap.ts";

const denyCalls = fixture(import.meta.dirname, "deny_calls.py");
const ALL = Object.keys(ATTEMPTS) as AttemptId[];

/** What `doctor --verify --json` says. */
interface Verification {
  readonly backend: string;
  readonly held: number;
  readonly leaked: number;
  readonly attempts: readonly { readonly id: AttemptId; readonly result: string; readonly saw: string }[];
}

async function verify(
  box: Box,
  through: readonly string[] = [],
  flags: readonly string[] = [],
): Promise<Outcome & { told: Verification }> {
  const outcome = await box.tombolo(["doctor", "--verify", "--json", ...flags], { through });
  assert.match(outcome.stdout, /^\{.*\}\n$/, outcome.stderr);
  return { ...outcome, told: JSON.parse(outcome.stdout) as Verification };
}

function leaks({ told }: { told: Verification }): AttemptId[] {
  return told.attempts.filter(({ result }) => result === "leaked").map(({ id }) => id);
}

for (const backend of ["bubblewrap", "landlock"]) {
  for (const ordinaryUser of [false, true]) {
    Deno.test(`${backend}: every attempt to escape is held, for ${ordinaryUser ? "an ordinary user" : "whoever runs the tests"}, and nothing is left behind`, async () => {
      await using box = await Box.create({ ordinaryUser });
      const outcome = await verify(box, [], [`--backend=${backend}`]);
      assert.deepEqual(leaks(outcome), []);
      assert.equal(outcome.told.backend, backend);
      assert.deepEqual(outcome.told.attempts.map(({ id }) => id), ALL);
      assert.deepEqual([outcome.code, outcome.stderr, outcome.told.held], [0, "", ALL.length]);
      assert.deepEqual(await box.list("home/.local/state"), ["tombolo"]);
      assert.deepEqual(await box.list("work"), []);
    });
  }
}

Deno.test("with user namespaces switched off auto takes Landlock, and every attempt is held", async () => {
  await using box = await Box.create();
  const limit = 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"';
  const outcome = await verify(box, ["unshare", "-Ur", "sh", "-c", limit, "sh"]);
  assert.deepEqual([outcome.code, outcome.told.backend, leaks(outcome)], [0, "landlock", []]);
});

Deno.test("where no /proc can be mounted, every attempt is held too", async () => {
  await using box = await Box.create();
  const outcome = await verify(box, MASKED_PROC);
  assert.deepEqual([outcome.code, leaks(outcome)], [0, []]);
});

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
  const through = [
    "python3",
    denyCalls,
    "EPERM",
    "clone",
    "python3",
    denyCalls,
    "ENOSYS",
    "landlock_create_ruleset",
  ];
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
