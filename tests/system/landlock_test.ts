import assert from "node:assert/strict";
import { WebServer } from "./servers.ts";
import { Box, exists, fixture, LANDLOCK, processesWith, said, until } from "./tombolo.ts";

const OPERATIONS = fixture(import.meta.dirname, "file_operations.py");

/** An operation, where, and the errno that it must end with. */
type Row = readonly [operation: string, path: string, wanted: string, other?: string];

async function check(box: Box, flags: readonly string[], rows: readonly Row[]): Promise<void> {
  const tries = Object.fromEntries(
    rows.map(([operation, path, , other]) => [
      `${operation} ${path} ${other ?? ""}`,
      [operation, path, ...(other === undefined ? [] : [other])],
    ]),
  );
  const { stdout, stderr } = await box.runIn(LANDLOCK, flags, ["python3", OPERATIONS, JSON.stringify(tries)]);
  assert.notEqual(stdout, "", stderr);
  const wanted = rows.map((
    [operation, path, errno, other],
  ) => [`${operation} ${path} ${other ?? ""}`, errno]);
  assert.deepEqual(JSON.parse(stdout), Object.fromEntries(wanted));
}

/** A work tree with something to read and to write, and something outside of it. */
async function furnished(): Promise<Box> {
  const box = await Box.create();
  await box.write("work/file", "text");
  await box.write("work/old", "text");
  await box.write("work/gone", "text");
  await box.write("work/closed/file", "text");
  await box.write("work/kept/file", "text");
  await box.write("outside/file", "text");
  await box.write("outside/program", "#!/bin/sh\n", 0o755);
  return box;
}

Deno.test("Landlock: in the work tree every operation on files works, and no device can be made", async () => {
  await using box = await furnished();
  await check(box, [], [
    ["read", "file", "ok"],
    ["list", ".", "ok"],
    ["write", "file", "ok"],
    ["create", "new", "ok"],
    ["mkdir", "directory", "ok"],
    ["rename", "old", "ok", "directory/old"],
    ["link", "file", "ok", "directory/linked"],
    ["symlink", "directory/link", "ok"],
    ["mkfifo", "directory/fifo", "ok"],
    ["mknod", "device", "EACCES"],
    ["truncate", "file", "ok"],
    ["open-truncate", "file", "ok"],
    ["unlink", "gone", "ok"],
    ["touch", "file", "ok"],
    ["chmod", "file", "EPERM"],
    ["chown", "file", "EPERM"],
    ["utime", "file", "EPERM"],
    ["setxattr", "file", "EPERM"],
  ]);
});

Deno.test("Landlock: what may be read alone can be neither changed nor moved nor linked to", async () => {
  await using box = await furnished();
  const outside = `${box.root}/outside`;
  await check(box, [], [
    ["read", `${outside}/file`, "ok"],
    ["list", outside, "ok"],
    ["exec", `${outside}/program`, "ok"],
    ["write", `${outside}/file`, "EACCES"],
    ["create", `${outside}/new`, "EACCES"],
    ["mkdir", `${outside}/new`, "EACCES"],
    ["unlink", `${outside}/file`, "EACCES"],
    ["rename", `${outside}/file`, "EACCES", "here"],
    ["rename", "file", "EACCES", `${outside}/there`],
    ["link", `${outside}/file`, "EXDEV", "here"],
    ["link", "file", "EACCES", `${outside}/there`],
    ["symlink", `${outside}/link`, "EACCES"],
    ["mkfifo", `${outside}/fifo`, "EACCES"],
    ["truncate", `${outside}/file`, "EACCES"],
    ["open-truncate", `${outside}/file`, "EACCES"],
    ["chmod", `${outside}/file`, "EPERM"],
    ["utime", `${outside}/file`, "EPERM"],
    ["setxattr", `${outside}/file`, "EPERM"],
  ]);
  assert.deepEqual(await box.list("outside"), ["file", "program"]);
  assert.equal(await box.read("outside/file"), "text");
});

Deno.test("Landlock: what is denied stays closed amid what is not, and so does what would lead around it", async () => {
  await using box = await furnished();
  await check(box, ["--deny-read=closed", "--deny-write=kept"], [
    ["read", "closed/file", "EACCES"],
    ["list", "closed", "EACCES"],
    ["rename", "closed", "EACCES", "opened"],
    ["link", "closed/file", "EACCES", "kept/linked"],
    ["read", "kept/file", "ok"],
    ["write", "kept/file", "EACCES"],
    ["create", "kept/new", "EACCES"],
    ["rename", "kept", "EACCES", "moved"],
    ["write", "file", "ok"],
    // Both directories are opened entry by entry.
    ["create", "new", "EACCES"],
    ["list", ".", "EACCES"],
  ]);
});

Deno.test("Landlock: without network no socket can be made, and a pair stays", async () => {
  await using box = await Box.create();
  await check(box, [], [
    ["connect", "9", "EPERM"],
    ["bind", "0", "EPERM"],
    ["udp", "9", "EPERM"],
    ["mptcp", "9", "EPERM"],
    ["unix", "-", "EPERM"],
  ]);
  const { code } = await box.runIn(LANDLOCK, [], [
    "python3",
    "-c",
    "import socket; a, b = socket.socketpair(); a.send(b'x'); assert b.recv(1) == b'x'",
  ]);
  assert.equal(code, 0);
});

Deno.test("Landlock: a host is refused without --weaker-network, 125, and nothing runs", async () => {
  await using box = await Box.create();
  const { code, stderr } = await box.runIn(LANDLOCK, ["--allow-net=web.test"], ["touch", "ran"]);
  assert.equal(code, 125);
  assert.match(
    stderr,
    /^tombolo: Cannot enforce the policy with Landlock: .*; accept that with --weaker-network/,
  );
  assert.equal(await box.exists("work/ran"), false);
});

Deno.test("Landlock: with --weaker-network the gateway is all that TCP leads to", async () => {
  await using box = await Box.create();
  await using server = new WebServer();
  const flags = [
    "--weaker-network",
    "--resolve=web.test:127.0.0.1",
    `--allow-net=web.test:${server.port},127.0.0.1:${server.port}`,
  ];
  const get = (host: string) => `curl -sS -o /dev/null -w '%{http_code}\n' http://${host}:${server.port}/`;
  const { stdout, stderr } = await box.runIn(LANDLOCK, flags, [
    "sh",
    "-c",
    `${get("web.test")}; ${
      get("other.test")
    }; curl -sS --noproxy '*' http://127.0.0.1:${server.port}/ || echo refused`,
  ]);
  assert.equal(stdout, "200\n403\nrefused\n", stderr);
  assert.match(stderr, /the same TCP port as the gateway's can be reached on any machine/);
  await check(
    box,
    flags,
    [
      ["connect", String(server.port), "EACCES"],
      ["bind", "0", "EACCES"],
      ["listen", "0", "EPERM"],
      ["udp", "9", "EPERM"],
      ["fastopen", String(server.port), "EPERM"],
      ["mptcp", "9", "EPERM"],
      ["unix", "-", "EPERM"],
    ],
  );
});

Deno.test("Landlock: N11 nobody else on the host can use the gateway", async () => {
  await using box = await Box.create();
  await using server = new WebServer();
  const url = `http://127.0.0.1:${server.port}/`;
  const running = box.start(
    [...LANDLOCK.flags, "--weaker-network", `--allow-net=127.0.0.1:${server.port}`],
    ["sh", "-c", "echo $http_proxy; read -r _ || true; exec sleep 100"],
    { stdin: "" },
  );
  const proxy = new URL(await running.line());
  const answer = async (given: string) => {
    const { stdout } = await box.host([
      "curl",
      "-s",
      "-o",
      "/dev/null",
      "-w",
      "%{http_code}",
      "--proxy",
      given,
      url,
    ]);
    return stdout;
  };
  assert.equal(await answer(proxy.href), "200");
  assert.equal(await answer(`http://${proxy.host}/`), "407");
  running.kill("SIGTERM");
  assert.equal((await running.status()).code, 143);
});

Deno.test("Landlock: --allow-unix and --publish are refused, as nothing would hold them", async () => {
  await using box = await Box.create();
  using _listener = Deno.listen({ transport: "unix", path: `${box.root}/socket` });
  for (const flag of [`--allow-unix=${box.root}/socket`, "--publish=0:8080"]) {
    const { code, stderr } = await box.runIn(LANDLOCK, [flag], ["touch", "ran"]);
    assert.equal(code, 125, flag);
    assert.match(stderr, /^tombolo: Cannot enforce the policy with Landlock: /);
  }
  assert.equal(await box.exists("work/ran"), false);
});

Deno.test("Landlock: temporary files have a directory of their own, which is gone at the end", async () => {
  await using box = await Box.create();
  const { stdout } = await box.runIn(LANDLOCK, [], [
    "sh",
    "-c",
    'echo "$TMPDIR"; mktemp; mkdir -p "$TMPDIR/a/b"; ls /tmp || echo closed',
  ]);
  const [directory = "", file = "", closed] = stdout.split("\n");
  assert.equal(closed, "closed");
  assert.ok(file.startsWith(`${directory}/`), stdout);
  assert.equal(await exists(directory), false);
});

Deno.test("Landlock: P10 a SIGKILL of tombolo leaves no process, also in other sessions, and no directory", async () => {
  await using box = await Box.create();
  const mark = box.marker();
  const script = `echo "$TMPDIR"; setsid sh -c 'echo $$; exec sleep ${mark}' & wait`;
  const running = box.start(LANDLOCK.flags, ["sh", "-c", script], { ownGroup: true });
  const directory = await running.line();
  await running.line();
  await running.killGroup("SIGKILL");
  await until(() => processesWith(mark).length === 0, "the end of what the command started");
  await until(async () => !await exists(directory), "the end of the directory for temporary files");
  assert.deepEqual(await box.runDirectories(), []);
});

Deno.test("Landlock: the warden cannot be signalled, traced or read by the command", async () => {
  await using box = await Box.create();
  const script = `
import errno, os, signal
def attempt(call):
    try: call(); return "ok"
    except OSError as error: return errno.errorcode[error.errno]
warden = os.getppid()
print(attempt(lambda: os.kill(warden, 0)), attempt(lambda: os.kill(warden, signal.SIGKILL)))
print(attempt(lambda: open(f"/proc/{warden}/mem", "rb")), attempt(lambda: open(f"/proc/{warden}/environ", "rb")))
print(attempt(lambda: os.sched_setaffinity(warden, {0})), attempt(lambda: os.setpriority(os.PRIO_PROCESS, warden, 5)))
import resource
print(attempt(lambda: resource.prlimit(warden, resource.RLIMIT_CPU, (0, 0))))
`;
  const { code, stdout, stderr } = await box.runIn(LANDLOCK, [], ["python3", "-c", script]);
  assert.equal(stdout, "EPERM EPERM\nEACCES EACCES\nEPERM EPERM\nEPERM\n", stderr);
  assert.equal(code, 0);
});

Deno.test("Landlock: where the command fails, what is refused beyond the policy is said, with the way out", async () => {
  await using box = await furnished();
  await box.write("work/.git/HEAD", "ref: refs/heads/main\n");
  await box.write("work/.git/hooks/pre-commit", "#!/bin/sh\n", 0o755);
  await box.write("work/.git/config", "[core]\n");
  const outcome = await box.runIn(LANDLOCK, ["-v"], ["sh", "-c", "echo >new"]);
  assert.equal(outcome.code, 2);
  const lines = said(outcome).join("\n");
  assert.match(lines, /nothing be made, renamed or removed directly in ".*work"/);
  assert.match(lines, /--weaker-attributes allows them/);
  assert.deepEqual(said(await box.runIn(LANDLOCK, [], ["true"])), []);
  await check(box, [], [
    ["write", ".git/hooks/pre-commit", "EACCES"],
    ["write", ".git/config", "EACCES"],
    ["rename", ".git", "EACCES", "moved"],
    ["create", "kept/new", "ok"],
  ]);
});

Deno.test("Landlock: with --weaker-attributes modes and times can be changed, and it is said", async () => {
  await using box = await furnished();
  const outcome = await box.runIn(LANDLOCK, ["--weaker-attributes"], [
    "sh",
    "-c",
    "chmod 755 file && touch -d 2001-01-01 old",
  ]);
  assert.equal(outcome.code, 0);
  assert.match(said(outcome).join("\n"), /modes, owners, times and attributes of all files/);
  assert.equal(((await Deno.stat(`${box.work}/file`)).mode ?? 0) & 0o777, 0o755);
});

Deno.test("Landlock: only listed programs run, and memory cannot be executed", async () => {
  await using box = await furnished();
  const flags = ["--allow-run=sh,cat"];
  const { stdout } = await box.runIn(LANDLOCK, flags, ["sh", "-c", "cat file; ls || echo refused"]);
  assert.equal(stdout, "textrefused\n");
});

Deno.test("Landlock: processes are limited by a cgroup or not at all", async () => {
  await using box = await Box.create({ ordinaryUser: true });
  const { code, stderr } = await box.runIn(LANDLOCK, ["--max-processes=5"], ["touch", "ran"]);
  if (code === 0) return;
  assert.equal(code, 125);
  assert.match(stderr, /Cannot limit processes to 5 .*counts all processes of the user together/);
  assert.equal(await box.exists("work/ran"), false);
});

Deno.test("an unknown backend, and one of another system, is an error that names those that there are", async () => {
  await using box = await Box.create();
  const unknown = await box.run(["--backend=docker"], ["true"]);
  assert.equal(unknown.code, 125);
  assert.match(unknown.stderr, /Unknown backend "docker"; wanted: auto, bubblewrap, landlock, seatbelt/);
  const other = await box.run(["--backend=seatbelt"], ["true"]);
  assert.equal(other.code, 125);
  assert.match(other.stderr, /Cannot use backend seatbelt here: it is for macOS/);
});
