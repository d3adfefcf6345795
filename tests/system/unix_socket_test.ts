import assert from "node:assert/strict";
import { Box, isRoot, MODES, Running, said } from "./tombolo.ts";

/** Serves an echo at a path of the host while `use` runs. */
async function withEcho(path: string, use: () => Promise<void>): Promise<void> {
  const listener = Deno.listen({ transport: "unix", path });
  const served = (async () => {
    for await (const client of listener) {
      await client.readable.pipeTo(client.writable).catch(() => {});
    }
  })().catch(() => {});
  try {
    await use();
  } finally {
    listener.close();
    await served;
    await Deno.remove(path).catch(() => {});
  }
}

const CLIENT = `
import socket, sys
end = socket.socket(socket.AF_UNIX); end.connect(sys.argv[1])
end.sendall(b"over"); end.shutdown(socket.SHUT_WR)
print(end.recv(10).decode())`;

for (const mode of MODES) {
  Deno.test(`${mode.name}: an allowed socket is reached in the work tree, elsewhere, and below private directories`, async () => {
    await using box = await Box.create();
    const session = `${box.root}/session`;
    const tmp = await Deno.makeTempDir({ dir: "/tmp" });
    await Deno.mkdir(`${session}/deep/er`, { recursive: true });
    await Deno.mkdir(`${box.home}/.ssh`);
    try {
      for (const directory of [box.work, box.home, `${box.home}/.ssh`, `${session}/deep/er`, tmp]) {
        const path = `${directory}/echo.sock`;
        await withEcho(path, async () => {
          const env = { XDG_RUNTIME_DIR: session };
          const { stdout, stderr } = await box.runIn(mode, [`--allow-unix=${path}`], [
            "python3",
            "-c",
            CLIENT,
            path,
          ], { env });
          assert.equal(stdout, "over\n", `${directory} ${stderr}`);
        });
      }
    } finally {
      await Deno.remove(tmp, { recursive: true });
    }
  });
}

Deno.test({
  name: "a database's socket below the host's /run is reached, and nothing else of /run is seen (needs root)",
  ignore: !isRoot,
  fn: async () => {
    await using box = await Box.create();
    const directory = await Deno.makeTempDir({ dir: "/run", prefix: "tombolo-test." });
    try {
      await withEcho(`${directory}/.s.PGSQL.5432`, async () => {
        const { stdout, stderr } = await box.shell(
          [`--allow-unix=${directory}/.s.PGSQL.5432`],
          `python3 -c '${CLIENT}' ${directory}/.s.PGSQL.5432; ls /run; ls -A ${directory}`,
        );
        assert.equal(stdout, `over\n${directory.slice("/run/".length)}\n.s.PGSQL.5432\n`, stderr);
      });
      assert.deepEqual(Array.from(Deno.readDirSync(directory)), []);
    } finally {
      await Deno.remove(directory);
    }
  },
});

Deno.test("ssh-add lists the keys of an agent whose socket and variable are allowed, and of no other", async () => {
  await using box = await Box.create();
  const socket = `${box.root}/agent.sock`;
  const agent = new Running(
    new Deno.Command("ssh-agent", { args: ["-D", "-a", socket], stdout: "piped", stderr: "piped" }).spawn(),
  );
  try {
    await agent.line();
    const env = { SSH_AUTH_SOCK: socket };
    const key = `${box.root}/key`;
    const made = await box.host(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "listed", "-f", key]);
    assert.equal(made.code, 0, made.stderr);
    assert.equal((await box.host(["ssh-add", "-q", key], { env })).code, 0);
    for (const mode of MODES) {
      const flags = [`--allow-unix=${socket}`, "--allow-env=SSH_AUTH_SOCK"];
      const listed = await box.runIn(mode, flags, ["ssh-add", "-l"], { env });
      assert.match(listed.stdout, / listed \(ED25519\)\n$/, listed.stderr);
      assert.match(said(listed).join("\n"), /agent\.sock: an agent: it signs with your keys/);
      const closed = await box.runIn(mode, ["--allow-env=SSH_AUTH_SOCK"], ["ssh-add", "-l"], { env });
      assert.equal(closed.code, 2, closed.stdout);
    }
  } finally {
    agent.kill("SIGTERM");
    await agent.outcome();
  }
});

Deno.test("what is no socket, or leads elsewhere, or is denied too, is an error that says so", async () => {
  await using box = await Box.create();
  await box.write("work/file", "");
  await Deno.symlink(`${box.root}/real.sock`, `${box.work}/link.sock`);
  const cases: [string[], RegExp][] = [
    [["--allow-unix=missing"], /"missing" \(--allow-unix\): no such socket; start what listens there first/],
    [["--allow-unix=file"], /"file" \(--allow-unix\): it is a file; name the socket itself/],
    [["--allow-unix=."], /"\." \(--allow-unix\): it is a directory; name the socket itself/],
    [
      ["--allow-unix=link.sock"],
      /"link\.sock" \(--allow-unix\): ".*\/link\.sock" is a symbolic link to ".*\/real\.sock"/,
    ],
    [["--allow-unix=*.sock"], /"\*\.sock" \(--allow-unix\): allow lists name paths, not patterns/],
    [["--allow-unix"], /Flag --allow-unix needs a list/],
    [["--allow-unix=/dev/log"], /the sandbox has a \/dev of its own/],
    [
      [`--allow-unix=${box.root}/real.sock`, `--deny-read=${box.root}/real.sock`],
      /\(--deny-read\) denies it/,
    ],
    [[`--allow-read=${box.root}/real.sock`], /to let the socket be reached: --allow-unix=/],
  ];
  await withEcho(`${box.root}/real.sock`, async () => {
    for (const [flags, message] of cases) {
      const outcome = await box.run(flags, ["touch", "ran"]);
      assert.equal(outcome.code, 125, flags.join(" "));
      assert.match(said(outcome).join("\n"), message);
    }
  });
  assert.equal(await box.exists("work/ran"), false);
});

Deno.test("a policy file names sockets from where it lies; events and the explanation list them", async () => {
  await using box = await Box.create();
  await withEcho(`${box.root}/docker.sock`, async () => {
    const policy = await box.write("policy.json", '{\n  "net": { "unix": ["docker.sock"] }\n}');
    const flags = [`--policy=${policy}`];
    const outcome = await box.run([...flags, "--events=events"], [
      "python3",
      "-c",
      CLIENT,
      `${box.root}/docker.sock`,
    ]);
    assert.equal(outcome.stdout, "over\n", outcome.stderr);
    assert.match(
      said(outcome).join("\n"),
      /docker\.sock: whoever reaches it is as good as root on this host/,
    );
    const event = JSON.parse(await box.read("work/events") ?? "");
    assert.deepEqual([event.kind, event.decision, event.target, event.rule.origin], [
      "unix",
      "allow",
      `${box.root}/docker.sock`,
      `${policy}:2`,
    ]);
    const { stdout } = await box.tombolo(["explain", ...flags]);
    assert.match(stdout, /^unix sockets, allowed:\n {2}docker\.sock +\S+policy\.json:2\n/m);
    assert.match(stdout, /^ {2}unix-socket +\S+\/docker\.sock$/m);
  });
});

Deno.test("a command that fails at a socket among its arguments is told the flag", async () => {
  await using box = await Box.create();
  await withEcho(`${box.work}/db.sock`, async () => {
    const outcome = await box.run([], ["python3", "-c", CLIENT, "db.sock"]);
    assert.equal(outcome.code, 1);
    assert.deepEqual(said(outcome), [
      `tombolo: denied unix ${box.work}/db.sock (no rule allows it); to allow: --allow-unix=${box.work}/db.sock`,
    ]);
  });
});

Deno.test("with AF_UNIX open, servers and clients inside meet", async () => {
  await using box = await Box.create();
  await withEcho(`${box.root}/any.sock`, async () => {
    const script = `
import os, socket
server = socket.socket(socket.AF_UNIX); server.bind("/tmp/own"); server.listen()
client = socket.socket(socket.AF_UNIX); client.connect("/tmp/own")
a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM); a.send(b"x")
print(b.recv(1))`;
    for (const mode of MODES) {
      const { stdout, stderr } = await box.runIn(mode, [`--allow-unix=${box.root}/any.sock`], [
        "python3",
        "-c",
        script,
      ]);
      assert.equal(stdout, "b'x'\n", stderr);
    }
  });
});
