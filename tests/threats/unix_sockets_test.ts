import assert from "node:assert/strict";
import { PublishedRun } from "../system/published_run.ts";
import { Box, fixture, isRoot, MODES, Running, said, TOMBOLO } from "../system/tombolo.ts";

const PLACES = fixture(import.meta.dirname, "socket_places.py");

/** Sockets of the host, until it is disposed. */
class HostSockets implements AsyncDisposable {
  private constructor(readonly names: readonly string[], private readonly server: Running) {}

  static async listen(names: readonly string[], cwd: string): Promise<HostSockets> {
    for (const name of names.filter((each) => each.startsWith("/"))) {
      await Deno.mkdir(name.slice(0, name.lastIndexOf("/")), { recursive: true });
    }
    const server = new Running(
      new Deno.Command("python3", {
        args: [PLACES, "serve", ...names],
        cwd,
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn(),
    );
    assert.equal(await server.line(), "ready");
    return new HostSockets(names, server);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server.child.stdin.close();
    await this.server.outcome();
  }
}

/** One of each kind that hosts have; the box's `runtime` stands for $XDG_RUNTIME_DIR. */
function usualPlaces(box: Box, tmp: string): string[] {
  return [
    `${box.root}/runtime/docker.sock`,
    `${box.root}/runtime/bus`,
    `${box.home}/.gnupg/S.gpg-agent`,
    `${box.home}/.config/app/app.sock`,
    `${tmp}/ssh-x/agent.1`,
    `${tmp}/.X11-unix/X9`,
    `${box.work}/below/dev server.sock`,
    `${box.work}/line\nfeed.sock`,
    `${box.work}/log-datagram`,
    `${box.root}/beside-datagram`,
    `@tombolo-test${box.root}`,
  ];
}

Deno.test("P12 with --allow-unix the named socket is reached, and no other that is bound, in whatever place", async () => {
  await using box = await Box.create();
  const tmp = await Deno.makeTempDir({ dir: "/tmp" });
  try {
    await using host = await HostSockets.listen(usualPlaces(box, tmp), box.root);
    const env = { XDG_RUNTIME_DIR: `${box.root}/runtime` };
    for (const mode of MODES) {
      const reach = ["python3", PLACES, "reach", ...host.names];
      const closed = await box.runIn(mode, [], reach, { env });
      assert.equal(closed.stdout, "tried\n", `${mode.name} ${closed.stderr}`);
      for (const name of host.names.filter((each) => each.startsWith("/") && !each.includes("\n"))) {
        const { stdout, stderr } = await box.runIn(mode, [`--allow-unix=${name}`], reach, { env });
        const times = name.endsWith("datagram") ? 2 : 1;
        const reached = `reached ${name.slice(name.lastIndexOf("/") + 1)}\n`.repeat(times);
        assert.equal(stdout, `${reached}tried\n`, `${mode.name} ${name} ${stderr}`);
      }
    }
  } finally {
    await Deno.remove(tmp, { recursive: true });
  }
});

Deno.test("P12 a socket that was renamed after it was bound, or bound by a relative name, is hidden", async () => {
  await using box = await Box.create();
  const names = [`${box.work}/own.sock`, `${box.home}/first`, "home/relative.sock"];
  await using _host = await HostSockets.listen(names, box.root);
  await Deno.rename(`${box.home}/first`, `${box.home}/renamed`);
  const reach = ["own.sock", "../home/first", "../home/renamed", "../home/relative.sock"];
  const { stdout, stderr } = await box.run([`--allow-unix=own.sock`], ["python3", PLACES, "reach", ...reach]);
  assert.equal(stdout, "reached own.sock\ntried\n", stderr);
});

Deno.test({
  name:
    "P12 a socket in another user's private directory neither stops the start nor is reached (needs root)",
  ignore: !isRoot,
  fn: async () => {
    await using box = await Box.create();
    await using _host = await HostSockets.listen(
      [`${box.work}/own.sock`, `${box.root}/theirs/sock`],
      box.root,
    );
    await Deno.chown(`${box.root}/theirs`, 65534, 65534);
    await Deno.chmod(`${box.root}/theirs`, 0o700);
    const { stdout, stderr } = await box.run(["--allow-unix=own.sock"], [
      "python3",
      PLACES,
      "reach",
      "own.sock",
      "../theirs/sock",
    ]);
    assert.equal(stdout, "reached own.sock\ntried\n", stderr);
  },
});

// In a network namespace of its own: no other test's sandbox may find such a name in the kernel's list.
function besideSocket(bind: string, args: readonly string[]): string[] {
  const script = `
import os, socket, subprocess, sys
allowed = socket.socket(socket.AF_UNIX); allowed.bind("own.sock"); allowed.listen()
work = os.getcwd()
other = socket.socket(socket.AF_UNIX)
${bind}
other.listen()
status = subprocess.run(sys.argv[1:], cwd=work).returncode
other = other.getsockname()
os.chdir(HOME); os.unlink(other); os.unlink(f"{work}/own.sock")
sys.exit(status)
`;
  return ["unshare", ...(isRoot ? [] : ["-r"]), "-n", "python3", "-c", script, TOMBOLO, "run", ...args];
}

Deno.test("P12 a socket that cannot be hidden is an error with a remedy, and nothing runs", async () => {
  await using box = await Box.create();
  const home = `HOME = "${box.home}"; os.chdir(HOME)`;
  const cases = [
    [
      `${home}; other.bind("lost.sock"); os.chdir("/")`,
      /"lost\.sock" is bound by a name without a directory; hide the directory that it is in: --deny-read=DIRECTORY$/,
    ],
    [
      `${home}; other.bind(os.getcwdb() + b"/odd\\xff.sock")`,
      /one in ".*\/home" has a name that is not UTF-8; hide the directory: --deny-read=.*\/home$/,
    ],
  ] as const;
  const args = ["--allow-unix=own.sock", "--", "touch", "ran"];
  for (const [bind, message] of cases) {
    const refused = await box.host(besideSocket(bind, args));
    assert.equal(refused.code, 125, refused.stderr);
    assert.match(said(refused).join("\n"), message);
    assert.equal(await box.exists("work/ran"), false);
    const hidden = await box.host(besideSocket(bind, [`--deny-read=${box.home}`, ...args]));
    assert.equal(hidden.code, 0, hidden.stderr);
    await Deno.remove(`${box.work}/ran`);
  }
});

Deno.test("P12 with AF_UNIX open tombolo's own sockets are the gateway, and answer for published ports, no more", async () => {
  await using box = await Box.create();
  await using _host = await HostSockets.listen([`${box.work}/own.sock`], box.root);
  const script = `
import signal, socket
gateway = socket.socket(socket.AF_UNIX); gateway.connect("/run/tombolo/gateway.sock")
gateway.sendall(b"CONNECT 127.0.0.1:22 HTTP/1.1\\r\\n\\r\\n")
print(gateway.recv(12).decode(), flush=True)
hello = socket.socket(socket.AF_UNIX); hello.connect("/run/tombolo/gateway.sock")
hello.sendall(b"b\\0\\x16l"); hello.settimeout(10)
print(hello.recv(9) in (b"", b"HTTP/1.1 "), flush=True)
held = []
for _ in range(2000):
    end = socket.socket(socket.AF_UNIX); end.setblocking(False)
    try:
        end.connect("/run/tombolo/publish.sock")
    except BlockingIOError:
        break
    held.append(end)
print(len(held) < 2000, flush=True)
for end in held: end.close()
signal.pause()
`;
  const published = await PublishedRun.start(box, ["--publish=0:3000", "--allow-unix=own.sock"], [
    "python3",
    "-c",
    script,
  ]);
  assert.deepEqual([await published.run.line(), await published.run.line(), await published.run.line()], [
    "HTTP/1.1 403",
    "True",
    "True",
  ]);
  await published.end();
});
