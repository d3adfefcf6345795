import { TomboloError } from "../report/tombolo_error.ts";
import { writeAtomically } from "./state_directory.ts";
import { UnpackedDirectory } from "./unpacked_directory.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const MODE = 0o500;
/** Tells which file it was whose content has been checked. */
const CHECKED = "checked";

async function sha256Of(bytes: Bytes): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** The runtime tells times in whole seconds: what was changed just now could be changed again unseen. */
const SETTLED_MS = 2000;

// Changes whenever the file does: nobody but the kernel sets ctime.
function identity({ dev, ino, size, mtime, ctime }: Deno.FileInfo): string {
  return [dev, ino, size, mtime?.getTime(), ctime?.getTime()].join(":");
}

function checkedIdentity(directory: UnpackedDirectory): string | undefined {
  try {
    return Deno.readTextFileSync(directory.path(CHECKED));
  } catch {
    return undefined;
  }
}

// To read all of a runtime takes longer than all the rest of a start.
async function isIntact(
  directory: UnpackedDirectory,
  name: string,
  sha256: string,
  now: number,
): Promise<boolean> {
  const info = directory.own(name, MODE);
  if (info === undefined) return false;
  if (checkedIdentity(directory) === identity(info)) return true;
  if (await sha256Of(await Deno.readFile(directory.path(name))) !== sha256) return false;
  if (now - (info.ctime?.getTime() ?? Infinity) > SETTLED_MS) {
    writeAtomically(directory.path(CHECKED), identity(info));
  }
  return true;
}

async function unzip(source: URL): Promise<Bytes | undefined> {
  try {
    const zipped = new Blob([await Deno.readFile(source)]).stream();
    return await new Response(zipped.pipeThrough(new DecompressionStream("gzip"))).bytes();
  } catch {
    return undefined;
  }
}

/**
 * A program as a file in the state directory, where it is written unless it is there already. Its whole content is checked
 * once, and again whenever the file is not the one that was checked.
 *
 * @param sha256 Of the program
 * @param source Where it is, gzip
 * @param now Milliseconds since 1970
 * @returns Its path
 * @throws {TomboloError} where its directory is not this user's alone, or the source does not hold that program
 */
export async function unpackProgram(
  stateDirectory: string,
  name: string,
  sha256: string,
  source: URL,
  now = Date.now(),
): Promise<string> {
  const directory = new UnpackedDirectory(stateDirectory, sha256);
  if (await isIntact(directory, name, sha256, now)) return directory.path(name);
  const bytes = await unzip(source);
  if (bytes !== undefined && await sha256Of(bytes) === sha256) return directory.write(name, bytes, MODE);
  throw new TomboloError("sandbox", `Cannot unpack ${name}: it is not what was put into this tombolo`, {
    remedy: "install tombolo again",
  });
}
