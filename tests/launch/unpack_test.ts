import assert from "node:assert/strict";
import { unpackProgram } from "../../lib/launch/unpack_program.ts";
import { unpackText } from "../../lib/launch/unpack_text.ts";
import { TomboloError } from "../../lib/report/tombolo_error.ts";
import { TempDirectory } from "./temp_directory.ts";

const DAY_MS = 24 * 3600 * 1000;

async function sha256Of(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** A program inside a tombolo, and where it is to be unpacked. */
class Inside implements Disposable {
  private constructor(readonly directory: TempDirectory, readonly source: URL, readonly sha256: string) {}

  static async create(text = "#!/bin/sh\necho ran\n"): Promise<Inside> {
    const directory = new TempDirectory();
    const bytes = new TextEncoder().encode(text);
    const zipped = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
    await Deno.writeFile(directory.at("program.gz"), await new Response(zipped).bytes());
    return new Inside(directory, new URL(`file://${directory.at("program.gz")}`), await sha256Of(bytes));
  }

  unpack(now = Date.now()): Promise<string> {
    return unpackProgram(this.directory.path, "program", this.sha256, this.source, now);
  }

  [Symbol.dispose](): void {
    this.directory[Symbol.dispose]();
  }
}

function modeOf(path: string): number {
  return (Deno.lstatSync(path).mode ?? 0) & 0o7777;
}

/** Puts other bytes in a file, and leaves its size, mode and time of modification as they were. */
function tamper(path: string): void {
  const { mtime, mode } = Deno.statSync(path);
  const bytes = Deno.readFileSync(path);
  bytes.fill(35, bytes.length - 4);
  Deno.chmodSync(path, 0o700);
  Deno.writeFileSync(path, bytes);
  Deno.chmodSync(path, (mode ?? 0) & 0o7777);
  Deno.utimeSync(path, mtime ?? 0, mtime ?? 0);
}

Deno.test("a program is unpacked once, runs, and nobody but its user may do so", async () => {
  using inside = await Inside.create();
  const path = await inside.unpack();
  const { stdout } = await new Deno.Command(path).output();
  assert.equal(new TextDecoder().decode(stdout), "ran\n");
  assert.equal(modeOf(path), 0o500);
  const { ino } = Deno.statSync(path);
  // Even without its source: it is there already.
  Deno.removeSync(inside.source);
  assert.equal(await inside.unpack(), path);
  assert.equal(await inside.unpack(), path);
  assert.equal(Deno.statSync(path).ino, ino);
});

Deno.test("a program that has been changed is unpacked anew, also when size and time tell nothing", async () => {
  using inside = await Inside.create();
  const path = await inside.unpack();
  const good = Deno.readTextFileSync(path);
  // The second time it has been found intact before, in the same second.
  for (const _time of [1, 2]) {
    tamper(path);
    assert.notEqual(Deno.readTextFileSync(path), good);
    assert.equal(await inside.unpack(), path);
    assert.equal(Deno.readTextFileSync(path), good);
    assert.equal(await inside.unpack(), path);
  }
});

Deno.test("that a program was intact is remembered once its times tell of any change, and of that file alone", async () => {
  using inside = await Inside.create();
  const path = await inside.unpack();
  const checked = () => {
    try {
      return Deno.readTextFileSync(path.replace(/program$/, "checked"));
    } catch {
      return undefined;
    }
  };
  await inside.unpack();
  assert.equal(checked(), undefined);
  const later = Date.now() + 60_000;
  await inside.unpack(later);
  const before = checked();
  assert.ok(before);
  // Another file in its place, as good as it looks.
  Deno.copyFileSync(path, `${path}.new`);
  Deno.renameSync(`${path}.new`, path);
  tamper(path);
  await inside.unpack(later);
  assert.equal(Deno.readTextFileSync(path), "#!/bin/sh\necho ran\n");
  await inside.unpack(later);
  assert.notEqual(checked(), before);
});

for (
  const [text, change] of [
    ["others may write it", (path: string) => Deno.chmodSync(path, 0o522)],
    ["it is a link to the same bytes", (path: string) => {
      Deno.renameSync(path, `${path}.elsewhere`);
      Deno.symlinkSync(`${path}.elsewhere`, path);
    }],
    ["it has been cut", (path: string) => {
      Deno.chmodSync(path, 0o700);
      Deno.truncateSync(path, 3);
      Deno.chmodSync(path, 0o500);
    }],
  ] as const
) {
  Deno.test(`a program is unpacked anew where ${text}`, async () => {
    using inside = await Inside.create();
    const path = await inside.unpack();
    change(path);
    await inside.unpack();
    const info = Deno.lstatSync(path);
    assert.ok(info.isFile);
    assert.equal(modeOf(path), 0o500);
    assert.equal(Deno.readTextFileSync(path), "#!/bin/sh\necho ran\n");
  });
}

Deno.test("a directory that others may enter is refused", async () => {
  using inside = await Inside.create();
  const path = await inside.unpack();
  Deno.chmodSync(path.slice(0, path.lastIndexOf("/")), 0o755);
  await assert.rejects(inside.unpack(), /others may enter it/);
});

Deno.test("a damaged tombolo is refused: other bytes, no gzip, nothing", async () => {
  using inside = await Inside.create();
  using other = await Inside.create("other bytes");
  const unpack = () => unpackProgram(inside.directory.path, "program", inside.sha256, other.source);
  const isRefusal = (error: unknown) => error instanceof TomboloError && /Cannot unpack/.test(error.message);
  await assert.rejects(unpack(), isRefusal);
  Deno.writeTextFileSync(other.source, "no gzip");
  await assert.rejects(unpack(), isRefusal);
  Deno.removeSync(other.source);
  await assert.rejects(unpack(), isRefusal);
});

Deno.test("a text is unpacked to the byte, and again where it has changed", () => {
  using directory = new TempDirectory();
  const part = { text: "\uFEFFlet a = '\u00E9\u{1F3DD}';\n", sha256: "ab".repeat(32) };
  const path = unpackText(directory.path, "stage2.js", part);
  assert.equal(path, directory.at(`programs/${part.sha256}/stage2.js`));
  assert.deepEqual(Deno.readFileSync(path), new TextEncoder().encode(part.text));
  assert.equal(modeOf(path), 0o400);
  const { ino } = Deno.statSync(path);
  unpackText(directory.path, "stage2.js", part);
  assert.equal(Deno.statSync(path).ino, ino);
  Deno.chmodSync(path, 0o600);
  Deno.writeTextFileSync(path, "evil();");
  unpackText(directory.path, "stage2.js", part);
  assert.deepEqual(Deno.readFileSync(path), new TextEncoder().encode(part.text));
});

Deno.test("what no version has used for a month goes when another is unpacked; what is used stays", () => {
  using directory = new TempDirectory();
  const old = { text: "old", sha256: "01".repeat(32) };
  const used = { text: "used", sha256: "02".repeat(32) };
  for (const part of [old, used]) {
    unpackText(directory.path, "stage2.js", part);
    const longAgo = new Date(Date.now() - 40 * DAY_MS);
    Deno.utimeSync(directory.at(`programs/${part.sha256}`), longAgo, longAgo);
  }
  unpackText(directory.path, "stage2.js", used);
  unpackText(directory.path, "stage2.js", { text: "new", sha256: "03".repeat(32) });
  const left = Array.from(Deno.readDirSync(directory.at("programs")), ({ name }) => name.slice(0, 2));
  assert.deepEqual(left.sort(), ["02", "03"]);
});

Deno.test("several starts at once unpack the same program", async () => {
  using inside = await Inside.create();
  const paths = await Promise.all([1, 2, 3, 4].map(() => inside.unpack()));
  assert.equal(new Set(paths).size, 1);
  assert.ok(paths[0] !== undefined && Deno.readTextFileSync(paths[0]).startsWith("#!"));
});
