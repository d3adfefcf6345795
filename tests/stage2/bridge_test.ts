import assert from "node:assert/strict";
import { seccompProgram } from "../../lib/plan/seccomp/program.ts";
import { FakeGateway } from "./fake_gateway.ts";
import { Sandbox } from "./sandbox.ts";

const filter = seccompProgram({ arch: Deno.build.arch, allowUnix: false });
const FIXTURES = new URL("fixtures/", import.meta.url).pathname;
const PROXY = {
  TOMBOLO_STAGE2_REWRITE: "HTTP_PROXY",
  TOMBOLO_STAGE2_ENV: JSON.stringify({
    HTTP_PROXY: "http://127.0.0.1:1",
    DENO_DIR: "/tmp/deno",
    PATH: "/usr/bin:/bin",
  }),
};
const MOST_CONNECTIONS = 1024;
/** The clients, the bridge's two ends, and some more; the runtime raises its limit to the hard one. */
const DESCRIPTORS_NEEDED = 4096;

/** A command that runs a fixture with the runtime that stage2 uses. */
function client(name: string, ...args: string[]): string[] {
  return [
    "/run/tombolo/deno",
    "run",
    "--no-config",
    "--no-lock",
    "--allow-net",
    "--allow-env",
    FIXTURES + name,
    ...args,
  ];
}

/** Looks at every process of stage2. */
const INSPECT_BRIDGE = `
for process in /proc/[0-9]*; do
  case $(tr '\\0' ' ' <"$process/cmdline" 2>/dev/null) in
    /run/tombolo/deno*) ;;
    *) continue ;;
  esac
  for file in environ mem maps auxv; do head -c 1 "$process/$file" >/dev/null 2>&1; echo "$file $?"; done
  readlink "$process/fd/0" >/dev/null; echo "fd $?"
  readlink "$process/exe" >/dev/null; echo "exe $?"
  [ "$(cut -d ' ' -f 6 "$process/stat")" = "$(cut -d ' ' -f 6 /proc/self/stat)" ] && echo same session
done`;

/** Answers with what was sent, once the client has said that this was all. */
async function echoAtEnd(connection: Deno.Conn): Promise<void> {
  const chunks: Uint8Array[] = [];
  const buffer = new Uint8Array(64 * 1024);
  for (let count = await connection.read(buffer); count !== null; count = await connection.read(buffer)) {
    chunks.push(buffer.slice(0, count));
  }
  for (const chunk of chunks) {
    for (let done = 0; done < chunk.length;) done += await connection.write(chunk.subarray(done));
  }
  connection.close();
}

/** As many descriptors as a process may have here. */
function hardLimit(): number {
  const limits = Deno.readTextFileSync("/proc/self/limits");
  return Number(/Max open files\s+\w+\s+(\w+)/.exec(limits)?.[1]?.replace("unlimited", "Infinity"));
}

Deno.test("bridge", async (t) => {
  await using sandbox = await Sandbox.create(filter);

  await t.step("the proxy variables have its port", async () => {
    await using gateway = await FakeGateway.create(echoAtEnd);
    const { code, stdout, stderr } = await sandbox.run(
      ["sh", "-c", "echo $HTTP_PROXY; env | grep -c STAGE2"],
      {
        gateway,
        env: PROXY,
      },
    );
    assert.match(stdout, /^http:\/\/127\.0\.0\.1:\d{4,5}\n0\n$/);
    assert.equal(stderr, "");
    assert.equal(code, 1);
  });

  for (const size of [0, 1, 70_000, 20_000_000]) {
    await t.step(`relays ${size} bytes there and back, half-close included`, async () => {
      await using gateway = await FakeGateway.create(echoAtEnd);
      const { stdout } = await sandbox.run(client("half_close_client.ts", `${size}`), {
        gateway,
        env: PROXY,
      });
      assert.equal(stdout, `${size} bytes back, the same\n`);
    });
  }

  await t.step("carries many connections; one that fails ends alone", async () => {
    let count = 0;
    await using gateway = await FakeGateway.create(async (connection) => {
      if (++count % 10 === 0) return connection.close();
      const byte = new Uint8Array(1);
      await connection.read(byte);
      await connection.write(byte);
      connection.close();
    });
    const { stdout } = await sandbox.run(client("many_clients.ts", "100"), { gateway, env: PROXY });
    assert.equal(stdout, "90\n");
  });

  await t.step({
    name: "holds 1024 connections at once; the rest wait and are served (needs 4096 descriptors)",
    ignore: !(hardLimit() >= DESCRIPTORS_NEEDED),
    async fn() {
      let open = 0;
      let most = 0;
      const full = Promise.withResolvers<void>();
      await using gateway = await FakeGateway.create(async (connection) => {
        most = Math.max(most, ++open);
        if (open === MOST_CONNECTIONS) full.resolve();
        const byte = new Uint8Array(1);
        await connection.read(byte);
        await full.promise;
        open--;
        await connection.write(byte);
        connection.close();
      });
      const { stdout } = await sandbox.run(client("many_clients.ts", "1200"), { gateway, env: PROXY });
      assert.equal(stdout, "1200\n");
      assert.equal(most, MOST_CONNECTIONS);
    },
  });

  await t.step("cannot be looked into by the command, and is in another session", async () => {
    await using gateway = await FakeGateway.create(echoAtEnd);
    const { stdout } = await sandbox.run(["sh", "-c", INSPECT_BRIDGE], { gateway });
    assert.equal(stdout, "environ 1\nmem 1\nmaps 1\nauxv 1\nfd 1\nexe 1\n");
  });

  await t.step("outlives a signal to the command's process group", async () => {
    await using gateway = await FakeGateway.create(echoAtEnd);
    const script =
      'trap "" INT HUP QUIT TSTP TERM; for s in INT HUP QUIT TSTP TERM; do kill -$s 0; done; exec "$@"';
    const command = ["sh", "-c", script, "sh", ...client("half_close_client.ts", "5")];
    // A process namespace does not stop such a signal: without a session of its own it would end this test.
    const { stdout } = await sandbox.run(command, { gateway, env: PROXY, newSession: true });
    assert.equal(stdout, "5 bytes back, the same\n");
  });

  await t.step("where the gateway hangs up, says so and runs nothing", async () => {
    await using gateway = await FakeGateway.create("hang up");
    const { code, stderr } = await sandbox.run(["touch", "ran"], { gateway, env: PROXY });
    assert.equal(code, 125);
    assert.match(stderr, /^tombolo: Cannot start the command: the gateway hung up\n/);
    await assert.rejects(Deno.stat(`${sandbox.work}/ran`), Deno.errors.NotFound);
  });

  await t.step("without a gateway to reach ends with one line", async () => {
    const cases: readonly [env: Record<string, string>, message: RegExp][] = [
      [{}, /TOMBOLO_STAGE2_SOCKET is not set/],
      [{ TOMBOLO_STAGE2_SOCKET: "/absent" }, /gateway: errno 2/],
      [{ TOMBOLO_STAGE2_SOCKET: "/" + "x".repeat(107) }, /its path has 108 bytes/],
    ];
    for (const [env, message] of cases) {
      const { code, stdout, stderr } = await sandbox.run([], { role: ["start", "--", "echo", "ran"], env });
      assert.deepEqual({ code, stdout }, { code: 125, stdout: "" });
      assert.match(stderr, /^tombolo: [^\n]+\n$/);
      assert.match(stderr, message);
    }
  });
});
