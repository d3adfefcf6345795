import assert from "node:assert/strict";
import { judgeRepository } from "../../lib/launch/judge_repository.ts";
import type { GitKind } from "../../lib/policy/protections.ts";
import { TempDirectory } from "./temp_directory.ts";

/** What is found dangerous of a place, relative to the work tree, which is the one writable root. */
function judge(work: TempDirectory, path: string, kind: GitKind, known: readonly string[] = []): string[] {
  const around = {
    isKnown: (directory: string) => known.includes(directory),
    isInside: (at: string) => at.startsWith(`${work.path}/`),
  };
  const dangers = judgeRepository({ path: work.at(path), kind }, around);
  return dangers.map((danger) => danger.path.slice(work.path.length + 1));
}

const PLAIN = "[core]\n\tbare = false\n";
const EVIL = "[core]\n\tfsmonitor = touch x\n";

Deno.test("a plain repository with sample hooks has no danger", () => {
  using work = new TempDirectory();
  work.file("r/.git/config", PLAIN);
  work.file("r/.git/hooks/pre-commit.sample", "#!/bin/sh\n", 0o755);
  work.file("r/.git/info/attributes", "*.png binary\n*.txt text -diff\n");
  assert.deepEqual(judge(work, "r/.git", "directory"), []);
});

Deno.test("of a repository that names programs, each thing that does is told", () => {
  using work = new TempDirectory();
  work.file("r/.git/config", EVIL);
  work.file("r/.git/config.worktree", EVIL);
  work.file("r/.git/hooks/post-commit", "", 0o755);
  work.file("r/.git/info/attributes", "* filter=x\n");
  work.file("r/.git/commondir", "../../elsewhere");
  const all = ["config", "config.worktree", "commondir", "hooks", "info/attributes"].map((name) =>
    `r/.git/${name}`
  );
  assert.deepEqual(judge(work, "r/.git", "directory"), all);
});

Deno.test("links, directories and sockets in the place of files are dangers", () => {
  using work = new TempDirectory();
  work.file("evil", PLAIN);
  Deno.mkdirSync(work.at("r/info"), { recursive: true });
  Deno.symlinkSync("../evil", work.at("r/config"));
  Deno.mkdirSync(work.at("r/config.worktree"));
  Deno.symlinkSync("/usr", work.at("r/hooks"));
  Deno.symlinkSync("../../evil", work.at("r/info/attributes"));
  assert.deepEqual(judge(work, "r", "directory"), [
    "r/config",
    "r/config.worktree",
    "r/hooks",
    "r/info/attributes",
  ]);
  Deno.mkdirSync(work.at("s"));
  Deno.symlinkSync("../r/info", work.at("s/info"));
  assert.deepEqual(judge(work, "s", "directory"), ["s/info"]);
});

Deno.test("a configuration that is too large to be read is a danger", () => {
  using work = new TempDirectory();
  work.file("r/config", "#".repeat(300_000));
  assert.deepEqual(judge(work, "r", "directory"), ["r/config"]);
});

Deno.test("a pointer is judged by where it leads", () => {
  using work = new TempDirectory();
  using elsewhere = new TempDirectory();
  work.file("good/config", PLAIN);
  work.file("evil/config", EVIL);
  elsewhere.file("config", PLAIN);
  work.file("to-good/.git", "gitdir: ../good\n");
  work.file("to-evil/.git", "gitdir: ../evil\n");
  work.file("to-nothing/.git", "gitdir: ../absent\n");
  work.file("out/.git", `gitdir: ${elsewhere.path}\n`);
  work.file("garbage/.git", "gitdir: ../good\nmore\n");
  const of = (name: string, known?: readonly string[]) =>
    judge(work, `${name}/.git`, "pointer", known).length === 0;
  assert.deepEqual(["to-good", "to-evil", "to-nothing", "out", "garbage"].filter((name) => of(name)), [
    "to-good",
  ]);
  assert.ok(of("to-evil", [work.at("evil")]), "what was there before was guarded");
});

Deno.test("a link in the place of .git is a danger, wherever it leads", () => {
  using work = new TempDirectory();
  Deno.symlinkSync("nowhere", work.at(".git"));
  assert.deepEqual(judge(work, ".git", "link"), [".git"]);
});

Deno.test("a linked worktree's directory is left where it belongs to a repository that is none", () => {
  using work = new TempDirectory();
  work.file(".git/config", PLAIN);
  work.file(".git/worktrees/w/commondir", "../..\n");
  assert.deepEqual(judge(work, ".git/worktrees/w", "worktree"), []);
  work.file(".git/worktrees/x/commondir", "../../../evil\n");
  work.file("evil/config", PLAIN);
  assert.deepEqual(judge(work, ".git/worktrees/x", "worktree"), [".git/worktrees/x/commondir"]);
  work.file(".git/config", EVIL);
  assert.deepEqual(judge(work, ".git/worktrees/w", "worktree"), [".git/worktrees/w/commondir"]);
  assert.deepEqual(judge(work, ".git/worktrees/w", "worktree", [work.at(".git")]), []);
});

Deno.test("a submodule's working tree is left inside, and not elsewhere", () => {
  using work = new TempDirectory();
  work.file("lib/file");
  work.file(".git/modules/lib/config", "[core]\n\tworktree = ../../../lib\n");
  assert.deepEqual(judge(work, ".git/modules/lib", "directory"), []);
  work.file(".git/modules/lib/config", "[core]\n\tworktree = ../../../../elsewhere\n");
  assert.deepEqual(judge(work, ".git/modules/lib", "directory"), [".git/modules/lib/config"]);
  Deno.symlinkSync("/etc", work.at("out"));
  work.file(".git/modules/lib/config", "[core]\n\tworktree = ../../../out\n");
  assert.deepEqual(judge(work, ".git/modules/lib", "directory"), [".git/modules/lib/config"]);
});

Deno.test("pointers and common directories in circles are dangers, and end", () => {
  using work = new TempDirectory();
  work.file("a/worktrees/w/commondir", "../..\n");
  work.file("a/commondir", "worktrees/w\n");
  assert.notDeepEqual(judge(work, "a", "directory"), []);
  assert.notDeepEqual(judge(work, "a/worktrees/w", "worktree"), []);
});

Deno.test("a remote that leads into a git directory is a danger, one beside it is none", () => {
  using work = new TempDirectory();
  const remote = (url: string) => `[core]\n\tbare = false\n[remote "origin"]\n\turl = ${url}\n`;
  for (
    const url of [
      "../other",
      "../other/.git",
      "/elsewhere/.git/x",
      "https://host.test/a/.git/b",
      "host.test:x",
    ]
  ) {
    work.file("r/.git/config", remote(url));
    assert.deepEqual(judge(work, "r/.git", "directory"), [], url);
  }
  work.file("bare/HEAD");
  Deno.mkdirSync(work.at("bare/objects"));
  Deno.mkdirSync(work.at("bare/refs"));
  const hidden = ["../.git/x", "../other/.git/objects/ab", "../bare/refs", "./.git/x", work.at(".git/x")];
  for (const url of [...hidden, `file://${work.at(".git/x")}`]) {
    work.file("r/.git/config", remote(url));
    assert.deepEqual(judge(work, "r/.git", "directory"), ["r/.git/config"], url);
  }
  work.file("r/.git/config", PLAIN);
  Deno.mkdirSync(work.at("r/.git/branches"));
  assert.deepEqual(judge(work, "r/.git", "directory"), []);
  work.file("r/.git/branches/origin", "../x");
  work.file("r/.git/remotes/origin", "URL: ../x");
  assert.deepEqual(judge(work, "r/.git", "directory"), ["r/.git/remotes", "r/.git/branches"]);
});
