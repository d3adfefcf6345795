import { join } from "node:path";

const encoder = new TextEncoder();
const END = "TRAILER!!!";

// Thirteen fields of eight hexadecimal digits; a name ends with NUL, and name and data are padded to four bytes.
function entry(inode: number, name: string, mode: number, data: Uint8Array): Uint8Array[] {
  const fields = [inode, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, name.length + 1, 0];
  const head = "070701" + fields.map((field) => field.toString(16).padStart(8, "0")).join("") + name + "\0";
  const padding = (length: number) => new Uint8Array((4 - length % 4) % 4);
  return [encoder.encode(head), padding(head.length), data, padding(data.length)];
}

async function* entries(root: string, below: string, inode: { next: number }): AsyncGenerator<Uint8Array> {
  for (const { name } of Deno.readDirSync(join(root, below))) {
    const path = below === "" ? name : `${below}/${name}`;
    const file = join(root, path);
    const { mode, isSymlink, isDirectory } = await Deno.lstat(file);
    const data = isSymlink
      ? encoder.encode(await Deno.readLink(file))
      : isDirectory
      ? new Uint8Array(0)
      : await Deno.readFile(file);
    yield* entry(inode.next++, path, mode ?? 0, data);
    if (isDirectory) yield* entries(root, path, inode);
  }
}

/**
 * Packs a directory as Linux takes its first file system: an archive of cpio's "newc" format, all files root's.
 * Names and the targets of links must be ASCII.
 */
export async function packDirectory(root: string, archive: string): Promise<void> {
  using file = await Deno.open(archive, { write: true, create: true, truncate: true });
  const writer = file.writable.getWriter();
  for await (const bytes of entries(root, "", { next: 1 })) await writer.write(bytes);
  for (const bytes of entry(0, END, 0, new Uint8Array(0))) await writer.write(bytes);
  await writer.close();
}
