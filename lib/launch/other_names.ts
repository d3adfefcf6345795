import { lstat, resolvePath } from "../paths/resolve_path.ts";
import type { SafePath } from "../paths/safe_path.ts";

function entriesOf(directories: readonly SafePath[]): SafePath[] {
  const real = new Map(
    directories.map((directory) => resolvePath(directory).real).map((at) => [String(at), at]),
  );
  return [...real.values()].flatMap((directory) => {
    try {
      return Array.from(Deno.readDirSync(directory.toString()), ({ name }) => directory.join(name)).sort(
        byText,
      );
    } catch {
      return [];
    }
  });
}

function byText(a: SafePath, b: SafePath): number {
  return a.toString() < b.toString() ? -1 : 1;
}

/**
 * Other names of the same file, beside it and in some directories.
 *
 * @param file Real path
 */
export function hardLinks(file: SafePath, directories: readonly SafePath[]): SafePath[] {
  const own = lstat(file);
  return entriesOf([file.parent, ...directories]).filter((path) => {
    if (path.equals(file)) return false;
    const info = lstat(path);
    return info?.isFile === true && info.ino === own?.ino && info.dev === own?.dev;
  });
}

/**
 * Links by which files are called under other names, as those of busybox are.
 *
 * @param files Real paths
 * @returns For each file that has any, the links in the directories that lead to it
 */
export function linkedNames(
  files: readonly SafePath[],
  directories: readonly SafePath[],
): ReadonlyMap<string, readonly SafePath[]> {
  const names = new Map(files.map((file): [string, SafePath[]] => [file.toString(), []]));
  for (const path of entriesOf(directories)) {
    if (lstat(path)?.isSymlink === true) names.get(resolvePath(path).real.toString())?.push(path);
  }
  return new Map([...names].filter(([, links]) => links.length > 0));
}
