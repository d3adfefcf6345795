import assert from "node:assert/strict";
import { lstat, resolvePath } from "../../lib/paths/resolve_path.ts";
import { SafePath } from "../../lib/paths/safe_path.ts";

/** A directory of this test alone, by its real path. */
class TempTree implements Disposable {
  readonly path = Deno.realPathSync(Deno.makeTempDirSync());

  at(relative: string): SafePath {
    return SafePath.of(`${this.path}/${relative}`);
  }

  file(relative: string): void {
    Deno.writeTextFileSync(`${this.path}/${relative}`, "");
  }

  directory(relative: string): void {
    Deno.mkdirSync(`${this.path}/${relative}`, { recursive: true });
  }

  link(relative: string, target: string): void {
    Deno.symlinkSync(target, `${this.path}/${relative}`);
  }

  /** What resolving gives, relative to the tree. */
  resolve(relative: string): Record<string, unknown> {
    const { real, kind, links, broken } = resolvePath(this.at(relative));
    const short = (path: SafePath) => path.toString().replace(`${this.path}/`, "");
    return {
      real: short(real),
      kind,
      links: links.map(short),
      ...(broken === undefined ? {} : { broken: short(broken) }),
    };
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

Deno.test("a path without links is itself, with what stands there", () => {
  using tree = new TempTree();
  tree.directory("d");
  tree.file("d/f");
  new Deno.Command("mkfifo", { args: [`${tree.path}/pipe`] }).outputSync();
  assert.deepEqual(tree.resolve("d"), { real: "d", kind: "directory", links: [] });
  assert.deepEqual(tree.resolve("d/f"), { real: "d/f", kind: "file", links: [] });
  assert.deepEqual(tree.resolve("pipe"), { real: "pipe", kind: "other", links: [] });
  assert.equal(resolvePath(SafePath.root).kind, "directory");
});

Deno.test("relative and absolute links are followed and remembered in order", () => {
  using tree = new TempTree();
  tree.directory("real/sub");
  tree.file("real/sub/f");
  tree.link("relative", "real");
  tree.link("absolute", `${tree.path}/real`);
  tree.link("real/up", "../relative/sub");
  tree.link("chain", "absolute");
  assert.deepEqual(tree.resolve("relative/sub/f"), { real: "real/sub/f", kind: "file", links: ["relative"] });
  assert.deepEqual(tree.resolve("absolute"), { real: "real", kind: "directory", links: ["absolute"] });
  assert.deepEqual(tree.resolve("chain/sub"), {
    real: "real/sub",
    kind: "directory",
    links: ["chain", "absolute"],
  });
  assert.deepEqual(tree.resolve("chain/up/f"), {
    real: "real/sub/f",
    kind: "file",
    links: ["chain", "absolute", "real/up", "relative"],
  });
});

Deno.test("a link's own dots are followed from where it leads", () => {
  using tree = new TempTree();
  tree.directory("a/b/c");
  tree.directory("x");
  tree.file("a/f");
  tree.link("x/deep", "../a/b/c");
  tree.link("x/back", "deep/../../f");
  tree.link("x/here", "./.././x/.");
  assert.deepEqual(tree.resolve("x/back"), { real: "a/f", kind: "file", links: ["x/back", "x/deep"] });
  assert.deepEqual(tree.resolve("x/here"), { real: "x", kind: "directory", links: ["x/here"] });
});

Deno.test("dots above the root stay at the root", () => {
  using tree = new TempTree();
  tree.directory("d");
  tree.link("l", `${"../".repeat(60)}${tree.path.slice(1)}/d`);
  assert.deepEqual(tree.resolve("l"), { real: "d", kind: "directory", links: ["l"] });
});

Deno.test("a part that is missing is kept as written", () => {
  using tree = new TempTree();
  tree.directory("d");
  tree.file("f");
  assert.deepEqual(tree.resolve("d/no/where"), { real: "d/no/where", kind: undefined, links: [] });
  assert.deepEqual(tree.resolve("f/below"), { real: "f/below", kind: undefined, links: [] });
});

Deno.test("a part that is missing behind a good link is named by its real path, and the link is not broken", () => {
  using tree = new TempTree();
  tree.directory("real");
  tree.link("l", "real");
  tree.link("two", "l");
  assert.deepEqual(tree.resolve("l/no/where"), { real: "real/no/where", kind: undefined, links: ["l"] });
  assert.deepEqual(tree.resolve("two/no"), { real: "real/no", kind: undefined, links: ["two", "l"] });
});

Deno.test("a link that leads nowhere is broken", () => {
  using tree = new TempTree();
  tree.directory("real");
  tree.link("dangling", "real/absent");
  tree.link("indirect", "dangling");
  assert.deepEqual(tree.resolve("dangling"), {
    real: "real/absent",
    kind: undefined,
    links: ["dangling"],
    broken: "dangling",
  });
  assert.equal(tree.resolve("dangling/below")["broken"], "dangling");
  assert.equal(tree.resolve("indirect")["broken"], "dangling");
});

Deno.test("links in a circle are broken", () => {
  using tree = new TempTree();
  tree.link("self", "self");
  tree.link("one", "two");
  tree.link("two", "one");
  for (const name of ["self", "one", "one/below"]) {
    const { kind, broken } = tree.resolve(name);
    assert.equal(kind, undefined, name);
    assert.ok(["self", "one", "two"].includes(String(broken)), name);
  }
});

Deno.test("40 links are followed and 41 are not, as the kernel does", () => {
  using tree = new TempTree();
  tree.directory("end");
  tree.link("l1", "end");
  for (let index = 2; index <= 41; index++) tree.link(`l${index}`, `l${index - 1}`);
  assert.ok(Deno.statSync(`${tree.path}/l40`).isDirectory);
  assert.throws(() => Deno.statSync(`${tree.path}/l41`));
  assert.equal(tree.resolve("l40")["real"], "end");
  assert.equal(tree.resolve("l40")["broken"], undefined);
  assert.equal(tree.resolve("l41")["kind"], undefined);
  assert.notEqual(tree.resolve("l41")["broken"], undefined);
});

Deno.test("the real path is the kernel's, wherever that one exists", () => {
  using tree = new TempTree();
  tree.directory("a/b");
  tree.directory("c");
  tree.file("c/f");
  tree.link("a/b/up", "../../c");
  tree.link("c/round", "../a/b/up/round2");
  tree.link("c/round2", `${tree.path}/a/b/up/f`);
  for (const name of ["a/b/up", "a/b/up/f", "c/round", "c/round2", "a/b/up/round", "a/b/up/round2"]) {
    assert.equal(
      resolvePath(tree.at(name)).real.toString(),
      Deno.realPathSync(tree.at(name).toString()),
      name,
    );
  }
});

Deno.test("looking at a link shows the link, and at nothing shows nothing", () => {
  using tree = new TempTree();
  tree.link("dangling", "absent");
  assert.equal(lstat(tree.at("dangling"))?.isSymlink, true);
  assert.equal(lstat(tree.at("absent")), undefined);
  assert.equal(lstat(tree.at("dangling/below")), undefined);
});
