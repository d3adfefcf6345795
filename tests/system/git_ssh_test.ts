import assert from "node:assert/strict";
import { SshServer } from "./ssh_server.ts";
import { Box, said } from "./tombolo.ts";

/** Lets web.test lead to the server; the home is writable, to see who writes there. */
function toServer(server: SshServer, box: Box): string[] {
  return [
    "--resolve=web.test:127.0.0.1",
    `--allow-net=web.test,127.0.0.1:${server.port}`,
    `--allow-write=${box.home}`,
  ];
}

/** A bare repository with one commit, beside the work tree, which the sandbox may not read. */
async function repository(box: Box): Promise<string> {
  const script = `
    set -e
    git init -q -b main seed && cd seed
    echo one >file && git add file
    git -c user.name=a -c user.email=a@a.test commit -qm one
    git clone -q --bare . ../repo.git
    cd .. && rm -rf seed`;
  const { code, stderr } = await box.host(["sh", "-c", script], { cwd: box.root });
  assert.equal(code, 0, stderr);
  return `${box.root}/repo.git`;
}

const CONFIGURED = 'export GIT_SSH_COMMAND="$GIT_SSH_COMMAND -F $PWD/ssh_config"';

Deno.test("git clones and pushes over ssh through the gateway, with nothing written in the home", async () => {
  await using box = await Box.create();
  await using server = await SshServer.start(box);
  const path = await repository(box);
  const script = `
    set -e
    ${CONFIGURED}
    git clone -q ssh://web.test:${server.port}${path} clone && cd clone && cat file
    echo two >file && git -c user.name=a -c user.email=a@a.test commit -qam two && git push -q`;
  const outcome = await box.shell([...toServer(server, box), `--deny-read=${path}`], script);
  assert.equal(outcome.code, 0, outcome.stderr);
  assert.equal(outcome.stdout, "one\n");
  assert.deepEqual(said(outcome), []);
  const log = await box.host(["git", "--git-dir", path, "log", "--format=%s"]);
  assert.equal(log.stdout, "two\none\n");
  assert.equal(server.accepted, 2);
  assert.deepEqual((await box.list("home")).filter((name) => name !== ".local"), []);
});

Deno.test("git over ssh to a host that no rule allows says why, and nobody is reached", async () => {
  await using box = await Box.create();
  await using server = await SshServer.start(box);
  const outcome = await box.shell(
    ["--resolve=other.test:127.0.0.1", ...toServer(server, box)],
    `${CONFIGURED}; git ls-remote ssh://other.test:${server.port}/repo.git 2>&1`,
  );
  const hint = `--allow-net=other.test:${server.port}`;
  assert.ok(
    outcome.stdout.startsWith(
      `tombolo: denied net other.test:${server.port} (no rule allows it); to allow: ${hint}\n`,
    ),
    outcome.stdout,
  );
  assert.match(outcome.stdout, /fatal: Could not read from remote repository/);
  assert.equal(outcome.code, 128);
  assert.equal(server.accepted, 0);
  assert.equal(said(outcome).length, 1);
});

const BY_HAND: readonly (readonly [name: string, script: string])[] = [
  [
    "ssh",
    'ssh -F ssh_config -o ProxyCommand="$TOMBOLO_SSH_PROXY_COMMAND" web.test "cat >$REMOTE" <sent && ' +
    'ssh -F ssh_config -o ProxyCommand="$TOMBOLO_SSH_PROXY_COMMAND" web.test "cat $REMOTE" >got',
  ],
  [
    "scp",
    'scp -q -F ssh_config -o ProxyCommand="$TOMBOLO_SSH_PROXY_COMMAND" sent web.test:"$REMOTE" && ' +
    'scp -q -F ssh_config -o ProxyCommand="$TOMBOLO_SSH_PROXY_COMMAND" web.test:"$REMOTE" got',
  ],
  [
    "sftp",
    'printf "put sent %s\nget %s got\n" "$REMOTE" "$REMOTE" | ' +
    'sftp -q -b - -F ssh_config -o ProxyCommand="$TOMBOLO_SSH_PROXY_COMMAND" web.test',
  ],
  [
    "rsync, by its RSYNC_RSH,",
    'export RSYNC_RSH="$RSYNC_RSH -F $PWD/ssh_config"; rsync sent web.test:"$REMOTE" && rsync web.test:"$REMOTE" got',
  ],
];

for (const [name, script] of BY_HAND) {
  Deno.test(`${name} takes three million bytes there and back through the gateway`, async () => {
    await using box = await Box.create();
    await using server = await SshServer.start(box);
    const text = Array.from({ length: 300_000 }, (_, index) => `${index}`.padStart(9) + "\n").join("");
    await box.write("work/sent", text);
    await Deno.mkdir(`${box.root}/remote`);
    const remote = [`--deny-read=${box.root}/remote`, "--env", `REMOTE=${box.root}/remote/file`];
    const { code, stderr } = await box.shell([...toServer(server, box), ...remote], script);
    assert.equal(code, 0, stderr);
    assert.ok(await box.read("remote/file") === text);
    assert.ok(await box.read("work/got") === text);
  });
}

Deno.test("a GIT_SSH_COMMAND or GIT_SSH of the user's is kept, and can name the way through", async () => {
  await using box = await Box.create();
  await using server = await SshServer.start(box);
  const path = await repository(box);
  const remote = `ssh://web.test:${server.port}${path}`;
  const command = 'GIT_SSH_COMMAND=ssh -F ssh_config -o ProxyCommand="$TOMBOLO_SSH_PROXY_COMMAND"';
  const set = await box.shell([...toServer(server, box), "--env", command], `git ls-remote ${remote}`);
  assert.match(set.stdout, /refs\/heads\/main/, set.stderr);
  const own = await box.write("work/own_ssh", "#!/bin/sh\necho called >called\nexit 1\n", 0o755);
  await box.shell([...toServer(server, box), "--env", `GIT_SSH=${own}`], `git ls-remote ${remote}`);
  assert.equal(await box.read("work/called"), "called\n");
  assert.equal(server.accepted, 1);
});
