import assert from "node:assert/strict";
import { findRepositories, type Found, type WalkLimits } from "../../lib/launch/find_repositories.ts";
import { TempDirectory } from "./temp_directory.ts";

const ALL = { goOn: () => true, uid: Deno.uid() };

/** Says yes so many times: a clock that a test can foresee. */
function times(count: number): WalkLimits {
  let left = count;
  return { goOn: () => left-- > 0, uid: Deno.uid() };
}

/** What was found, relative to the root. */
function found({ root, places }: Found): string[] {
  return [...places.values()].map(({ path, kind }) => `${path.slice(root.length + 1)} ${kind}`).sort();
}

function gitDirectory(work: TempDirectory, path: string): void {
  for (const name of ["HEAD", "config", "objects/pack/x", "refs/heads/main"]) work.file(`${path}/${name}`);
}

Deno.test("repositories are found at any depth, and what lies beside them is not taken for one", () => {
  using work = new TempDirectory();
  for (const path of [".git", "a/.git", "a/b/c/d/e/f/.git", "node_modules/x/.git"]) gitDirectory(work, path);
  work.file("HEAD");
  work.file("half/HEAD");
  work.file("half/objects/x");
  work.file("src/main.c");
  assert.deepEqual(found(findRepositories(work.path, ALL)), [
    ".git directory",
    "a/.git directory",
    "a/b/c/d/e/f/.git directory",
    "node_modules/x/.git directory",
  ]);
});

Deno.test("bare repositories are found, also such as take all but HEAD from elsewhere, and the root itself", () => {
  using work = new TempDirectory();
  gitDirectory(work, "bare.git");
  work.file("thin/HEAD");
  work.file("thin/commondir", "../bare.git");
  gitDirectory(work, ".");
  gitDirectory(work, "objects/not-of-git/.git");
  assert.deepEqual(found(findRepositories(work.path, ALL)), [
    " directory",
    "bare.git directory",
    "objects/not-of-git/.git directory",
    "thin directory",
  ]);
});

Deno.test("pointer files, links, linked worktrees and submodules in submodules are found", () => {
  using work = new TempDirectory();
  gitDirectory(work, ".git");
  gitDirectory(work, ".git/modules/lib/inner");
  gitDirectory(work, ".git/modules/lib/inner/modules/deep");
  work.file(".git/worktrees/side/HEAD");
  work.file(".git/worktrees/side/commondir", "../..");
  gitDirectory(work, ".git/worktrees/side/modules/of-worktree");
  work.file("lib/inner/.git", "gitdir: ../../.git/modules/lib/inner");
  Deno.mkdirSync(work.at("linked"));
  Deno.symlinkSync("../.git", work.at("linked/.git"));
  assert.deepEqual(found(findRepositories(work.path, ALL)), [
    ".git directory",
    ".git/modules/lib/inner directory",
    ".git/modules/lib/inner/modules/deep directory",
    ".git/worktrees/side worktree",
    ".git/worktrees/side/modules/of-worktree directory",
    "lib/inner/.git pointer",
    "linked/.git link",
  ]);
});

Deno.test("no link is followed, in circles or out of the tree", () => {
  using work = new TempDirectory();
  using elsewhere = new TempDirectory();
  gitDirectory(elsewhere, ".git");
  Deno.mkdirSync(work.at("a"));
  Deno.symlinkSync("..", work.at("a/up"));
  Deno.symlinkSync(elsewhere.path, work.at("out"));
  assert.deepEqual(found(findRepositories(work.path, ALL)), []);
});

Deno.test("where the time ends is told, and what is near the root has been found by then", () => {
  using work = new TempDirectory();
  gitDirectory(work, ".git");
  gitDirectory(work, "near/.git");
  gitDirectory(work, "a/deep/below/.git");
  const short = findRepositories(work.path, times(3));
  assert.deepEqual(found(short), [".git directory", "near/.git directory"]);
  assert.match(short.stoppedAt ?? "", /\/a\/deep$/);
  const none = findRepositories(work.path, times(0));
  assert.deepEqual(found(none), [".git directory"]);
  assert.equal(findRepositories(work.path, times(50)).stoppedAt, undefined);
});

Deno.test("packages and output of builds come after everything else", () => {
  using work = new TempDirectory();
  for (let index = 0; index < 20; index++) work.file(`node_modules/p${index}/index.js`);
  gitDirectory(work, "z/deep/.git");
  const { stoppedAt, ...rest } = findRepositories(work.path, times(3));
  assert.deepEqual(found(rest), ["z/deep/.git directory"]);
  assert.equal(stoppedAt, work.at("node_modules"));
});

Deno.test("a working tree below the root that holds what editors run is named", () => {
  using work = new TempDirectory();
  gitDirectory(work, "a/.git");
  gitDirectory(work, "b/.git");
  work.file("a/.vscode/tasks.json");
  work.file("c/.vscode/tasks.json");
  assert.deepEqual(findRepositories(work.path, ALL).projects, [work.at("a")]);
});

Deno.test("what vanishes while it is walked, and a root that is no directory, hold nothing", () => {
  using work = new TempDirectory();
  gitDirectory(work, "gone/deep/.git");
  work.file("file");
  const vanishing = () => {
    if (work.exists("gone/deep")) Deno.removeSync(work.at("gone/deep"), { recursive: true });
    return true;
  };
  assert.deepEqual(found(findRepositories(work.path, { ...ALL, goOn: vanishing })), []);
  assert.deepEqual(found(findRepositories(work.at("file"), ALL)), []);
  assert.deepEqual(found(findRepositories(work.at("absent"), ALL)), []);
});

Deno.test("a directory that the command would have to open first is told of, and opened where the caller does it", () => {
  using work = new TempDirectory();
  gitDirectory(work, "shut/.git");
  Deno.chmodSync(work.at("shut"), 0o300);
  const shut = findRepositories(work.path, ALL);
  assert.deepEqual([found(shut), shut.shut], [[], [work.at("shut")]]);
  const onShut = (path: string) => {
    Deno.chmodSync(path, 0o700);
    return true;
  };
  assert.deepEqual(found(findRepositories(work.path, { ...ALL, onShut })), ["shut/.git directory"]);
});

Deno.test("a name that is not UTF-8 is told of, and what lies beside it is found", async () => {
  using work = new TempDirectory();
  gitDirectory(work, "beside/.git");
  const script = String.raw`mkdir -p "$(printf '\377x')/.git"`;
  await new Deno.Command("/bin/sh", { args: ["-c", script], cwd: work.path }).output();
  const all = findRepositories(work.path, ALL);
  assert.deepEqual(found(all), ["beside/.git directory"]);
  assert.deepEqual(all.beyond, [work.at("\ufffdx")]);
});

Deno.test({
  name: "another file system is not entered, and told of (needs root to mount one)",
  ignore: Deno.uid() !== 0,
  async fn() {
    using work = new TempDirectory();
    Deno.mkdirSync(work.at("other"));
    const script = `
      import { findRepositories } from ${
      JSON.stringify(new URL("../../lib/launch/find_repositories.ts", import.meta.url).href)
    };
      const { places, beyond } = findRepositories(Deno.args[0] ?? "", { goOn: () => true, uid: 0 });
      console.log(JSON.stringify([[...places.keys()], beyond]));`;
    work.file("walk.ts", script);
    const { stdout, stderr } = await new Deno.Command("unshare", {
      args: [
        "-m",
        "sh",
        "-c",
        'mount -t tmpfs none other && mkdir -p other/.git && exec "$0" run --no-config -A walk.ts "$PWD"',
        Deno.execPath(),
      ],
      cwd: work.path,
    }).output();
    assert.deepEqual(
      JSON.parse(new TextDecoder().decode(stdout) || "null"),
      [[], [work.at("other")]],
      new TextDecoder().decode(stderr),
    );
  },
});
