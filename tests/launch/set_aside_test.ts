import assert from "node:assert/strict";
import { setAside } from "../../lib/launch/set_aside.ts";
import { TempDirectory } from "./temp_directory.ts";

const NOW = () => new Date(Date.UTC(2026, 0, 2, 3, 4, 5));

/** A work tree and a state directory. */
class Scene implements Disposable {
  readonly work: TempDirectory;
  readonly state: TempDirectory;

  constructor(stateParent?: string) {
    this.work = new TempDirectory();
    this.state = new TempDirectory(stateParent);
  }

  /** Sets aside, and gives what was moved, from and to. */
  run(...names: string[]): { from: string; to: string | undefined; failure: string | undefined }[] {
    const watches = names.map((name) => ({ path: this.work.at(name), rule: { text: name, origin: "test" } }));
    return setAside(watches, this.state.path, Deno.uid(), NOW).map(({ path, to, failure }) => ({
      from: path.slice(this.work.path.length + 1),
      to,
      failure,
    }));
  }

  [Symbol.dispose](): void {
    this.work[Symbol.dispose]();
    this.state[Symbol.dispose]();
  }
}

Deno.test("where nothing has appeared nothing is made", () => {
  using scene = new Scene();
  scene.work.file("other");
  assert.deepEqual(scene.run("absent", "no/where", "other/below"), []);
  assert.deepEqual([...Deno.readDirSync(scene.state.path)], []);
  assert.ok(scene.work.exists("other"));
});

Deno.test("a file, a directory and a link are moved as they are", () => {
  using scene = new Scene();
  scene.work.file("file", "evil", 0o755);
  scene.work.file("directory/deep/file", "deep");
  scene.work.file("target", "kept");
  Deno.symlinkSync("target", scene.work.at("link"));
  Deno.symlinkSync("nowhere", scene.work.at("dangling"));
  const [file, directory, link, dangling] = scene.run("file", "directory", "link", "dangling");
  assert.equal(Deno.readTextFileSync(file?.to ?? ""), "evil");
  assert.equal(Deno.readTextFileSync(`${directory?.to}/deep/file`), "deep");
  assert.equal(Deno.readLinkSync(link?.to ?? ""), "target");
  assert.equal(Deno.readLinkSync(dangling?.to ?? ""), "nowhere");
  assert.deepEqual(["file", "directory", "link", "dangling"].filter((name) => scene.work.exists(name)), []);
  assert.equal(Deno.readTextFileSync(scene.work.at("target")), "kept");
});

Deno.test("things of one name do not overwrite each other, and the place is the user's alone", () => {
  using scene = new Scene();
  scene.work.file("a/hooks", "a");
  scene.work.file("b/hooks", "b");
  const moved = scene.run("a/hooks", "b/hooks");
  assert.deepEqual(moved.map(({ to }) => Deno.readTextFileSync(to ?? "")), ["a", "b"]);
  assert.equal((Deno.statSync(scene.state.at("set-aside")).mode ?? 0) & 0o777, 0o700);
  assert.ok(moved.every(({ to }) => to?.startsWith(scene.state.at("set-aside/"))));
});

Deno.test("a link that was planted on the way is what is moved, once, and where it leads is left alone", () => {
  using scene = new Scene();
  using elsewhere = new TempDirectory();
  elsewhere.file("attributes", "theirs");
  scene.work.file("git/keep");
  Deno.symlinkSync(elsewhere.path, scene.work.at("git/info"));
  const moved = scene.run("git/info/attributes", "git/info/exclude", "git/info");
  assert.deepEqual(moved.map(({ from }) => from), ["git/info"]);
  assert.equal(Deno.readLinkSync(moved[0]?.to ?? ""), elsewhere.path);
  assert.ok(elsewhere.exists("attributes"));
  assert.ok(!scene.work.exists("git/info"));
});

Deno.test("a link in the place of a writable directory, or above it, was not put there from inside: nothing is moved", () => {
  using scene = new Scene();
  using elsewhere = new TempDirectory();
  elsewhere.file("root/hooks", "theirs");
  Deno.symlinkSync(elsewhere.path, scene.work.at("above"));
  const path = scene.work.at("above/root/hooks");
  const watches = [{ path, rule: { text: "hooks", origin: "test" } }];
  for (const root of ["above", "above/root"]) {
    assert.deepEqual(setAside(watches, scene.state.path, Deno.uid(), NOW, [scene.work.at(root)]), []);
  }
  assert.ok(elsewhere.exists("root/hooks"));
  const inside = setAside(watches, scene.state.path, Deno.uid(), NOW, [scene.work.path]);
  assert.deepEqual(inside.map((one) => one.path), [scene.work.at("above")]);
});

Deno.test("links in a circle are moved too", () => {
  using scene = new Scene();
  Deno.symlinkSync("two", scene.work.at("one"));
  Deno.symlinkSync("one", scene.work.at("two"));
  assert.deepEqual(scene.run("one").map(({ from }) => from), ["one"]);
  assert.ok(!scene.work.exists("one"));
});

Deno.test("permissions that the command took away do not keep anything in place", () => {
  using scene = new Scene();
  scene.work.file("parent/evil/file", "x", 0);
  Deno.chmodSync(scene.work.at("parent/evil"), 0);
  Deno.chmodSync(scene.work.at("parent"), 0o500);
  const [moved] = scene.run("parent/evil");
  assert.equal(moved?.failure, undefined);
  assert.equal(Deno.readTextFileSync(`${moved?.to}/file`), "x");
  assert.equal((Deno.statSync(scene.work.at("parent")).mode ?? 0) & 0o777, 0o500);
});

Deno.test("one that cannot be moved is told, and the rest is moved", () => {
  using scene = new Scene();
  scene.work.file("first");
  scene.state.file("set-aside", "in the way");
  const [failed] = scene.run("first");
  assert.equal(failed?.to, undefined);
  assert.match(failed?.failure ?? "", /not a directory/);
  assert.ok(scene.work.exists("first"));
});

// Another file system than that of temporary files, so that rename(2) fails with EXDEV.
const OTHER = "/dev/shm";

function isOther(): boolean {
  using directory = new TempDirectory();
  try {
    return Deno.statSync(OTHER).dev !== Deno.statSync(directory.path).dev;
  } catch {
    return false;
  }
}

Deno.test({
  name: `what lies on another file system is copied with all it holds and then removed (needs ${OTHER})`,
  ignore: !isOther(),
  fn() {
    using scene = new Scene(OTHER);
    scene.work.file("tree/a/b", "deep");
    Deno.symlinkSync("/etc/passwd", scene.work.at("tree/link"));
    const [moved] = scene.run("tree");
    assert.equal(Deno.readTextFileSync(`${moved?.to}/a/b`), "deep");
    assert.equal(Deno.readLinkSync(`${moved?.to}/link`), "/etc/passwd");
    assert.ok(!scene.work.exists("tree"));
  },
});
