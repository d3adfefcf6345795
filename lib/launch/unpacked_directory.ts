import { lstat } from "../paths/resolve_path.ts";
import { privateDirectory, writeAtomically } from "./state_directory.ts";

const DAY_MS = 24 * 3600 * 1000;
/** What no version has used for so long is removed. */
const KEPT_MS = 30 * DAY_MS;

/**
 * Where what tombolo holds inside is unpacked: in the state directory, under its checksum, so that versions that hold the
 * same share it.
 */
export class UnpackedDirectory {
  readonly #all: string;
  readonly #path: string;

  /**
   * @param sha256 Of what is unpacked
   * @throws {TomboloError} where the directory is not this user's alone
   */
  constructor(stateDirectory: string, sha256: string) {
    const uid = Deno.uid();
    this.#all = privateDirectory(`${stateDirectory}/programs`, uid);
    this.#path = privateDirectory(`${this.#all}/${sha256}`, uid);
    this.#markUsed();
  }

  /** Path of a file in it. */
  path(name: string): string {
    return `${this.#path}/${name}`;
  }

  /** What is known of a file that only this user could have written; `undefined` where it is anything else. */
  own(name: string, mode: number): Deno.FileInfo | undefined {
    const info = lstat(this.path(name));
    const isOwn = info?.isFile === true && info.uid === Deno.uid() && ((info.mode ?? 0) & 0o7777) === mode;
    return isOwn ? info : undefined;
  }

  /** Writes a file whole or not at all, and removes what no version uses any more. */
  write(name: string, data: string | Uint8Array<ArrayBuffer>, mode: number): string {
    // A file that another start with the same pid has left in its place can be written over.
    writeAtomically(this.path(name), data, mode | 0o200);
    Deno.chmodSync(this.path(name), mode);
    this.#removeOld();
    return this.path(name);
  }

  // Its time of change tells, to a day.
  #markUsed(): void {
    const now = Date.now();
    const used = Deno.statSync(this.#path).mtime?.getTime() ?? 0;
    if (now - used > DAY_MS) Deno.utimeSync(this.#path, new Date(now), new Date(now));
  }

  #removeOld(): void {
    for (const { name } of Deno.readDirSync(this.#all)) {
      const path = `${this.#all}/${name}`;
      const used = lstat(path)?.mtime?.getTime() ?? Infinity;
      if (path === this.#path || Date.now() - used < KEPT_MS) continue;
      try {
        Deno.removeSync(path, { recursive: true });
      } catch {
        // Another start is removing it.
      }
    }
  }
}
