import assert from "node:assert/strict";
import type { FileSystem } from "../../lib/worker/file_system.ts";
import { LocalFileSystem } from "../../lib/worker/local_file_system.ts";
import type { ErrorCode } from "../../lib/worker/protocol.ts";
import {
  EditAmbiguousError,
  EditNotFoundError,
  ExistsError,
  InvalidPatternError,
  IoError,
  IsADirectoryError,
  NotADirectoryError,
  NotFoundError,
  PolicyDeniedError,
  ProtocolError,
  TooLargeError,
} from "../../lib/worker/worker_error.ts";
import { WorkerFileSystem } from "../../lib/worker/worker_file_system.ts";
import { Box } from "../system/tombolo.ts";
import { spawnIn } from "./spawned.ts";

/** Runs a test on files in this process and on files through a worker: callers cannot tell which. */
function onBoth(name: string, test: (files: FileSystem, box: Box) => Promise<void>): void {
  Deno.test(`${name}, in this process`, async () => {
    await using box = await Box.create();
    await test(new LocalFileSystem({ root: box.work, environment: { LANG: "C.UTF-8" } }), box);
  });
  Deno.test(`${name}, in a worker`, async () => {
    await using box = await Box.create();
    await using worker = await spawnIn(box);
    await test(new WorkerFileSystem(worker), box);
    assert.equal(worker.failures, 0);
  });
}

type ErrorClass = new (...parameters: never[]) => Error;

async function fails(promise: Promise<unknown>, wanted: ErrorClass, code: ErrorCode): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof wanted, String(error));
    assert.equal((error as Error & { code: string }).code, code);
    return true;
  });
}

onBoth("a file is written, read, and read in pieces", async (files, box) => {
  assert.equal(await files.write("deep/er/a.txt", "h\u00e9llo\n"), 7);
  assert.equal(await box.read("work/deep/er/a.txt"), "h\u00e9llo\n");
  const piece = await files.read("deep/er/a.txt", { offset: 1, maxBytes: 2 });
  assert.deepEqual(piece, { bytes: new TextEncoder().encode("\u00e9"), size: 7, truncated: true });
  assert.deepEqual(await files.read("deep/er/a.txt", { offset: 100 }), {
    bytes: new Uint8Array(0),
    size: 7,
    truncated: false,
  });
  assert.equal(await files.write("empty", ""), 0);
  assert.equal((await files.readAll("empty")).length, 0);
});

onBoth("every byte comes through, also of a file larger than one piece", async (files) => {
  const bytes = new Uint8Array(11_000_000).map((_, index) => (index * 7 + (index >> 8)) & 0xff);
  assert.equal(await files.write("bytes", bytes), bytes.length);
  assert.deepEqual(await files.readAll("bytes"), bytes);
});

onBoth("a write keeps the mode, follows a link, and leaves nothing else behind", async (files, box) => {
  await box.write("work/script", "old", 0o750);
  await Deno.symlink("script", `${box.work}/link`);
  await files.write("link", "new");
  assert.equal(await box.read("work/script"), "new");
  assert.equal(((await Deno.stat(`${box.work}/script`)).mode ?? 0) & 0o7777, 0o750);
  assert.equal(await Deno.readLink(`${box.work}/link`), "script");
  assert.deepEqual(await box.list("work"), ["link", "script"]);
});

onBoth("a write never shows a reader half of a file", async (files, box) => {
  const texts = ["a".repeat(300_000), "b".repeat(200_000)];
  await files.write("file", texts[0] ?? "");
  const seen = new Set<string>();
  let done = false;
  const reading = (async () => {
    while (!done) seen.add(await Deno.readTextFile(`${box.work}/file`));
  })();
  for (let round = 0; round < 20; round++) await files.write("file", texts[round % 2] ?? "");
  done = true;
  await reading;
  for (const text of seen) assert.ok(texts.includes(text), `${text.length} characters`);
});

onBoth("a write without making parents, onto a directory, or below a file is refused", async (files, box) => {
  await box.write("work/file", "x");
  await fails(files.write("no/such/a", "x", { createParents: false }), NotFoundError, "not_found");
  await fails(files.write(".", "x"), IsADirectoryError, "is_a_directory");
  await fails(files.write("new/", "x"), IsADirectoryError, "is_a_directory");
  await fails(files.write("file/below", "x"), NotADirectoryError, "not_a_directory");
  await fails(files.write("../out", "x"), PolicyDeniedError, "policy_denied");
  await fails(files.write("a\0b", "x"), ProtocolError, "protocol");
  await fails(files.write("n".repeat(300), "x"), IoError, "io");
  assert.deepEqual(await box.list("work"), ["file"]);
});

onBoth(
  "an edit replaces exactly one text, or all of them when told so, and nothing by pattern",
  async (files, box) => {
    await box.write("work/a", "one $1 two one\n");
    const edit = (oldString: string, newString: string, replaceAll = false) =>
      files.edit("a", { oldString, newString, replaceAll });
    await fails(edit("one", "1"), EditAmbiguousError, "edit_ambiguous");
    await fails(edit("three", "3"), EditNotFoundError, "edit_not_found");
    await fails(edit("", "3"), EditNotFoundError, "edit_not_found");
    await fails(edit("", "3", true), EditNotFoundError, "edit_not_found");
    assert.equal(await box.read("work/a"), "one $1 two one\n");
    assert.equal(await edit("two", "$& $' $$"), 1);
    assert.equal(await edit("one", "", true), 2);
    assert.equal(await box.read("work/a"), " $1 $& $' $$ \n");
    await Deno.writeFile(`${box.work}/binary`, new Uint8Array([0xff, 0x61]));
    await fails(files.edit("binary", { oldString: "a", newString: "b" }), IoError, "io");
  },
);

onBoth("a directory is listed by name, with kinds and sizes", async (files, box) => {
  await box.write("work/b", "12345");
  await box.write("work/a/inner", "x");
  await Deno.symlink("nowhere", `${box.work}/c`);
  const entries = await files.list(".");
  assert.deepEqual(entries.map(({ name, kind }) => `${name} ${kind}`), [
    "a directory",
    "b file",
    "c symlink",
  ]);
  assert.equal(entries[1]?.size, 5);
  await fails(files.list("b"), NotADirectoryError, "not_a_directory");
  await fails(files.list("no"), NotFoundError, "not_found");
});

onBoth("stat tells of a link itself", async (files, box) => {
  await box.write("work/file", "12345");
  await Deno.symlink("file", `${box.work}/link`);
  const { mtime } = await Deno.stat(`${box.work}/file`);
  assert.deepEqual(await files.stat("file"), {
    size: 5,
    kind: "file",
    mtime: mtime?.getTime(),
    is_symlink: false,
  });
  const link = await files.stat("link");
  assert.equal(link.kind, "symlink");
  assert.equal(link.is_symlink, true);
  await fails(files.stat("no"), NotFoundError, "not_found");
});

onBoth(
  "a glob finds files in order, without what git ignores, and no more than asked for",
  async (files, box) => {
    for (
      const path of ["b.ts", "a/x.ts", "a/y.js", "a-b.ts", "node_modules/z.ts", ".git/w.ts", ".hidden.ts"]
    ) {
      await box.write(`work/${path}`, "x");
    }
    await box.write("work/.gitignore", "node_modules/\n");
    assert.deepEqual(await files.glob("**/*.ts"), {
      paths: [".hidden.ts", "a-b.ts", "a/x.ts", "b.ts"],
      truncated: false,
    });
    assert.deepEqual(await files.glob("*", { root: "a" }), { paths: ["a/x.ts", "a/y.js"], truncated: false });
    assert.deepEqual((await files.glob("*.ts", { root: "node_modules" })).paths, ["node_modules/z.ts"]);
    assert.deepEqual((await files.glob("*/")).paths, ["a"]);
    const few = await files.glob("**", { limit: 2 });
    assert.equal(few.paths.length, 2);
    assert.equal(few.truncated, true);
    await fails(files.glob("[a"), InvalidPatternError, "invalid_pattern");
    await fails(files.glob("*", { root: "b.ts" }), NotADirectoryError, "not_a_directory");
  },
);

onBoth(
  "what git ignores is searched where it is asked for by name",
  async (files, box) => {
    await box.write("work/.gitignore", "/dist/\n");
    await box.write("work/dist/a", "needle");
    assert.deepEqual((await files.glob("**")).paths, [".gitignore"]);
    assert.deepEqual((await files.glob("*", { root: "dist" })).paths, ["dist/a"]);
    assert.equal((await files.grep("needle", { root: "dist/a" })).matches.length, 1);
  },
);

onBoth("grep finds lines, cuts long ones, passes over binaries, and counts from one", async (files, box) => {
  await box.write("work/a.txt", `first\r\nsecond needle\nlast needle`);
  await box.write("work/long.txt", `${"x".repeat(5000)}needle\n`);
  await box.write("work/d/b.md", "needle\n");
  await box.write("work/binary", "needle\0needle\n");
  await box.write("work/ignored.log", "needle\n");
  await box.write("work/.gitignore", "*.log\n");
  const { matches, truncated } = await files.grep("needle$");
  assert.equal(truncated, false);
  assert.deepEqual(matches.map(({ path, line }) => `${path}:${line}`), [
    "a.txt:2",
    "a.txt:3",
    "long.txt:1",
    "d/b.md:1",
  ]);
  assert.equal(matches[0]?.text, "second needle");
  assert.equal(matches[2]?.text.length, 2000);
  assert.deepEqual((await files.grep("needle", { include: "*.md" })).matches.length, 1);
  assert.deepEqual((await files.grep("needle", { root: "d" })).matches[0]?.path, "d/b.md");
  assert.deepEqual((await files.grep("^first$")).matches.length, 1);
  assert.deepEqual((await files.grep("second(?!\\s*last)")).matches.length, 1);
  const one = await files.grep("needle", { limit: 1 });
  assert.equal(one.matches.length, 1);
  assert.equal(one.truncated, true);
  await fails(files.grep("(", {}), InvalidPatternError, "invalid_pattern");
});

onBoth(
  "directories are made, things renamed and removed, and nothing is replaced or taken that was not named",
  async (files, box) => {
    await files.makeDirectory("a/b/c");
    await fails(files.makeDirectory("a/b"), ExistsError, "exists");
    await files.write("a/b/c/file", "x");
    await fails(files.remove("a"), IoError, "io");
    await fails(files.rename("a", "a/b/d"), IoError, "io");
    await files.write("other", "y");
    await fails(files.rename("other", "a/b/c/file"), ExistsError, "exists");
    await files.rename("a/b/c/file", "moved");
    assert.equal(await box.read("work/moved"), "x");
    await files.remove("a/b/c");
    await files.remove("moved");
    await fails(files.remove("moved"), NotFoundError, "not_found");
    await fails(files.rename("moved", "again"), NotFoundError, "not_found");
    await fails(files.remove("."), PolicyDeniedError, "policy_denied");
    await fails(files.rename(".", "x"), PolicyDeniedError, "policy_denied");
    await Deno.symlink("other", `${box.work}/link`);
    await files.rename("link", "link2");
    await files.remove("link2");
    assert.deepEqual(await box.list("work"), ["a", "other"]);
  },
);

onBoth("what is larger than a message may be is refused, and what comes next works", async (files, box) => {
  await fails(files.write("big", new Uint8Array(64 * 1024 * 1024 + 1)), TooLargeError, "too_large");
  assert.deepEqual(await box.list("work"), []);
  await files.write("small", "x");
});

onBoth("variables of the policy are told, others are not", async (files) => {
  assert.deepEqual(await files.environment(["LANG", "TOMBOLO_ROOT", "__proto__", "toString"]), {
    LANG: "C.UTF-8",
  });
});
