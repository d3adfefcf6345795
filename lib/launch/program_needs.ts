import { resolvePath } from "../paths/resolve_path.ts";
import { SafePath } from "../paths/safe_path.ts";

/** A file that has to be executable for another one to be executed. */
export interface ProgramNeed {
  /** Real path. */
  readonly path: SafePath;
  readonly because: string;
}

/** Looks a name up as execvp(3) does; `undefined` where it leads nowhere. */
export type FindProgram = (name: string) => SafePath | undefined;

// The kernel reads as much of a first line (BINPRM_BUF_SIZE), and follows four interpreters (execve(2)).
const LINE_BYTES = 256;
const DEEPEST = 4;

const ELF_MAGIC = 0x464c457f;
const PT_INTERP = 3;
// A loader's path; anything longer is no ELF file that the kernel takes.
const LONGEST_LOADER = 4096;

// Options of env(1) that take the next word, when they stand alone.
const ENV_WITH_VALUE = new Set(["-u", "--unset", "-C", "--chdir", "-a", "--argv0"]);

/**
 * What the kernel itself opens for execution when it executes a file: the loader of an ELF program; the interpreter of
 * a script, what `env` looks up for it, and what these need in turn.
 *
 * @param file Real path of a program
 * @param find Looks up what `#!/usr/bin/env NAME` names
 */
export function programNeeds(file: SafePath, find: FindProgram, depth = 0): ProgramNeed[] {
  if (depth >= DEEPEST) return [];
  const needs = read(file, (opened) => elfLoader(opened, file) ?? interpreters(opened, file, find)) ?? [];
  return needs.flatMap((need) => [need, ...programNeeds(need.path, find, depth + 1)]);
}

function read<T>(file: SafePath, take: (opened: Deno.FsFile) => T): T | undefined {
  try {
    using opened = Deno.openSync(file.toString());
    return take(opened);
  } catch {
    return undefined; // Executable but not readable: what it needs cannot be told, and is not allowed with it.
  }
}

function bytesAt(opened: Deno.FsFile, offset: number, length: number): DataView {
  const buffer = new Uint8Array(length);
  opened.seekSync(offset, Deno.SeekMode.Start);
  return new DataView(buffer.buffer, 0, opened.readSync(buffer) ?? 0);
}

function textOf(bytes: DataView): string {
  return new TextDecoder().decode(bytes);
}

function need(path: string, because: string): ProgramNeed[] {
  if (!path.startsWith("/")) return [];
  const { real, kind } = resolvePath(SafePath.of(path));
  return kind === "file" ? [{ path: real, because }] : [];
}

// struct elf64_hdr and elf64_phdr, little endian: what the filter lets in.
function elfLoader(opened: Deno.FsFile, file: SafePath): ProgramNeed[] | undefined {
  const header = bytesAt(opened, 0, 64);
  if (header.byteLength < 64 || header.getUint32(0, true) !== ELF_MAGIC) return undefined;
  const [start, size, count] = [
    header.getBigUint64(32, true),
    header.getUint16(54, true),
    header.getUint16(56, true),
  ];
  for (let index = 0; index < count; index++) {
    const entry = bytesAt(opened, Number(start) + index * size, 56);
    if (entry.byteLength < 56 || entry.getUint32(0, true) !== PT_INTERP) continue;
    const length = Math.min(Number(entry.getBigUint64(32, true)), LONGEST_LOADER);
    const path = textOf(bytesAt(opened, Number(entry.getBigUint64(8, true)), length)).replace(/\0.*$/s, "");
    return need(path, `loader of ${file}`);
  }
  return [];
}

function interpreters(opened: Deno.FsFile, file: SafePath, find: FindProgram): ProgramNeed[] {
  const head = textOf(bytesAt(opened, 0, LINE_BYTES));
  const [, path = "", rest = ""] = /^#![ \t]*([^ \t\n\0]+)[ \t]*([^\n\0]*)/.exec(head) ?? [];
  const found = need(path, `interpreter of ${file}`);
  if (!path.endsWith("/env")) return found;
  const name = namedByEnv(rest);
  const named = name === undefined ? undefined : find(name);
  return named === undefined ? found : [...found, { path: named, because: `interpreter of ${file}, by env` }];
}

// Without -S the kernel hands everything over as one word, and env takes it for the program's name.
function namedByEnv(rest: string): string | undefined {
  const text = rest.trim();
  const split = /^(?:-[a-zA-Z]*S|--split-string[ =]?)\s*(.*)$/.exec(text);
  if (split === null) return text === "" || text.startsWith("-") ? undefined : text;
  const words = (split[1] ?? "").split(/\s+/).filter((word) => word !== "");
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    if (ENV_WITH_VALUE.has(word)) index++;
    else if (!word.startsWith("-") && !word.includes("=")) return word;
  }
  return undefined;
}
