import assert from "node:assert/strict";
import { lstat } from "../../../lib/paths/resolve_path.ts";
import { HostPattern } from "../../../lib/host/host_pattern.ts";
import { TomboloError } from "../../../lib/report/tombolo_error.ts";
import { SeatbeltSimulator } from "../../plan/seatbelt_simulator.ts";
import { FakeSeatbelt } from "./fake_seatbelt.ts";

function profile({ args }: { readonly args: readonly string[] }): SeatbeltSimulator {
  assert.equal(args[0], "-p");
  const end = args.indexOf("--");
  const parameters = new Map<string, string>();
  for (let at = 2; at < end; at += 2) {
    assert.equal(args[at], "-D");
    const [key = "", ...value] = (args[at + 1] ?? "").split("=");
    parameters.set(key, value.join("="));
  }
  return new SeatbeltSimulator(args[1] ?? "", parameters);
}

// A process that has ended may wait for ever for a parent that looks.
function isAlive(pid: number): boolean {
  const { stdout } = new Deno.Command("ps", { args: ["-o", "stat=", "-p", String(pid)] }).outputSync();
  return /^[^Z\s]/.test(new TextDecoder().decode(stdout));
}

Deno.test("sandbox-exec gets the profile, its parameters and the command, and runs it", async () => {
  using fake = new FakeSeatbelt();
  const { status, stdout } = await fake.run('echo "ran in $PWD"; exit 7');
  assert.equal(status, 7);
  assert.equal(stdout, "ran in /\n");
  const { args } = fake.call;
  assert.deepEqual(args.slice(args.indexOf("--") + 1, -1), ["/bin/sh", "-c"]);
  const simulator = profile(fake.call);
  assert.equal(simulator.see("/etc/passwd"), "read");
  assert.ok(!simulator.allows("network-outbound", { remote: { host: "localhost", port: 1 } }));
});

Deno.test("the command's environment is what the policy says, and nothing of the caller's", async () => {
  using fake = new FakeSeatbelt();
  Deno.env.set("SEATBELT_CANARY", "secret");
  await fake.run("true", { environment: { LANG: "C", NODE_OPTIONS: "--x" } });
  Deno.env.delete("SEATBELT_CANARY");
  // Shells add these.
  const { PWD: _pwd, OLDPWD: _old, SHLVL: _level, _: _last, ...env } = fake.call.env;
  const temporary = env["TMPDIR"] ?? "";
  assert.match(temporary, /^\/.*\/tombolo-[0-9a-f]{24}$/);
  assert.deepEqual(env, {
    PATH: "/usr/bin:/bin",
    TMPDIR: temporary,
    TMPPREFIX: `${temporary}/zsh`,
    LANG: "C",
    NODE_OPTIONS: "--x",
  });
});

Deno.test("a TMPDIR that the user has set stays", async () => {
  using fake = new FakeSeatbelt();
  const { stdout } = await fake.run('echo "$TMPDIR"', { environment: { TMPDIR: "/elsewhere" } });
  assert.equal(stdout, "/elsewhere\n");
});

Deno.test("the directory for temporary files is the run's own, writable, and gone at the end whatever is in it", async () => {
  using fake = new FakeSeatbelt();
  const script =
    'cd "$TMPDIR" && ls -ld . | cut -c1-10 && mkdir -p a/b && echo x >a/b/c && chmod 0 a/b && chmod 500 a && pwd -P';
  const { stdout, warnings } = await fake.run(script);
  const [mode, path = ""] = stdout.split("\n");
  assert.equal(mode, "drwx------");
  assert.equal(profile(fake.call).see(`${path}/file`), "write");
  assert.equal(lstat(path), undefined);
  assert.deepEqual(warnings, []);
});

Deno.test("a signal that ends the command is 128 and its number", async () => {
  using fake = new FakeSeatbelt();
  assert.equal((await fake.run("kill -TERM $$")).status, 143);
});

Deno.test("a signal reaches the command, which may handle it", async () => {
  using fake = new FakeSeatbelt();
  for (const signal of ["SIGTERM", "SIGINT", "SIGUSR1"] as const) {
    const script = `trap 'exit 9' ${signal.slice(3)}; echo ready; while :; do sleep 0.05; done`;
    const { status } = await fake.run(script, {
      onLine: (line, control) => line === "ready" ? control.send(signal) : undefined,
    });
    assert.equal(status, 9, signal);
  }
});

Deno.test("a KILL ends the command and all that it has started", async () => {
  using fake = new FakeSeatbelt();
  const { status, stdout } = await fake.run("trap '' TERM; sleep 1000 & echo $!; echo ready; wait", {
    onLine: (line, control) => line === "ready" ? control.send("SIGKILL") : undefined,
  });
  assert.equal(status, 137);
  assert.ok(!isAlive(Number.parseInt(stdout)));
});

Deno.test("what the command leaves behind is ended, in its group and outside of it", async () => {
  using fake = new FakeSeatbelt();
  // Neither holds the command's stdout; the second one leads a group of its own.
  const script = `
    mkfifo "$TMPDIR/fifo"
    sleep 1000 >/dev/null 2>&1 &
    echo $!
    setsid sh -c 'echo $$ >"$TMPDIR/fifo"; exec sleep 1000' >/dev/null 2>&1 &
    read -r other <"$TMPDIR/fifo"
    echo "$other"`;
  const { stdout } = await fake.run(script);
  const left = stdout.trim().split("\n").map(Number);
  assert.equal(left.length, 2);
  assert.deepEqual(left.filter(isAlive), []);
});

Deno.test("when tombolo is killed, the command, its children and its temporary files go too", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--allow-all",
      new URL("fixtures/run_until_killed.ts", import.meta.url).pathname,
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let stdout = "";
  // The stream ends when nobody holds its other end any more: neither the command nor what it has started.
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    stdout += text;
    if (stdout.includes("ready")) child.kill("SIGKILL");
  }
  assert.equal((await child.status).signal, "SIGKILL");
  const [place = "", temporary = ""] = stdout.split("\n");
  assert.match(temporary, /tombolo-/);
  // The watcher removes it after it has ended the last process.
  while (lstat(temporary) !== undefined) await Deno.lstat("/");
  await Deno.remove(place, { recursive: true });
});

Deno.test("time that is over ends the command, with 124", async () => {
  using fake = new FakeSeatbelt();
  const wallTime = { text: "50ms", origin: "--timeout", value: 50 };
  const { status, limits } = await fake.run("exec sleep 1000", { policy: { limits: { wallTime } } });
  assert.equal(status, 124);
  assert.deepEqual(limits.map(({ name }) => name), ["wallTime"]);
});

Deno.test("limits are set for the command, the soft one of cpu time below the hard one", async () => {
  using fake = new FakeSeatbelt();
  const limit = (value: number) => ({ text: String(value), origin: "--max", value });
  const limits = { cpuTime: limit(7), openFiles: limit(33), fileSize: limit(65536) };
  const script =
    'ulimit -St; ulimit -Ht; ulimit -n; head -c 70000 /dev/zero >"$TMPDIR/x" 2>/dev/null; wc -c <"$TMPDIR/x"';
  const { stdout } = await fake.run(script, { policy: { limits } });
  assert.equal(stdout.replaceAll(/ +/g, ""), "7\n12\n33\n65536\n");
});

Deno.test("the caller's limit of open files, which the runtime has raised, is the command's", async () => {
  using fake = new FakeSeatbelt();
  assert.equal((await fake.run("ulimit -Sn", { openFiles: "77" })).stdout, "77\n");
});

Deno.test("the gateway listens on the port that the profile opens, and asks for the credential of the environment", async () => {
  using fake = new FakeSeatbelt();
  const rule = { text: "a.test:443", origin: "--allow-net" };
  const allow = [{ ...rule, pattern: HostPattern.parse("a.test:443") }];
  const answers: string[] = [];
  await fake.run('echo "$HTTPS_PROXY"; exec sleep 1000', {
    policy: { net: { allow, deny: [], resolve: new Map() } },
    async onLine(line, control) {
      const { port, username, password } = new URL(line);
      assert.ok(password.length >= 32);
      const simulator = profile(fake.call);
      const reaches = (to: number) =>
        simulator.allows("network-outbound", { remote: { host: "localhost", port: to } });
      assert.ok(reaches(Number(port)) && !reaches(Number(port) + 1));
      for (const header of ["", `Proxy-Authorization: Basic ${btoa(`${username}:${password}`)}\r\n`]) {
        using connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
        await connection.write(new TextEncoder().encode(`CONNECT b.test:443 HTTP/1.1\r\n${header}\r\n`));
        const buffer = new Uint8Array(1024);
        const length = await connection.read(buffer) ?? 0;
        answers.push(new TextDecoder().decode(buffer.subarray(0, length)).slice(9, 12));
      }
      control.send("SIGTERM");
    },
  });
  assert.deepEqual(answers, ["407", "403"]);
});

Deno.test("a profile that sandbox-exec refuses is an error: nothing ran", async () => {
  for (const code of [65, 71]) {
    using fake = new FakeSeatbelt(`#!/bin/sh\nexit ${code}\n`);
    await assert.rejects(fake.run("true"), (error) => {
      assert.ok(error instanceof TomboloError);
      assert.match(error.message, /Cannot build the sandbox: sandbox-exec failed/);
      return error.kind === "sandbox";
    });
  }
});

Deno.test("the same status of the command's own is its status", async () => {
  using fake = new FakeSeatbelt();
  for (const code of [65, 71]) assert.equal((await fake.run(`exit ${code}`)).status, code);
});
