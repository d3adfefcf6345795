import assert from "node:assert/strict";
import { outsideRepository } from "../../lib/launch/linked_worktree.ts";
import { TempDirectory } from "./temp_directory.ts";

/** A repository in `main` with a linked worktree in `side`, as git lays them out. */
function worktree(place: TempDirectory): void {
  place.file("main/.git/config", "[core]\n\tbare = false\n");
  place.file("main/.git/worktrees/side/commondir", "../..\n");
  place.file("main/.git/worktrees/side/gitdir", `${place.at("side/.git")}\n`);
  place.file("side/.git", `gitdir: ${place.at("main/.git/worktrees/side")}\n`);
}

async function opened(place: TempDirectory, root: string): Promise<string | undefined> {
  const found = await outsideRepository(place.at(root));
  if (found === undefined) return undefined;
  return `${found.directory.toString().slice(place.path.length + 1)} ${found.worktree ?? "-"}`;
}

Deno.test("a linked worktree leads to its common directory where both pointers agree", async () => {
  using place = new TempDirectory();
  worktree(place);
  assert.equal(await opened(place, "side"), "main/.git side");
  assert.equal(await opened(place, "main"), undefined);
  place.file("side/.git", "gitdir: ../main/.git/worktrees/side\n");
  place.file("main/.git/worktrees/side/gitdir", "../../../../side/.git\n");
  assert.equal(
    await opened(place, "side"),
    "main/.git side",
    "relative ones, as newer versions of git write them",
  );
});

Deno.test("a pointer that was planted opens nothing: no back-pointer, another one, or another layout", async () => {
  using place = new TempDirectory();
  worktree(place);
  place.file("evil/.git", `gitdir: ${place.at("main/.git/worktrees/side")}\n`);
  assert.equal(await opened(place, "evil"), undefined);
  place.file("evil/.git", `gitdir: ${place.at("main/.git")}\n`);
  assert.equal(await opened(place, "evil"), undefined);
  place.file("evil/.git", "gitdir: own\n");
  place.file("evil/own/commondir", place.at("main/.git"));
  place.file("evil/own/gitdir", place.at("evil/.git"));
  assert.equal(await opened(place, "evil"), undefined);
  place.file("evil/.git", "gitdir: own/worktrees/w\n");
  place.file("evil/own/worktrees/w/commondir", place.at("main/.git"));
  place.file("evil/own/worktrees/w/gitdir", place.at("evil/.git"));
  assert.equal(await opened(place, "evil"), undefined);
});

Deno.test("a moved worktree, a link and a broken pointer open nothing", async () => {
  using place = new TempDirectory();
  worktree(place);
  Deno.renameSync(place.at("side"), place.at("moved"));
  assert.equal(await opened(place, "moved"), undefined);
  Deno.mkdirSync(place.at("linked"));
  Deno.symlinkSync("../moved/.git", place.at("linked/.git"));
  assert.equal(await opened(place, "linked"), undefined);
  for (const text of ["", "gitdir:", "gitdir: \n", "gitdir: nowhere\n", "gitdir: a\nb\n", "x".repeat(9999)]) {
    place.file("broken/.git", text);
    assert.equal(await opened(place, "broken"), undefined);
  }
});

Deno.test("a submodule leads to its git directory where that names it as its working tree", async () => {
  using place = new TempDirectory();
  place.file("super/lib/.git", "gitdir: ../.git/modules/lib\n");
  place.file("super/.git/modules/lib/config", "[core]\n\tworktree = ../../../lib\n");
  assert.equal(await opened(place, "super/lib"), "super/.git/modules/lib -");
  place.file("evil/.git", "gitdir: ../super/.git/modules/lib\n");
  assert.equal(await opened(place, "evil"), undefined);
  place.file(
    "super/.git/modules/lib/config",
    "[core]\n\tworktree = ../../../lib\n\tworktree = ../../../../evil\n",
  );
  assert.equal(await opened(place, "super/lib"), undefined);
  place.file("super/.git/modules/lib/config", "[core]\n\tbare = false\n");
  assert.equal(await opened(place, "super/lib"), undefined);
});
