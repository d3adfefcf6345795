import assert from "node:assert/strict";

const PTY = new URL("../../system/fixtures/terminal.py", import.meta.url).pathname;
const RUN = new URL("fixtures/run_in_terminal.ts", import.meta.url).pathname;

interface Driven {
  readonly status: number;
  readonly output: string;
  readonly step: number;
}

/** Runs a command under a terminal, and types or sends signals to tombolo alone when its output says something. */
async function drive(
  steps: readonly (readonly [pattern: string, keys: string])[],
  script: string,
): Promise<Driven> {
  const { stdout } = await new Deno.Command("python3", {
    args: [
      PTY,
      JSON.stringify(steps),
      Deno.execPath(),
      "run",
      "--quiet",
      "--allow-all",
      RUN,
      "/bin/bash",
      "-c",
      script,
    ],
    stderr: "inherit",
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

// Whoever counts waits for the terminal, not for a time: the second line that is typed ends it.
const COUNTING = "count=0; trap 'count=$((count + 1)); echo interrupted' INT; tty; echo ready; " +
  'while ! read -r line; do :; done; echo "counted $count"; exit 5';

Deno.test("one Ctrl-C in a terminal is one SIGINT, and the command keeps the terminal and its group", async () => {
  const { status, output, step } = await drive([["ready", "\u0003"], ["interrupted", "go on\n"]], COUNTING);
  assert.equal(step, 2, output);
  assert.equal(status, 0);
  assert.match(output, /counted 1\r?\n/);
  const [, terminal] = /^(\/dev\/\S+)\r?$/m.exec(output) ?? [];
  assert.match(output, new RegExp(`status 5, terminal ${terminal}\\r?\\n`));
});

Deno.test("in a terminal a signal to tombolo alone reaches the command", async () => {
  const script = "trap 'echo told; exit 9' TERM; echo ready; while :; do read -r line; done";
  const { output, step } = await drive([["ready", "SIGNAL:SIGTERM"], ["told", ""]], script);
  assert.equal(step, 2, output);
  assert.match(output, /status 9/);
});
