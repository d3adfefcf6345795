import assert from "node:assert/strict";
import { gitBox, onHost, setAside } from "./repositories.ts";
import { type Box, MODES, said } from "./tombolo.ts";

/** A box whose work tree is a linked worktree of the repository in `main`, on the branch `side`. */
async function linkedWorktree(options: Parameters<typeof gitBox>[0] = {}): Promise<Box> {
  const box = await gitBox(options);
  await box.write("main/file", "one\n");
  const script = `cd ../main && git init -q . && git add . && git commit -qm one && git branch old
    rmdir ../work && git worktree add -q ../work -b side`;
  await onHost(box, script, { cwd: box.home });
  return box;
}

for (const mode of MODES) {
  Deno.test(`${mode.name}: in a linked worktree commit, amend, branch, stash, rebase, tag and gc work (fault 19)`, async () => {
    await using box = await linkedWorktree();
    const script = `
      git status --short && echo two > file && git commit -qam two && git commit -q --amend -m two
      git branch x && git checkout -q -b topic HEAD~1 && echo t > topic && git add topic && git commit -qm topic
      git rebase -q side && git branch -qD x && git pack-refs --all && git branch -qd old
      echo dirty >> file && git stash -q && git stash pop -q && git checkout -q file
      git tag v1 && git gc -q && git fsck --no-dangling && git log --format=%s`;
    const outcome = await box.runIn(mode, [], ["sh", "-ec", script]);
    assert.equal(outcome.code, 0, outcome.stderr);
    assert.equal(outcome.stdout, "topic\ntwo\none\n");
    assert.deepEqual(said(outcome), []);
    assert.equal(
      await onHost(box, "git -C ../main log --format=%s topic; git -C ../main fsck --no-dangling"),
      "topic\ntwo\none\n",
    );
  });
}

Deno.test("a linked worktree is worked in by an ordinary user too", async () => {
  await using box = await linkedWorktree({ ordinaryUser: true });
  const { code, stderr } = await box.shell(
    [],
    "echo two > file && git commit -qam two && git rebase -q --force-rebase HEAD~1",
  );
  assert.equal(code, 0, stderr);
});

Deno.test("from a linked worktree nothing else of the repository is written: not what git runs, not other working trees", async () => {
  await using box = await linkedWorktree();
  await onHost(box, "git -C ../main worktree add -q ../other");
  const before = await onHost(
    box,
    "cd ../main && cat .git/config .git/HEAD file && sha256sum .git/index && cat .git/worktrees/other/HEAD",
  );
  const common = `${box.root}/main/.git`;
  const script = `
    for f in config hooks/post-commit config.worktree info/attributes commondir HEAD index modules/x/config \\
      worktrees/other/HEAD worktrees/other/commondir worktrees/work/commondir worktrees/work/config.worktree ../file ../new; do
      (mkdir -p $(dirname ${common}/$f); echo planted > ${common}/$f; echo planted > x; mv -f x ${common}/$f) 2>/dev/null
    done; rm -f x; mv ${common} ${common}-gone 2>/dev/null; git config core.fsmonitor x 2>/dev/null; true`;
  const outcome = await box.shell([], script);
  assert.equal(
    await onHost(
      box,
      "cd ../main && cat .git/config .git/HEAD file && sha256sum .git/index && cat .git/worktrees/other/HEAD",
    ),
    before,
  );
  for (
    const name of [
      "hooks/post-commit",
      "config.worktree",
      "info/attributes",
      "commondir",
      "modules/x/config",
      "../new",
    ]
  ) {
    assert.equal(await box.exists(`main/.git/${name}`), false, `${name} ${outcome.stderr}`);
  }
  assert.equal(await box.read("main/.git/worktrees/work/commondir"), "../..\n");
  await onHost(box, "git status && git -C ../main status && git -C ../other status");
});

Deno.test("while a linked worktree is worked in, the user commits in the main one, and nothing is said of it", async () => {
  await using box = await linkedWorktree();
  const script =
    "echo up; until [ -e go ]; do read -t 0.01 x <> <(:) || :; done; rm go; echo two > file && git commit -qam two";
  const running = box.start([], ["bash", "-ec", script]);
  assert.equal(await running.line(), "up");
  await onHost(box, "cd ../main && echo x > x && git add x && git commit -qm x && git checkout -q --detach");
  await box.write("work/go", "");
  const outcome = await running.outcome();
  assert.deepEqual([outcome.code, said(outcome)], [0, []]);
  assert.equal(await onHost(box, "git log -1 --format=%s; git -C ../main log -1 --format=%s"), "two\nx\n");
});

Deno.test("a worktree whose repository does not name it back opens nothing outside", async () => {
  await using box = await linkedWorktree();
  await onHost(box, "echo /elsewhere/.git > ../main/.git/worktrees/work/gitdir");
  const { code } = await box.shell([], "echo two > file && git commit -qam two");
  assert.notEqual(code, 0);
  assert.equal(await onHost(box, "git -C ../main log --format=%s side"), "one\n");
});

Deno.test("what the user denies stays denied for a linked worktree", async () => {
  await using box = await linkedWorktree();
  const { code } = await box.shell(
    [`--deny-write=${box.root}/main`],
    "echo two > file && git commit -qam two",
  );
  assert.notEqual(code, 0);
});

Deno.test("a submodule's working tree alone can be committed in, and its configuration not be written", async () => {
  await using box = await gitBox();
  await onHost(
    box,
    `mkdir ../leaf && cd ../leaf && git init -q . && echo one > file && git add . && git commit -qm one
     cd ../work && git init -q . && git submodule -q add ../leaf lib/leaf && git commit -qm leaf`,
  );
  const git = `${box.work}/.git/modules/lib/leaf`;
  const outcome = await box.shell(
    [],
    `echo two > file && git commit -qam two || exit 3; echo planted > ${git}/hooks/post-commit; echo planted >> ${git}/config; true`,
    { cwd: `${box.work}/lib/leaf` },
  );
  assert.equal(outcome.code, 0, outcome.stderr);
  assert.equal(
    await onHost(box, "git -C lib/leaf log --format=%s; git diff --submodule=short --stat | head -1"),
    "two\none\n lib/leaf | 2 +-\n",
  );
  assert.equal(await box.exists("work/.git/modules/lib/leaf/hooks/post-commit"), false);
  assert.doesNotMatch(await box.read("work/.git/modules/lib/leaf/config") ?? "", /planted/);
});

Deno.test("in a superproject a worktree is added, a submodule fetched for the first time, and both are left usable", async () => {
  await using box = await gitBox();
  await onHost(
    box,
    `mkdir ../leaf ../super && cd ../leaf && git init -q . && echo one > file && git add . && git commit -qm one
     cd ../super && git init -q . && git submodule -q add ../leaf lib/leaf && git commit -qm leaf
     cd ../work && git clone -q ../super . && git submodule -q init`,
  );
  const script =
    `git submodule -q update && (cd lib/leaf && git checkout -q -b x && echo two > file && git commit -qam two)
    git commit -qam bump && git worktree add -q tree && (cd tree && echo x > x && git add x && git commit -qm x) && git status`;
  const outcome = await box.run([], ["sh", "-ec", script]);
  assert.equal(outcome.code, 0, outcome.stderr);
  assert.deepEqual(setAside(box, outcome), []);
  assert.equal(
    await onHost(
      box,
      "git -C tree log -1 --format=%s && git -C lib/leaf log -1 --format=%s && git submodule status | cut -c1",
    ),
    "x\ntwo\n \n",
  );
});
