import assert from "node:assert/strict";
import { join } from "node:path";
import type { EmbeddedPrograms } from "../../bin/embed.ts";
import { makeBundle } from "../../bin/make_bundle.ts";
import { packProgram } from "../../bin/pack_program.ts";
import { permissionFlags, toolPermissions } from "../../bin/permission_flags.ts";
import { ROOT } from "../../bin/run_deno.ts";
import { SshServer } from "../system/ssh_server.ts";
import { Box, type Outcome, TOMBOLO } from "../system/tombolo.ts";
import { CHECKS } from "./installed.ts";
import { makeStage2StandIn, type Stage2StandIn } from "./stage2_stand_in.ts";

// What a binary has beside its runtime, which reads nothing of it until a start: here a whole Deno runs that.
const AS_IF_COMPILED = `
Object.defineProperty(Deno, "build", { value: { ...Deno.build, standalone: true } });
await import("./tombolo.js");
`;

const tool = await Deno.makeTempDir({ dir: "/var/tmp", prefix: "tombolo-house." });
let words: readonly string[] = [];
let standIn: Stage2StandIn;
let programs: EmbeddedPrograms;

Deno.test.beforeAll(async () => {
  await Deno.chmod(tool, 0o755);
  standIn = await makeStage2StandIn(tool);
  programs = {
    stage2: await packProgram(standIn.program, join(tool, "stage2.gz")),
    deno: await packProgram(Deno.execPath(), join(tool, "deno.gz")),
  };
  // It is found nowhere but inside.
  await Deno.remove(standIn.program);
  await makeBundle(join(tool, "tombolo.js"), programs);
  await Deno.writeTextFile(join(tool, "main.js"), AS_IF_COMPILED);
  const flags = permissionFlags(await toolPermissions(ROOT));
  words = [Deno.execPath(), "run", "--quiet", "--no-config", ...flags, join(tool, "main.js")];
});

Deno.test.afterAll(() => Deno.remove(tool, { recursive: true }));

/** Runs it as an ordinary user. */
function run(box: Box, args: readonly string[], stdin?: string, fds?: readonly number[]): Promise<Outcome> {
  return box.host([...words, ...args], {
    env: { DENO_DIR: `${box.home}/deno` },
    ...(stdin === undefined ? {} : { stdin }),
    ...(fds === undefined ? {} : { fds }),
  });
}

function unpacked(box: Box): Promise<string[]> {
  return box.list("home/.local/state/tombolo/programs");
}

// All but starting itself again, which a Deno cannot do as a binary does.
for (const { name, check } of CHECKS.filter(({ startsAgain }) => startsAgain !== true)) {
  Deno.test(`with stage2 as a program, tombolo ${name}`, async () => {
    await using box = await Box.create({ ordinaryUser: true });
    await check({ box, words, env: { DENO_DIR: `${box.home}/deno` } });
  });
}

Deno.test("stage2 is unpacked for a run, and the Deno for a worker alone", async () => {
  await using box = await Box.create({ ordinaryUser: true });
  const { code, stderr } = await run(box, ["run", "--allow-net=unused.test", "--", "true"]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(await unpacked(box), [programs.stage2.sha256]);
  const worker = await run(box, ["worker", "--root=.", "--stdio"], '\0\0\0\x0f{"kind":"ping"}');
  assert.equal(worker.code, 0, worker.stderr);
  const now = await unpacked(box);
  assert.ok(now.includes(programs.deno.sha256) && now.includes(programs.stage2.sha256));
  const path = `${box.home}/.local/state/tombolo/programs/${programs.deno.sha256}/deno`;
  const { stdout } = await box.host(["sha256sum", path]);
  assert.ok(stdout.startsWith(programs.deno.sha256));
});

Deno.test("inside stand stage2 and the gateway's socket, and no Deno", async () => {
  await using box = await Box.create({ ordinaryUser: true });
  const { stdout, stderr } = await run(box, [
    ...["run", "--allow-net=unused.test", "--"],
    ...["sh", "-c", "ls /run/tombolo"],
  ]);
  const shown = stdout.trim().split("\n");
  assert.ok(shown.includes("stage2") && shown.includes("gateway.sock"), stderr);
  assert.ok(!shown.includes("deno") && !shown.includes("stage2.js"));
});

Deno.test("a compiled stage2 closes what the caller has left open, without a network", async () => {
  await using box = await Box.create({ ordinaryUser: true });
  // The shell that starts bubblewrap finds it, and the run is made again by way of stage2.
  const { code, stdout, stderr } = await run(
    box,
    ["run", "--", "sh", "-c", 'for fd in /proc/self/fd/*; do echo "${fd##*/}"; done; exit 5'],
    undefined,
    [63],
  );
  assert.equal(code, 5, stderr);
  const open = stdout.trim().split("\n");
  assert.ok(open.includes("0") && !open.includes("63"), stdout);
});

Deno.test("it tries mounts as a script does, makes them where they work, and holds limits", async () => {
  const tried: (string | undefined)[] = [];
  await using box = await Box.create({ ordinaryUser: true });
  await using other = await Box.create({ ordinaryUser: true });
  for (const [each, start] of [[box, words], [other, [TOMBOLO]]] as const) {
    await each.write("work/secret", "canary");
    const env = { DENO_DIR: `${each.home}/deno` };
    // While another sandbox could change the tree, stage2 mounts what it can, and is tried for that.
    const first = each.startHost([...start, "run", "--", "sh", "-c", "echo up; read line"], {
      env,
      stdin: "",
    });
    assert.equal(await first.line(), "up");
    const flags = ["--deny-read=secret", "--max-memory=2GiB", "--allow-net=unused.test"];
    const second = await each.host([...start, "run", ...flags, "--", "sh", "-c", "cat secret; echo ran"], {
      env,
    });
    assert.equal(second.stdout, "ran\n", second.stderr);
    first.kill("SIGTERM");
    await first.outcome();
    const answer = await each.read("home/.local/state/tombolo/probe-late-mounts");
    tried.push(answer?.trim().split("\n").at(-1));
  }
  assert.match(tried[0] ?? "", /^(?:yes|no)$/);
  assert.equal(tried[0], tried[1]);
});

for (const network of [false, true]) {
  Deno.test(`it runs where nothing of the host is shown, ${network ? "with" : "without"} the gateway`, async () => {
    await using box = await Box.create({ ordinaryUser: true });
    await box.write(
      "work/static.c",
      '#include <unistd.h>\nint main(void) { return access("/usr", F_OK) == 0 ? 1 : access("/etc", F_OK) == 0 ? 2 : 42; }\n',
    );
    const compiled = await box.host(["gcc", "-static", "-o", "static", "static.c"]);
    assert.equal(compiled.code, 0, compiled.stderr);
    const { code, stderr } = await run(box, [
      ...["run", "--preset=none", `--allow-read=static,${standIn.needs}`],
      ...(network ? ["--allow-net=unused.test"] : []),
      // Where there is no network, orders have stage2 launch it.
      ...(network ? [] : ["--max-open-files=64"]),
      ...["--", `${box.work}/static`],
    ]);
    assert.equal(code, 42, stderr);
    assert.deepEqual(await unpacked(box), [programs.stage2.sha256]);
  });
}

Deno.test("it confines with Landlock on the host, and asks for the version", async () => {
  await using box = await Box.create({ ordinaryUser: true });
  const flags = ["--backend=landlock", `--deny-read=${box.home}/secret`];
  await box.write("home/secret/x", "canary");
  const script = "echo in >file; echo out >~/out; cat ~/secret/x; exit 6";
  const { code, stdout, stderr } = await run(box, ["run", ...flags, "--", "sh", "-c", script]);
  assert.deepEqual([code, stdout], [6, ""], stderr);
  assert.equal(await box.read("work/file"), "in\n");
  assert.equal(await box.exists("home/out"), false);
  const doctor = await run(box, ["doctor", "--json"]);
  assert.doesNotMatch(doctor.stdout, /Cannot ask for the version/);
  assert.deepEqual(await unpacked(box), [programs.stage2.sha256]);
});

Deno.test("ssh's ProxyCommand is its dial role, which reaches the allowed host and no other", async () => {
  await using box = await Box.create();
  await using server = await SshServer.start(box);
  const flags = ["--resolve=web.test:127.0.0.1", `--allow-net=web.test,127.0.0.1:${server.port}`];
  const ssh = 'ssh -F ssh_config -o ProxyCommand="$TOMBOLO_SSH_PROXY_COMMAND"';
  const { stdout, stderr } = await run(box, [
    ...["run", ...flags, "--", "sh", "-c"],
    `echo "$TOMBOLO_SSH_PROXY_COMMAND"; ${ssh} web.test "echo hello from ssh"; ${ssh} other.test true`,
  ]);
  assert.match(stdout, /^env -i .* \/run\/tombolo\/stage2 dial \d+ %h %p\n/);
  assert.match(stdout, /\nhello from ssh\n$/, stderr);
  assert.match(stderr, /denied net other\.test/);
  assert.equal(server.accepted, 1);
});

Deno.test("the host reaches a published port through it", async () => {
  await using box = await Box.create({ ordinaryUser: true });
  const free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = free.addr;
  free.close();
  const serve = "import socket; s = socket.create_server(('127.0.0.1', 8000)); print('up', flush=True); " +
    "c, _ = s.accept(); c.sendall(b'hello'); c.close()";
  const command = ["run", `--publish=${port}:8000`, "--", "python3", "-c", serve];
  const running = box.startHost([...words, ...command], { env: { DENO_DIR: `${box.home}/deno` } });
  assert.equal(await running.line(), "up");
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  assert.equal(await new Response(conn.readable).text(), "hello");
  assert.equal((await running.outcome()).code, 0);
});
