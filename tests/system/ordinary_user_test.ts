import assert from "node:assert/strict";
import { WebServer } from "./servers.ts";
import { Box, EVERY_BACKEND, isRoot, processesWith, said, until } from "./tombolo.ts";

for (const mode of EVERY_BACKEND) {
  Deno.test(`${mode.name}: an ordinary user's command writes its work tree and nothing else`, async () => {
    await using box = await Box.create({ ordinaryUser: true });
    const outcome = await box.runIn(mode, [], [
      "sh",
      "-c",
      "id -u > file; touch ~/outside /etc/outside; exit 6",
    ]);
    assert.equal(outcome.code, 6);
    const uid = isRoot ? "65534" : `${Deno.uid()}`;
    assert.equal(await box.read("work/file"), `${uid}\n`);
    assert.equal(`${(await Deno.stat(`${box.work}/file`)).uid}`, uid);
    assert.deepEqual(await box.list("home"), [".local"]);
  });

  Deno.test(`${mode.name}: an ordinary user's secrets are hidden`, async () => {
    await using box = await Box.create({ ordinaryUser: true });
    await box.write("home/.ssh/id_rsa", "canary", 0o600);
    await box.write("home/.ssh/known_hosts", "known");
    await box.write("home/.netrc", "canary", 0o600);
    const script =
      "cat ~/.ssh/id_rsa ~/.netrc; chmod 700 ~/.ssh ~/.netrc; cat ~/.netrc; ls ~/.ssh; cat ~/.ssh/known_hosts";
    const { stdout } = await box.runIn(mode, [], ["sh", "-c", script]);
    assert.equal(stdout, "known");
  });

  Deno.test(`${mode.name}: nothing of an ordinary user's run survives it`, async () => {
    await using box = await Box.create({ ordinaryUser: true });
    const mark = box.marker();
    const script = `setsid sleep ${mark} & (sleep ${mark} &) ; echo started`;
    assert.equal((await box.runIn(mode, [], ["sh", "-c", script])).stdout, "started\n");
    await until(() => processesWith(mark).length === 0, "the end of what was left running");
    assert.deepEqual(await box.runDirectories(), []);
  });
}

Deno.test("an ordinary user's gateway works, and its state is private", async () => {
  await using box = await Box.create({ ordinaryUser: true });
  await using server = new WebServer();
  const flags = ["--resolve=web.test:127.0.0.1", `--allow-net=web.test,127.0.0.1:${server.port}`];
  const { stdout, stderr } = await box.run(flags, ["curl", "-s", `http://web.test:${server.port}/`]);
  assert.match(stdout, /^hello/, stderr);
  const state = await Deno.stat(`${box.home}/.local/state/tombolo`);
  assert.equal((state.mode ?? 0) & 0o777, 0o700);
});

const STUBBORN: readonly (readonly [name: string, script: string])[] = [
  [
    "hooks in a directory without write permission",
    "mkdir .git/hooks; echo x > .git/hooks/pre-commit; chmod 555 .git/hooks",
  ],
  [
    "hooks in a directory without any permission",
    "mkdir .git/hooks; echo x > .git/hooks/pre-commit; chmod 0 .git/hooks",
  ],
  [
    "a directory deep below hooks without permission",
    "mkdir -p .git/hooks/a/b; echo x > .git/hooks/pre-commit; chmod 0 .git/hooks/a/b .git/hooks/a",
  ],
  [
    "a file in a .git without write permission",
    "mkdir .git/hooks; echo x > .git/hooks/pre-commit; chmod 555 .git",
  ],
  [
    "a worktree configuration without permission",
    "mkdir .git/hooks; echo x > .git/config.worktree; chmod 0 .git/config.worktree; chmod 555 .git",
  ],
];

for (const [name, script] of STUBBORN) {
  Deno.test(`M5 ${name} is set aside all the same`, async () => {
    await using box = await Box.create({ ordinaryUser: true });
    assert.equal((await box.host(["git", "init", "--quiet", "--template=", "."])).code, 0);
    const outcome = await box.shell([], script);
    assert.equal(outcome.code, 0, outcome.stderr);
    assert.ok(said(outcome).some((line) => line.includes("set aside")), outcome.stderr);
    for (const left of ["hooks", "config.worktree"]) {
      assert.equal(await box.exists(`work/.git/${left}`), false, left);
    }
  });
}
