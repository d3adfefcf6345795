import { lstat } from "../paths/resolve_path.ts";
import { seccompProgram } from "../plan/seccomp/program.ts";
import type { Plan } from "../plan/plan.ts";
import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import { privateDirectory, writeAtomically } from "./state_directory.ts";

function sameBytes(path: string, bytes: Uint8Array): boolean {
  try {
    const found = Deno.readFileSync(path);
    return found.length === bytes.length && found.every((byte, index) => byte === bytes[index]);
  } catch {
    return false;
  }
}

// Names the file by its content, so that versions of tombolo do not overwrite each other's (FNV-1a, 32 bit).
function contentName(bytes: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return `${hash.toString(16).padStart(8, "0")}-${bytes.length}`;
}

/**
 * The filter of a plan as a file; the starting shell and stage2 can only take a file.
 *
 * @returns Its path in the state directory
 */
export function seccompFile(plan: Plan, stateDirectory: string): string {
  const program = seccompProgram(plan.seccomp);
  const path = `${stateDirectory}/seccomp-${contentName(program)}`;
  if (!sameBytes(path, program)) writeAtomically(path, Uint8Array.from(program));
  return path;
}

function make(name: "file" | "directory", path: string): void {
  try {
    if (name === "file") Deno.openSync(path, { write: true, createNew: true, mode: 0 }).close();
    else Deno.mkdirSync(path, { mode: 0 });
  } catch (error) {
    // Another first run was quicker; what it made is looked at like our own.
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
}

/**
 * Makes the file and the directory that are mounted over what is hidden, or checks that they are what they were: a
 * mask that is itself a link shows what it points to (CVE-2025-31133).
 *
 * @throws {TomboloError} where something else stands there
 */
export function ensureMasks(stateDirectory: string, uid: number | null): void {
  const directory = privateDirectory(`${stateDirectory}/mask`, uid);
  for (const name of ["file", "directory"] as const) {
    const path = `${directory}/${name}`;
    if (lstat(path) === undefined) make(name, path);
    const info = Deno.lstatSync(path);
    const right = name === "file" ? info.isFile && info.size === 0 && info.nlink === 1 : info.isDirectory;
    if (!right || info.uid !== uid || ((info.mode ?? 0o777) & 0o777) !== 0) {
      throw new TomboloError(
        "sandbox",
        `Cannot hide files with ${quote(path)}: it is not the empty ${name} that tombolo made`,
        {
          remedy: "remove it",
        },
      );
    }
  }
}
