import type { Edit } from "./edit_file.ts";
import type { FoundPaths } from "./find_paths.ts";
import type { Entry, Stat } from "./protocol.ts";
import type { Piece } from "./read_file.ts";
import type { FoundMatches } from "./search_files.ts";

/** Which piece of a file to read. */
export interface ReadOptions {
  /** Byte to begin with; the first unless given. */
  readonly offset?: number;
  /** Bytes at most; 64 MiB unless given, and never more. */
  readonly maxBytes?: number;
  /** Where the bytes go, if there is room for them. */
  readonly into?: Uint8Array<ArrayBuffer>;
}

/** Where to look, and how much to give. */
export interface GlobOptions {
  /** Directory that the pattern starts in; the root unless given. */
  readonly root?: string;
  /** Entries at most; 10,000 unless given. */
  readonly limit?: number;
}

/** Where and in which files to look, and how much to give. */
export interface GrepOptions extends GlobOptions {
  /** Glob for the files; one without a slash means the name alone. */
  readonly include?: string;
}

/**
 * Files below one root, under a policy. In this process or in a worker: who holds it cannot tell, and need not. Every
 * method rejects with a `WorkerError` whose code says why.
 */
export interface FileSystem {
  /** A piece of a file; 64 MiB at most. */
  read(path: string, options?: ReadOptions): Promise<Piece>;
  /** The whole of a file. */
  readAll(path: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Writes a file whole; returns the bytes written. */
  write(
    path: string,
    data: Uint8Array<ArrayBuffer> | string,
    options?: { readonly createParents?: boolean },
  ): Promise<number>;
  /** Replaces text in a file; returns how many occurrences. */
  edit(path: string, edit: Edit): Promise<number>;
  list(path: string): Promise<readonly Entry[]>;
  stat(path: string): Promise<Stat>;
  glob(pattern: string, options?: GlobOptions): Promise<FoundPaths>;
  grep(pattern: string, options?: GrepOptions): Promise<FoundMatches>;
  makeDirectory(path: string): Promise<void>;
  remove(path: string): Promise<void>;
  rename(path: string, to: string): Promise<void>;
  /** Values of variables that the policy gives to commands. */
  environment(names: readonly string[]): Promise<Readonly<Record<string, string>>>;
}
