import assert from "node:assert/strict";
import { checkRepositories, endBudget } from "../../lib/launch/check_repositories.ts";
import {
  type Clocks,
  type KnownRepositories,
  knownRepositories,
  searchNotices,
} from "../../lib/launch/known_repositories.ts";
import { readIndex, writeIndex } from "../../lib/launch/repository_index.ts";
import { TempDirectory } from "./temp_directory.ts";

const DAY = 24 * 3600 * 1000;

/** A clock that goes on by one millisecond with every look at it: one for every directory. */
class TickingClocks implements Clocks {
  ticks = 0;
  now = Date.now();
  elapsed = () => this.ticks++;
  date = () => this.now;
}

/** A writable root that is too large for the walk of a start, and a state directory. */
class Scene implements Disposable {
  readonly work = new TempDirectory();
  readonly state = new TempDirectory();
  readonly clocks = new TickingClocks();

  constructor(directories = 250) {
    this.repository("");
    for (let index = 100; index < 100 + directories; index++) this.work.file(`d${index}/e/file`);
  }

  repository(path: string, config = "[core]\n\tbare = false\n"): string {
    this.work.file(`${path}/.git/HEAD`);
    this.work.file(`${path}/.git/config`, config);
    return this.work.at(`${path}/.git`);
  }

  async start(): Promise<KnownRepositories> {
    const [known] = await knownRepositories([this.work.path], this.state.path, Deno.uid(), this.clocks);
    if (known === undefined) throw new Error("Nothing was looked at");
    return known;
  }

  paths({ places }: KnownRepositories): string[] {
    return places.map(({ path }) => path.slice(this.work.path.length + 1)).sort();
  }

  /** Ends a run that took so many milliseconds; gives what was found dangerous. */
  async end(known: KnownRepositories, lasted: number, began = this.clocks.now): Promise<string[]> {
    const request = {
      watches: [known],
      stateDirectory: this.state.path,
      uid: Deno.uid(),
      clocks: this.clocks,
      began: { elapsed: this.clocks.ticks - lasted, date: began },
    };
    const { dangers } = await checkRepositories(request, (result) => result);
    return dangers.map(({ path }) => path.slice(this.work.path.length + 1));
  }

  [Symbol.dispose](): void {
    this.work[Symbol.dispose]();
    this.state[Symbol.dispose]();
  }
}

Deno.test("a small tree is walked whole and leaves no index", async () => {
  using scene = new Scene(1);
  scene.repository("d100/e");
  const known = await scene.start();
  assert.deepEqual([scene.paths(known), known.isComplete], [[".git", "d100/e/.git"], true]);
  assert.deepEqual(await scene.end(known, 1), []);
  assert.deepEqual([...Deno.readDirSync(scene.state.path)], []);
});

Deno.test("a large tree is walked whole once; from then on what was found is known at once", async () => {
  using scene = new Scene();
  scene.repository("d225/e");
  const first = await scene.start();
  assert.deepEqual([scene.paths(first), first.isComplete, first.stoppedAt], [
    [".git", "d225/e/.git"],
    true,
    undefined,
  ]);
  const before = scene.clocks.ticks;
  const second = await scene.start();
  assert.ok(scene.clocks.ticks - before < 20);
  assert.deepEqual([scene.paths(second), second.isComplete, second.stoppedAt], [
    [".git", "d225/e/.git"],
    false,
    undefined,
  ]);
  assert.deepEqual(searchNotices([first, second], () => false), []);
});

Deno.test("what an index names is looked at again: gone, or a link by now", async () => {
  using scene = new Scene();
  scene.repository("d225/e");
  scene.repository("d226/e");
  await scene.start();
  Deno.removeSync(scene.work.at("d225/e/.git"), { recursive: true });
  Deno.removeSync(scene.work.at("d226/e/.git"), { recursive: true });
  Deno.symlinkSync("file", scene.work.at("d226/e/.git"));
  const { places } = await scene.start();
  assert.deepEqual(places.map(({ kind }) => kind).sort(), ["directory", "link"]);
});

Deno.test("a tree in which even the long walk does not end is told of, at every start", async () => {
  using scene = new Scene(900);
  const first = await scene.start();
  assert.notEqual(first.stoppedAt, undefined);
  const second = await scene.start();
  assert.equal(second.stoppedAt, first.stoppedAt);
  const [notice = ""] = searchNotices([second], () => false);
  assert.match(
    notice,
    /is too large: no repositories were looked for from ".*" on; .* are not guarded; name smaller/,
  );
});

Deno.test("an index of yesterday, of tomorrow, of another root or in pieces is not relied on", async () => {
  using scene = new Scene();
  await scene.start();
  scene.repository("d225/e");
  assert.deepEqual(scene.paths(await scene.start()), [".git"]);
  scene.clocks.now += DAY + 1;
  assert.deepEqual(scene.paths(await scene.start()), [".git", "d225/e/.git"]);
  scene.repository("d226/e");
  scene.clocks.now -= DAY;
  assert.equal((await scene.start()).places.length, 3);
  scene.repository("d227/e");
  const [file] = [...Deno.readDirSync(scene.state.at("repositories"))];
  Deno.writeTextFileSync(scene.state.at(`repositories/${file?.name}`), "{");
  assert.equal((await scene.start()).places.length, 4);
  assert.equal(readIndex(scene.state.path, "/elsewhere"), undefined);
});

Deno.test("the time at the end grows with the run, within bounds", () => {
  assert.deepEqual([0, 10, 200, 10_000, 1e9].map(endBudget), [4, 4, 10, 500, 1000]);
});

Deno.test("a new repository that names programs is found at the end, and an old one is left alone", async () => {
  using scene = new Scene();
  const evil = "[core]\n\tfsmonitor = x\n";
  scene.repository("d211/e", evil);
  const known = await scene.start();
  scene.repository("d212/e", evil);
  scene.repository("d213/e");
  assert.deepEqual(await scene.end(known, 10_000), ["d212/e/.git/config"]);
});

Deno.test("what a short run plants out of reach is found by a later, longer one", async () => {
  using scene = new Scene();
  await scene.start();
  const known = await scene.start();
  scene.repository("d225/e", "[alias]\n\tst = !x\n");
  assert.deepEqual(await scene.end(known, 1), []);
  scene.clocks.now += 1000;
  const later = await scene.start();
  assert.deepEqual(await scene.end(later, 10_000), ["d225/e/.git/config"]);
});

Deno.test("what the user clones between two runs that looked to the end is the user's", async () => {
  using scene = new Scene();
  const first = await scene.start();
  assert.deepEqual(await scene.end(first, 10_000), []);
  scene.repository("d225/e", "[core]\n\thooksPath = .husky\n");
  // The kernel's clock and that of the next run.
  scene.clocks.now = Date.now() + 5000;
  const later = await scene.start();
  assert.equal(later.isComplete, false);
  assert.deepEqual(await scene.end(later, 10_000), []);
  assert.deepEqual(scene.paths(await scene.start()), [".git", "d225/e/.git"]);
});

Deno.test("an end that another run left unchecked meanwhile is not forgotten", async () => {
  using scene = new Scene();
  const known = await scene.start();
  const at = scene.clocks.now + 5;
  writeIndex(scene.state.path, Deno.uid(), {
    root: scene.work.path,
    walkedAt: at,
    places: [],
    unchecked: [at, at],
  });
  await scene.start();
  assert.deepEqual(await scene.end({ ...known, isComplete: false }, 10_000), []);
  assert.deepEqual(readIndex(scene.state.path, scene.work.path)?.unchecked, [at, at]);
});

Deno.test("a directory that the command has shut is opened for a look and shut again", async () => {
  using scene = new Scene(1);
  const known = await scene.start();
  scene.repository("d100/new", "[alias]\n\tst = !x\n");
  Deno.chmodSync(scene.work.at("d100/new"), 0);
  assert.deepEqual(await scene.end(known, 100), ["d100/new/.git/config"]);
  assert.equal((Deno.statSync(scene.work.at("d100/new")).mode ?? 0) & 0o777, 0);
  Deno.chmodSync(scene.work.at("d100/new"), 0o700);
});

Deno.test("a root that is gone, or a link by now, is told of, and what stands there is left alone", async () => {
  using scene = new Scene(1);
  using elsewhere = new TempDirectory();
  elsewhere.file(".git/config", "[alias]\n\tst = !x\n");
  const known = await scene.start();
  const root = scene.work.at("root");
  const request = {
    watches: [{ ...known, root }],
    stateDirectory: scene.state.path,
    uid: Deno.uid(),
    clocks: scene.clocks,
    began: { elapsed: 0, date: 0 },
  };
  for (const stand of [() => {}, () => Deno.symlinkSync(elsewhere.path, root)]) {
    stand();
    assert.deepEqual(await checkRepositories(request, (result) => result), { dangers: [], missed: [root] });
  }
});
