import assert from "node:assert/strict";
import { join } from "node:path";
import { TomboloError } from "../../lib/report/tombolo_error.ts";
import { processesWith, until } from "../system/tombolo.ts";
import { COMMANDS, externalRule, killExternal, scriptCommand, startExternal } from "./fixtures/external.ts";
import { echoServer } from "./fixtures/tcp_server.ts";
import { Wire } from "./fixtures/wire.ts";

/** A word that stands in the arguments of no other process. */
function marker(): string {
  return `9${crypto.getRandomValues(new Uint32Array(2)).join("")}`.slice(0, 15);
}

async function failure(starting: Promise<unknown>): Promise<TomboloError> {
  try {
    await starting;
  } catch (error) {
    assert.ok(error instanceof TomboloError, String(error));
    assert.equal(error.status, 125);
    return error;
  }
  return assert.fail("it started");
}

Deno.test("an external proxy that has started accepts connections and carries them", async () => {
  await using server = echoServer();
  await using proxy = await startExternal(COMMANDS.http);
  assert.ok(proxy.isRunning);
  using wire = new Wire(await Deno.connect({ hostname: "127.0.0.1", port: proxy.port }));
  await wire.send(`CONNECT echo.test:${server.port} HTTP/1.1\r\n\r\n`);
  assert.equal((await wire.response("CONNECT")).status, 200);
  await wire.send("hello");
  assert.equal(await wire.exactly(5), "hello");
});

Deno.test("every argument has its port for {port}, and so has its environment", async () => {
  const lines: string[] = [];
  const command = ["/bin/sh", "-c", `echo "$1 $TOMBOLO_PROXY_PORT" >&2; shift; exec "$@"`, "sh"];
  await using proxy = await startExternal([...command, "--at={port},{port}", ...COMMANDS.http], {
    onOutput: (line) => lines.push(line),
  });
  await until(() => lines.length > 0, "its line");
  assert.equal(lines[0], `--at=${proxy.port},${proxy.port} ${proxy.port}`);
});

Deno.test("it has the environment that it is given and no other, an empty stdin, and a group of its own", async () => {
  const lines: string[] = [];
  const script =
    'echo "$GIVEN ${HOME-none}" >&2; wc -c >&2; read -r stat <"/proc/$$/stat"; set -- $stat "$@"\n' +
    'echo "group $(($5 == $PPID)) session $(($6 == $PPID))" >&2; shift 52; set -- "$@"';
  await using _ = await startExternal(scriptCommand(script), {
    environment: {
      GIVEN: "given",
      PATH: "/usr/bin:/bin",
      DENO_DIR: Deno.env.get("DENO_DIR") ?? "/nonexistent",
    },
    onOutput: (line) => lines.push(line),
  });
  await until(() => lines.length === 3, "its lines");
  assert.deepEqual(lines, ["given none", "0", "group 1 session 1"]);
});

Deno.test("what it writes to stdout goes nowhere, however much, and holds nothing up", async () => {
  const lines: string[] = [];
  const script =
    "head -c 1000000 /dev/zero | tr '\\0' x; head -c 300000 /dev/zero | tr '\\0' y >&2; echo >&2";
  await using proxy = await startExternal(scriptCommand(script), { onOutput: (line) => lines.push(line) });
  assert.ok(proxy.isRunning);
  await until(() => lines.length > 0, "its line");
  assert.deepEqual(lines, ["y".repeat(500)]);
});

Deno.test("one that ends early is reported with its status and its last words, escaped", async () => {
  const script =
    'i=0; while [ $i -lt 50 ]; do echo "line $i" >&2; i=$((i + 1)); done; printf "last\\033[2J" >&2; exit 3';
  const { message, remedy } = await failure(startExternal(["/bin/sh", "-c", script]));
  assert.match(message, /^Cannot start external proxy "\/bin\/sh -c /);
  assert.match(message, /\(--external-proxy\): it ended with status 3 before it accepted connections/);
  assert.ok(message.endsWith("; it said: line 48 / line 49 / last\\x1b[2J"), message);
  assert.equal(remedy, undefined);
});

Deno.test("one that ends with success is told to stay in the foreground", async () => {
  const { message, remedy } = await failure(startExternal(["/bin/sh", "-c", "exit 0"]));
  assert.match(message, /ended with status 0 before it accepted connections$/);
  assert.match(remedy ?? "", /foreground/);
});

Deno.test("a program that cannot be executed is reported", async () => {
  const { message } = await failure(startExternal(["/nonexistent/proxy"]));
  assert.match(message, /ended with status 127 .*not found/);
});

Deno.test("one that never listens is given up when its time has passed, and nothing of it is left", async () => {
  const mark = marker();
  const rule = externalRule(["/usr/bin/sleep", mark], { startupTimeout: 150 });
  const { message, remedy } = await failure(startExternal(rule.command, { rule }));
  assert.match(message, /: it did not accept connections on port [0-9]+ within 150 ms$/);
  assert.match(remedy ?? "", /\{port\}.*TOMBOLO_PROXY_PORT/);
  await until(() => processesWith(mark).length === 0, "the end of its processes");
});

Deno.test("closing asks it to end with TERM, and comes back when it has ended", async () => {
  const lines: string[] = [];
  const script = `trap 'echo "asked" >&2; exit 7' TERM; "$@" & wait; set -- false`;
  const proxy = await startExternal(scriptCommand(script), { onOutput: (line) => lines.push(line) });
  await proxy.close();
  assert.deepEqual(lines, ["asked"]);
  assert.equal(await proxy.ended, "ended with status 7");
  assert.ok(!proxy.isRunning && proxy.isClosing);
  await proxy.close();
});

Deno.test("one that does not heed TERM is killed after the grace", async () => {
  const mark = marker();
  const script = `trap '' TERM; sleep ${mark} & "$@"`;
  const proxy = await startExternal(scriptCommand(script), { grace: 100 });
  assert.equal(processesWith(mark).length > 0, true);
  await proxy.close();
  assert.match(await proxy.ended, /^(?:was killed|ended with status 137)$/);
  await until(() => processesWith(mark).length === 0, "the end of its processes");
});

Deno.test("children, grandchildren and daemons of it end with it", async () => {
  const mark = marker();
  const script =
    `sleep ${mark} & (sleep ${mark} & sleep ${mark}) & setsid sh -c 'sleep ${mark} & setsid sleep ${mark}' &`;
  for (const end of ["closed", "killed"]) {
    const proxy = await startExternal(scriptCommand(script));
    await until(() => processesWith(`sleep\0${mark}`).length === 5, "five children");
    if (end === "killed") {
      killExternal(proxy);
      await proxy.ended;
    }
    await proxy.close();
    await until(() => processesWith(mark).length === 0, "the end of its children");
  }
});

Deno.test("its death is noticed while it should be running", async () => {
  await using proxy = await startExternal(COMMANDS.http);
  killExternal(proxy);
  assert.equal(await proxy.ended, "ended with status 137");
  assert.ok(!proxy.isRunning && !proxy.isClosing);
});

Deno.test("nothing of it outlives a tool that is killed", async () => {
  const mark = marker();
  const holder = join(import.meta.dirname ?? ".", "fixtures", "external_holder.ts");
  const script = `sleep ${mark} & setsid sleep ${mark} & trap '' TERM`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", "--no-check", holder, ...scriptCommand(script)],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const port = Number((await reader.read()).value);
  assert.ok(port > 0);
  assert.ok(processesWith(mark).length >= 2);
  child.kill("SIGKILL");
  await child.status;
  await until(() => processesWith(mark).length === 0, "the end of its children");
  await until(() => processesWith(`connect_proxy.ts\0${port}`).length === 0, "the end of the proxy");
  await reader.cancel();
});
