import assert from "node:assert/strict";
import { Box, EVERY_BACKEND, fixture, TOMBOLO } from "./tombolo.ts";

const TERMINAL = fixture(import.meta.dirname, "terminal.py");
const COUNT = fixture(import.meta.dirname, "count_interrupts.py");

interface Session {
  readonly status: number;
  readonly output: string;
  readonly step: number;
}

type Step = readonly [pattern: string, keys: string];

/** Drives a command in a sandbox under a pty. */
async function drive(
  box: Box,
  flags: readonly string[],
  command: readonly string[],
  steps: readonly Step[],
): Promise<Session> {
  const args = [TERMINAL, JSON.stringify(steps), TOMBOLO, "run", ...flags, "--", ...command];
  const { stdout, stderr } = await box.host(["python3", ...args], { env: { TERM: "xterm", PS1: "$ " } });
  assert.equal(stderr, "");
  const session = JSON.parse(stdout) as Session;
  assert.equal(session.step, steps.length, session.output);
  return session;
}

const FLAGS = EVERY_BACKEND.filter(({ name }) => name !== "stage2");

for (const mode of FLAGS) {
  Deno.test(`${mode.name}: an interactive shell keeps its terminal and job control`, async () => {
    await using box = await Box.create();
    const steps: Step[] = [
      ["ready> ", "tty >/dev/null; test -t 0 && test -t 1 && test -t 2 && echo is-a-$((40+2))-tty\n"],
      ["is-a-42-tty[\\s\\S]*ready> ", "sh -c 'echo run''ning; exec cat'\n"],
      // The terminal's echo, then cat's: the job reads from the terminal.
      ["running\\r\\n", "one\n"],
      ["one\\r\\n[\\s\\S]*one\\r\\n", "\x1a"],
      ["Stopped[\\s\\S]*ready> ", "jobs; fg\n"],
      ["Stopped[\\s\\S]*exec cat'\\r\\n", "two\n"],
      ["two\\r\\n[\\s\\S]*two\\r\\n", "\x03"],
      ["ready> ", "echo after-$((1+1)) $?\n"],
      ["after-2 130[\\s\\S]*ready> ", "sleep 1000 & kill %1; wait; echo bg-$((1+1))\n"],
      ["bg-2[\\s\\S]*ready> ", "exit 9\n"],
    ];
    const shell = ["bash", "--norc", "--noprofile", "-i"];
    const { status, output } = await drive(box, [...mode.flags, "--env=PS1=ready> "], shell, steps);
    assert.equal(status, 9, output);
    assert.doesNotMatch(output, /no job control|cannot set terminal/);
  });

  Deno.test(`${mode.name}: one Ctrl-C is one SIGINT, and the status is the command's`, async () => {
    await using box = await Box.create();
    const steps: Step[] = [["ready", "\x03"], ["interrupt 1", "\n"]];
    const { status, output } = await drive(box, mode.flags, ["python3", COUNT], steps);
    assert.match(output, /total 1/);
    assert.equal(status, 41);
  });

  Deno.test(`${mode.name}: three Ctrl-C are three SIGINT`, async () => {
    await using box = await Box.create();
    const steps: Step[] = [["ready", "\x03"], ["interrupt 1", "\x03"], ["interrupt 2", "\x03"], [
      "interrupt 3",
      "\n",
    ]];
    assert.equal((await drive(box, mode.flags, ["python3", COUNT], steps)).status, 43);
  });

  Deno.test(`${mode.name}: Ctrl-C and Ctrl-\\ end a command that does not handle them: 130 and 131`, async () => {
    await using box = await Box.create();
    const command = ["sh", "-c", "echo re''ady; exec sleep 1000"];
    assert.equal((await drive(box, mode.flags, command, [["ready", "\x03"]])).status, 130);
    assert.equal(
      (await drive(box, mode.flags, ["sh", "-c", "ulimit -c 0; echo re''ady; exec sleep 1000"], [[
        "ready",
        "\x1c",
      ]])).status,
      131,
    );
  });

  Deno.test(`${mode.name}: TERM to tombolo's pid alone is passed on under a terminal too`, async () => {
    await using box = await Box.create();
    const command = ["sh", "-c", "trap 'echo heeded; exit 4' TERM; echo re''ady; sleep 1000 & wait"];
    const { status, output } = await drive(box, mode.flags, command, [["ready", "SIGNAL:SIGTERM"]]);
    assert.equal(status, 4);
    assert.match(output, /heeded/);
  });

  Deno.test(`${mode.name}: on a terminal tombolo shows nothing of its own`, async () => {
    await using box = await Box.create();
    const { output } = await drive(box, mode.flags, ["echo", "alone"], []);
    assert.equal(output, "alone\r\n");
  });
}

Deno.test("the size of the terminal and its changes reach the command", async () => {
  await using box = await Box.create();
  const script =
    "trap 'echo wi''nch' WINCH; stty rows 33 cols 77; stty size; kill -WINCH $$; read line; echo end $line";
  const { output } = await drive(box, [], ["bash", "-c", script], [["33 77", "\n"]]);
  assert.match(output, /end/);
});

Deno.test("less pages and quits", async () => {
  await using box = await Box.create();
  await box.write("work/text", Array.from({ length: 200 }, (_, line) => `line-${line}`).join("\n"));
  const { status } = await drive(box, [], ["less", "text"], [["line-1", "G"], ["line-199", "q"]]);
  assert.equal(status, 0);
});

Deno.test("vim edits a file of the work tree", async () => {
  await using box = await Box.create();
  const steps: Step[] = [["~", "ihello\x1b:wq\r"]];
  const { status } = await drive(box, [], ["vim", "-u", "NONE", "-i", "NONE", "note"], steps);
  assert.equal(status, 0);
  assert.equal(await box.read("work/note"), "hello\n");
});
