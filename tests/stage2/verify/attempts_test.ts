import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { LaidTrap } from "../../../lib/launch/doctor/laid_trap.ts";
import { type Verdict, verdicts } from "../../../lib/report/doctor/verdicts.ts";
import { type AttemptId, ATTEMPTS } from "../../../lib/verify/attempt_titles.ts";
import { TempDirectory } from "../../launch/temp_directory.ts";
import { exists } from "../../system/tombolo.ts";

const program = fileURLToPath(new URL("../../../stage2/verify/main.ts", import.meta.url));
const deno = Deno.execPath();
const SELF = [deno, "run", "--quiet", "--no-lock", "--allow-all", program];

/** Runs the attempts in a trap with nothing around them. */
async function attempt(laid: LaidTrap): Promise<Verdict[]> {
  const { stdout, stderr } = await new Deno.Command("/bin/sh", {
    args: ["-c", 'exec 7<"$1"; shift; exec "$@"', "sh", laid.file, ...SELF, "attempt", laid.file, ...SELF],
    env: laid.environment,
    stdin: "null",
  }).output();
  assert.equal(new TextDecoder().decode(stderr), "");
  return verdicts(new TextDecoder().decode(stdout), await laid.effects());
}

// Where no sandbox is, whoever runs this can do all of it.
const ANYBODY: readonly AttemptId[] = [
  ...["write-outside", "change-outside", "change-by-link", "mode-outside", "read-secret"] as const,
  ...[
    "read-secret-by-proc",
    "read-host-tmp",
    "git-hook",
    "git-config",
    "git-rename",
    "host-executed",
  ] as const,
  ...["own-state", "tcp", "udp", "unix-socket", "abstract-socket", "environ", "environ-by-proc"] as const,
  ...["descriptor", "signal", "capabilities"] as const,
];

Deno.test("with no sandbox around them the attempts succeed, and the host sees what they did", async () => {
  await using laid = await LaidTrap.lay("/var/tmp", { deno, program });
  const judged = await attempt(laid);
  const held = judged.filter(({ result }) => result === "held").map(({ id }) => id);
  assert.deepEqual(held.filter((id) => ANYBODY.includes(id)), []);
  const saw = Object.fromEntries(judged.map(({ id, saw }) => [id, saw]));
  assert.equal(saw["tcp"], "success");
  assert.equal(saw["udp"], "it came");
  assert.equal(saw["unix-socket"], "success");
  assert.equal(saw["signal"], "the process has ended");
  assert.equal(saw["write-outside"], "the file is there");
  assert.equal(saw["mode-outside"], "the mode has changed");
  assert.equal(saw["host-executed"], "the file is there at the end");
  assert.equal(saw["descriptor"], "descriptor 7");
});

Deno.test("a trap that nobody has touched has seen nothing, and leaves nothing", async () => {
  const laid = await LaidTrap.lay("/var/tmp", { deno, program });
  const { root, trap: { temporary, pid } } = laid;
  assert.deepEqual([...await laid.effects()], []);
  await laid[Symbol.asyncDispose]();
  assert.deepEqual([await exists(root), await exists(temporary), await exists(`/proc/${pid}`)], [
    false,
    false,
    false,
  ]);
});

Deno.test("what a killed verification has left is removed after an hour, and nothing else beside it", async () => {
  using directory = new TempDirectory("/var/tmp");
  const old = new Date(Date.now() - 61 * 60 * 1000);
  for (const name of ["tombolo-verify.old", "tombolo-verify.new", "tombolo"]) {
    Deno.mkdirSync(directory.at(name));
    if (name !== "tombolo-verify.new") Deno.utimeSync(directory.at(name), old, old);
  }
  await using laid = await LaidTrap.lay(directory.path, { deno, program });
  const left = Array.from(Deno.readDirSync(directory.path), ({ name }) => `${directory.path}/${name}`);
  assert.deepEqual(
    left.sort(),
    [directory.at("tombolo"), directory.at("tombolo-verify.new"), laid.root].sort(),
  );
});

Deno.test("every attempt has a title of its own", () => {
  const titles = Object.values(ATTEMPTS);
  assert.equal(new Set(titles).size, titles.length);
});

Deno.test("only doctor starts the program of the attempts", async () => {
  const { success, stderr } = await new Deno.Command(deno, { args: SELF.slice(1) }).output();
  assert.equal(success, false);
  assert.match(new TextDecoder().decode(stderr), /expected attempt TRAP SELF/);
});
