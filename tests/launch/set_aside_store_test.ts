import assert from "node:assert/strict";
import { setAside } from "../../lib/launch/set_aside.ts";
import { putBack, type Stored, storedThings } from "../../lib/launch/set_aside_store.ts";
import { TomboloError } from "../../lib/report/tombolo_error.ts";
import { TempDirectory } from "./temp_directory.ts";

/** A work tree, and a state directory into which things of it are set aside. */
class Scene implements Disposable {
  readonly work = new TempDirectory();
  readonly state = new TempDirectory();
  #runs = 0;

  aside(...names: string[]): void {
    const watches = names.map((name) => ({
      path: this.work.at(name),
      rule: { text: name, origin: "--deny-write" },
    }));
    const now = new Date(Date.UTC(2026, 0, 1, 0, 0, this.#runs++));
    setAside(watches, this.state.path, Deno.uid(), () => now);
  }

  get things(): Stored[] {
    return storedThings(this.state.path);
  }

  thing(name: string): Stored {
    const found = this.things.find(({ from }) => from === this.work.at(name));
    if (found === undefined) throw new Error(`${name} is not set aside`);
    return found;
  }

  [Symbol.dispose](): void {
    this.work[Symbol.dispose]();
    this.state[Symbol.dispose]();
  }
}

function refuses(thing: Stored, reason: RegExp): void {
  assert.throws(() => putBack(thing), (error) => {
    assert.ok(error instanceof TomboloError);
    assert.match(error.message, reason);
    assert.equal(error.remedy, `it stays at "${thing.path}"`);
    return true;
  });
}

Deno.test("what is set aside is listed with when, from where and why, the oldest first", () => {
  using scene = new Scene();
  assert.deepEqual(scene.things, []);
  scene.work.file("a/config", "one");
  scene.work.file("b");
  scene.aside("a/config", "absent");
  scene.aside("b");
  assert.deepEqual(scene.things.map(({ from, time, reason }) => [from, time, reason]), [
    [scene.work.at("a/config"), "2026-01-01T00:00:00.000Z", "denied by a/config (--deny-write)"],
    [scene.work.at("b"), "2026-01-01T00:00:01.000Z", "denied by b (--deny-write)"],
  ]);
});

Deno.test("files, directories and links come back as they were, and nothing is left of them", () => {
  using scene = new Scene();
  scene.work.file("file", "text", 0o755);
  scene.work.file("directory/deep/file", "deep");
  Deno.symlinkSync("nowhere", scene.work.at("link"));
  scene.work.file("-n", "dash");
  scene.aside("file", "directory", "link", "-n");
  for (const thing of scene.things) putBack(thing);
  assert.equal(Deno.readTextFileSync(scene.work.at("file")), "text");
  assert.equal((Deno.statSync(scene.work.at("file")).mode ?? 0) & 0o777, 0o755);
  assert.equal(Deno.readTextFileSync(scene.work.at("directory/deep/file")), "deep");
  assert.equal(Deno.readLinkSync(scene.work.at("link")), "nowhere");
  assert.equal(Deno.readTextFileSync(scene.work.at("-n")), "dash");
  assert.deepEqual([...Deno.readDirSync(scene.state.at("set-aside"))], []);
});

Deno.test("nothing that exists is overwritten: a file, a directory, an empty one, a dangling link", () => {
  const inTheWay: Record<string, (path: string) => void> = {
    file: (path) => Deno.writeTextFileSync(path, "kept"),
    directory: (path) => Deno.mkdirSync(path),
    link: (path) => Deno.symlinkSync("nowhere", path),
  };
  for (const [what, make] of Object.entries(inTheWay)) {
    for (const isDirectory of [true, false]) {
      using scene = new Scene();
      if (isDirectory) scene.work.file("x/y", "set aside");
      else scene.work.file("x", "set aside");
      scene.aside("x");
      make(scene.work.at("x"));
      refuses(scene.thing("x"), /^Cannot restore ".*": something stands at ".*\/x"$/);
      assert.equal(scene.things.length, 1, what);
    }
  }
});

Deno.test("nothing is put back through a link, nor where its directory is gone", () => {
  using scene = new Scene();
  using elsewhere = new TempDirectory();
  scene.work.file("a/b/x", "text");
  scene.aside("a/b/x");
  Deno.removeSync(scene.work.at("a"), { recursive: true });
  refuses(scene.thing("a/b/x"), /its directory ".*\/a\/b" is gone, or is reached through a symbolic link$/);
  Deno.mkdirSync(elsewhere.at("b"));
  Deno.symlinkSync(elsewhere.path, scene.work.at("a"));
  refuses(scene.thing("a/b/x"), /reached through a symbolic link$/);
  assert.ok(!elsewhere.exists("b/x"));
  Deno.removeSync(scene.work.at("a"));
  Deno.mkdirSync(scene.work.at("a/b"), { recursive: true });
  putBack(scene.thing("a/b/x"));
  assert.equal(Deno.readTextFileSync(scene.work.at("a/b/x")), "text");
});

Deno.test("records in pieces and foreign files are passed over", () => {
  using scene = new Scene();
  for (const text of ["", "{", "null", '{"from":"relative","time":"","reason":""}', '{"from":1}']) {
    scene.state.file("set-aside/run/0.json", text);
    scene.state.file("set-aside/run/0-x");
    assert.deepEqual(scene.things, []);
  }
  scene.state.file("set-aside/run/1-without");
  scene.state.file("set-aside/stray");
  assert.deepEqual(scene.things, []);
});
