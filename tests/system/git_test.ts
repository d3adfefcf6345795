import assert from "node:assert/strict";
import { Box, exists, MODES, said } from "./tombolo.ts";

const IDENTITY = {
  GIT_AUTHOR_NAME: "a",
  GIT_AUTHOR_EMAIL: "a@a.test",
  GIT_COMMITTER_NAME: "a",
  GIT_COMMITTER_EMAIL: "a@a.test",
};

/** A box whose work tree is a repository with one commit. */
async function repository(): Promise<Box> {
  const box = await Box.create();
  await box.write(
    "home/.gitconfig",
    "[user]\n\tname = a\n\temail = a@a.test\n[init]\n\tdefaultBranch = main\n",
  );
  await git(box, "init", "--quiet", ".");
  await box.write("work/file", "one\n");
  await git(box, "add", ".");
  await git(box, "commit", "--quiet", "--message=one");
  return box;
}

async function git(box: Box, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await box.host(["git", ...args], { env: IDENTITY });
  assert.equal(code, 0, `git ${args.join(" ")}: ${stderr}`);
  return stdout;
}

for (const mode of MODES) {
  Deno.test(`${mode.name}: status, add, commit, branch, stash, rebase and tag work inside`, async () => {
    await using box = await repository();
    const script = `
      set -e
      git status --short
      echo two > file && git add file && git commit -qm two
      git branch side HEAD~1 && git checkout -q side
      echo x > other && git add other && git commit -qm other
      git rebase -q main
      echo three > file && git stash -q && git stash pop -q && git checkout -q file
      git tag v1 && git gc -q && git fsck && git worktree list
      git log --format=%s`;
    const outcome = await box.runIn(mode, [], ["sh", "-c", script]);
    assert.equal(outcome.code, 0, outcome.stderr);
    assert.match(outcome.stdout, /other\ntwo\none\n$/);
    assert.deepEqual(said(outcome), []);
    assert.equal(await git(box, "log", "--format=%s", "side"), "other\ntwo\none\n");
  });
}

Deno.test("what git executes is not writable: hooks, config, config.worktree, info/attributes", async () => {
  await using box = await repository();
  await box.write("work/.git/config.worktree", "[core]\n");
  await box.write("work/.git/info/attributes", "* text\n");
  await box.write("work/.git/hooks/pre-commit", "#!/bin/sh\n", 0o755);
  const guarded = ["config", "config.worktree", "info/attributes", "hooks/pre-commit", "hooks/post-checkout"];
  const before = await Promise.all(guarded.map((name) => box.read(`work/.git/${name}`)));
  for (const name of guarded) {
    for (
      const action of [
        `echo planted > .git/${name}`,
        `rm -f .git/${name} && echo planted > .git/${name}`,
        `echo planted > x && mv -f x .git/${name}`,
        `ln -sf /tmp/x .git/${name}`,
        `chmod 777 .git/${name}`,
      ]
    ) {
      await box.shell([], action);
      assert.deepEqual(
        await Promise.all(guarded.map((path) => box.read(`work/.git/${path}`))),
        before,
        action,
      );
    }
  }
  const { code } = await box.run([], ["git", "config", "core.fsmonitor", "touch pwned"]);
  assert.notEqual(code, 0);
});

Deno.test(".git and the directories on the way to what is guarded are busy: not renamed, not replaced", async () => {
  await using box = await repository();
  await box.write("work/.git/info/attributes", "* text\n");
  const script = `
import errno, os
os.mkdir("evil")
def attempt(action):
    try:
        action()
        return "ok"
    except OSError as error:
        return errno.errorcode[error.errno]
print(attempt(lambda: os.rename(".git", "moved")), attempt(lambda: os.rename("evil", ".git")),
      attempt(lambda: os.rename(".git/hooks", ".git/h2")), attempt(lambda: os.rename(".git/info", ".git/i2")),
      attempt(lambda: os.rmdir(".git")), attempt(lambda: os.rename(".git/config", ".git/c2")))
`;
  const { stdout } = await box.run([], ["python3", "-c", script]);
  const results = stdout.trim().split(" ");
  assert.equal(results.length, 6);
  for (const result of results) assert.match(result, /^(EBUSY|EXDEV|EROFS|ENOTEMPTY)$/);
  assert.equal(results[0], "EBUSY");
  assert.equal(await box.exists("work/.git/config"), true);
});

Deno.test("what appears where git would execute it is set aside and reported", async () => {
  await using box = await repository();
  await Deno.remove(`${box.work}/.git/hooks`, { recursive: true });
  const script = `
    mkdir .git/hooks && printf '#!/bin/sh\\ntouch pwned\\n' > .git/hooks/pre-commit && chmod +x .git/hooks/pre-commit
    echo '[core]' > .git/config.worktree
    mkdir -p .git/info && echo '* filter=x' > .git/info/attributes`;
  const outcome = await box.shell([], script);
  assert.equal(outcome.code, 0);
  for (const name of ["hooks", "config.worktree", "info/attributes"]) {
    assert.equal(await box.exists(`work/.git/${name}`), false, name);
    assert.equal(
      said(outcome).filter((line) => line.includes("set aside") && line.includes(name)).length,
      1,
      outcome.stderr,
    );
  }
  assert.equal(await git(box, "status", "--short"), "");
});

Deno.test("a linked worktree's pointer file cannot be written or replaced", async () => {
  await using box = await repository();
  await git(box, "worktree", "add", "--quiet", "../tree");
  const pointer = await box.read("tree/.git");
  const cwd = `${box.root}/tree`;
  for (
    const action of [
      "echo gitdir: /tmp > .git",
      "rm -f .git",
      "mv .git x",
      "mkdir d; mv -T d .git",
      "ln -sf x .git",
    ]
  ) {
    await box.shell([], action, { cwd });
    assert.equal(await box.read("tree/.git"), pointer, action);
    assert.equal((await Deno.lstat(`${cwd}/.git`)).isFile, true);
  }
});

Deno.test("a .git that is a link is refused before anything runs", async () => {
  await using box = await repository();
  await Deno.rename(`${box.work}/.git`, `${box.root}/real`);
  await Deno.symlink("../real", `${box.work}/.git`);
  const { code, stderr } = await box.run([], ["touch", "ran"]);
  assert.equal(code, 125);
  assert.match(stderr, /^tombolo: [^\n]*symbolic link[^\n]*\n$/);
  assert.equal(await exists(`${box.work}/ran`), false);
});
