import assert from "node:assert/strict";
import { Box, type Outcome } from "../system/tombolo.ts";

// ESC, CR, backspace, BEL, C1 CSI, right-to-left override, zero width space, line separator.
const HOSTILE = "a\x1b[31m\r\b\x07\u009b2J\u202e\u200b\u2028z";

// deno-lint-ignore no-control-regex
const UNSAFE = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

function assertSafe({ stderr, stdout }: Pick<Outcome, "stderr"> & Partial<Outcome>, mention: RegExp): void {
  assert.doesNotMatch(stderr, UNSAFE, JSON.stringify(stderr));
  if (stdout !== undefined) assert.doesNotMatch(stdout, UNSAFE, JSON.stringify(stdout));
  assert.match(stderr, mention);
}

Deno.test("R1 a denied file name is escaped in its line", async () => {
  await using box = await Box.create();
  await Deno.mkdir(`${box.root}/${HOSTILE}`);
  const { stderr } = await box.run([], ["touch", `${box.root}/${HOSTILE}/file`]);
  const own = stderr.split("\n").filter((line) => line.startsWith("tombolo:")).join("\n");
  assertSafe({ stderr: own }, /denied write .*a\\x1b\[31m/);
});

Deno.test("R1 a denied host name is escaped in its line, whatever bytes it holds", async () => {
  await using box = await Box.create();
  const script = `
import os, socket
port = int(os.environ["http_proxy"].rsplit(":", 1)[1])
names = [b"a\\x1b[31m.test", b"a\\x08\\x08.test", b"a\\xe2\\x80\\xae.test", b"a\\xc2\\x9b2J.test", b"a\\x07.test", b"a\\x7f.test"]
for name in names:
    for message in (b"CONNECT " + name + b":443 HTTP/1.1\\r\\n\\r\\n", b"GET http://" + name + b"/ HTTP/1.1\\r\\nHost: " + name + b"\\r\\n\\r\\n",
                    b"\\x05\\x01\\x00\\x05\\x01\\x00\\x03" + bytes([len(name)]) + name + b"\\x01\\xbb"):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(message)
        connection.settimeout(20)
        answer = b""
        while data := connection.recv(4096):
            answer += data
            if message[0] == 5 and len(answer) > 6: break
        connection.close()
        text = answer.decode("latin1") if message[0] != 5 else ""
        print(all(c in "\\r\\n" or " " <= c <= "~" for c in text))
`;
  const outcome = await box.run(["--allow-net=a.test"], ["python3", "-c", script]);
  assert.equal(outcome.stdout, "True\n".repeat(18), outcome.stderr);
  assertSafe(outcome, /tombolo: denied net /);
});

Deno.test("R1 names that are set aside are escaped", async () => {
  await using box = await Box.create();
  // A bracket would make the rule a pattern.
  const name = HOSTILE.replace("[", "");
  const outcome = await box.run([`--deny-write=${name}/new`], ["mkdir", "-p", `${name}/new`]);
  assertSafe(outcome, /set aside .*\\x1b/);
});

Deno.test("R1 a working directory with a hostile name is escaped wherever it is shown", async () => {
  await using box = await Box.create();
  const cwd = `${box.work}/${HOSTILE}`;
  await Deno.mkdir(cwd);
  assertSafe(await box.run(["--deny-read=."], ["true"], { cwd }), /working directory .*\\x1b/);
  assertSafe(await box.run(["--preset=none", `--cwd=${cwd}`], ["true"]), /\\x1b/);
  assertSafe(await box.tombolo(["explain", "--", "true"], { cwd }), /^$/);
  assertSafe(await box.run([], ["true"], { cwd, env: { HOME: cwd } }), /not writable/);
  await Deno.symlink("x", `${cwd}/.git`);
  assertSafe(await box.run([], ["true"], { cwd }), /\\x1b/);
});

const FLAGS: readonly (readonly [name: string, args: readonly string[]])[] = [
  ["an unknown flag", ["run", `--${HOSTILE}`, "--", "true"]],
  ["an unknown command of tombolo", [HOSTILE]],
  ["a command that is not found", ["run", "--", HOSTILE]],
  ["a command's path that is not found", ["run", "--", `./${HOSTILE}`]],
  ["a file that is not executable", ["run", "--", "./plain"]],
  ["a preset", ["run", `--preset=${HOSTILE}`, "--", "true"]],
  ["a policy file", ["run", `--policy=${HOSTILE}`, "--", "true"]],
  ["a policy file to check", ["policy", "check", HOSTILE]],
  ["a verb of policy", ["policy", HOSTILE]],
  ["an events file", ["run", `--events=${HOSTILE}/x`, "--", "true"]],
  ["a directory", ["run", `--cwd=${HOSTILE}`, "--", "true"]],
  ["an allowed path", ["run", `--allow-read=${HOSTILE}`, "--", "true"]],
  ["a host", ["run", `--allow-net=${HOSTILE}`, "--", "true"]],
  ["a static name without address", ["run", `--resolve=${HOSTILE}`, "--", "true"]],
  ["a static name", ["run", `--resolve=${HOSTILE}:127.0.0.1`, "--", "true"]],
  ["a static address", ["run", `--resolve=a.test:${HOSTILE}`, "--", "true"]],
  ["a duration", ["run", `--timeout=${HOSTILE}`, "--", "true"]],
  ["a variable", ["run", `--env=${HOSTILE}`, "--", "true"]],
  ["a variable's name", ["run", `--env=${HOSTILE}=x`, "--", "true"]],
  ["a pattern of variables", ["run", `--allow-env=${HOSTILE}`, "--", "true"]],
  ["a value for a flag that takes none", ["run", `--quiet=${HOSTILE}`, "--", "true"]],
];

for (const [name, args] of FLAGS) {
  Deno.test(`R1 ${name} with a hostile name is escaped in its error`, async () => {
    await using box = await Box.create();
    await Deno.writeTextFile(`${box.work}/plain`, "");
    const outcome = await box.tombolo(args);
    assert.ok([125, 126, 127].includes(outcome.code), `${outcome.code}`);
    assertSafe(outcome, /^tombolo: [^\n]*\n$/);
  });
}

Deno.test("R1 keys, names and values of a policy file are escaped in its errors", async () => {
  const texts = [
    { [HOSTILE]: {} },
    { net: { [HOSTILE]: {} } },
    { net: { allow: [HOSTILE] } },
    { net: { resolve: { [HOSTILE]: "127.0.0.1" } } },
    { net: { resolve: { "a.test": HOSTILE } } },
    { read: { allow: [HOSTILE] } },
    { extends: [HOSTILE] },
    { extends: [`./${HOSTILE}.json`] },
    { env: { set: { [HOSTILE]: "x" } } },
    { env: { allow: [HOSTILE] } },
    { limits: { wallTime: HOSTILE } },
    { limits: { memory: HOSTILE } },
  ];
  for (const text of texts) {
    await using box = await Box.create();
    await Deno.writeTextFile(`${box.work}/${HOSTILE}.json`, JSON.stringify(text));
    const outcome = await box.run([`--policy=${HOSTILE}.json`], ["true"]);
    assert.equal(outcome.code, 125, JSON.stringify(text));
    assertSafe(outcome, /^tombolo: [^\n]*\n$/);
  }
});

Deno.test("R1 with --json, too, nothing raw reaches the terminal", async () => {
  await using box = await Box.create();
  await Deno.mkdir(`${box.root}/${HOSTILE}`);
  const { stderr } = await box.run(["--json"], ["cp", "--", "/etc/hostname", `${box.root}/${HOSTILE}/file`]);
  const own = stderr.split("\n").filter((line) => line.startsWith("{")).join("\n");
  assertSafe({ stderr: own }, /denied write/);
});
