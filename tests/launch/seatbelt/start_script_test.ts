import assert from "node:assert/strict";
import { SEATBELT_START_SCRIPT } from "../../../lib/launch/seatbelt/start_script.ts";

const LIST = 'for fd in /dev/fd/*; do [ ! -e "$fd" ] || echo "${fd##*/}"; done';

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts a command by the script, in a shell that bash has started with descriptors open. */
async function start(
  shell: string,
  open: string,
  limits: readonly string[],
  command: readonly string[],
): Promise<Outcome> {
  const { code, stdout, stderr } = await new Deno.Command("/bin/bash", {
    args: [
      "-c",
      `${open}\nexec "$@"`,
      "bash",
      shell,
      "-c",
      SEATBELT_START_SCRIPT,
      "sh",
      ...limits,
      ...command,
    ],
    clearEnv: true,
    env: { PATH: "/usr/bin:/bin", LANG: "C" },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

for (const shell of ["/bin/sh", "/bin/bash"]) {
  Deno.test(`${shell} lets no descriptor above 2 in, also of two and three digits`, async () => {
    const open = "exec 3</dev/null 7</dev/null 63</dev/null 200</dev/null";
    const { stdout, code } = await start(shell, open, ["-", "-", "-", "-"], ["/bin/sh", "-c", LIST]);
    assert.equal(code, 0);
    // The listing itself is one.
    assert.deepEqual(stdout.trim().split("\n").slice(0, 3), ["0", "1", "2"]);
    assert.ok(!/^(?:7|63|200)$/m.test(stdout), stdout);
  });

  Deno.test(`${shell} says which limit it cannot set, and runs nothing`, async () => {
    // A soft limit above the hard one is refused, for root too.
    const { code, stdout, stderr } = await start(shell, "ulimit -t 10", ["-", "-", "20", "-"], [
      "/bin/echo",
      "ran",
    ]);
    assert.equal(code, 125);
    assert.equal(stdout, "");
    assert.match(stderr, /^tombolo: Cannot limit cpu time to 20 s; nothing ran$/m);
  });
}

Deno.test("the command and its arguments arrive as they are", async () => {
  const words = ["a b", "", "*", "$HOME", "'", '"', "\n", "--"];
  const { stdout } = await start("/bin/sh", ":", ["-", "-", "-", "-"], ["/usr/bin/printf", "<%s>", ...words]);
  assert.equal(stdout, words.map((word) => `<${word}>`).join(""));
});
