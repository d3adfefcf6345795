import { lstat } from "../paths/resolve_path.ts";

/** Directories listed once each: a listing tells which of many paths exist, where asking for each costs a failed call. */
export class Listings {
  // `undefined` where it is not told what stands in a directory: names that are known can be opened all the same.
  readonly #names = new Map<string, ReadonlySet<string> | undefined>();
  readonly #real = new Map<string, string | undefined>();

  /** @param folds Whether a file may be found by other names than a listing tells, as on macOS by their case */
  constructor(private readonly folds: boolean = Deno.build.os === "darwin", private readonly look = lstat) {}

  #list(directory: string): ReadonlySet<string> | undefined {
    if (this.#names.has(directory)) return this.#names.get(directory);
    const names = namesIn(directory);
    this.#names.set(directory, names);
    return names;
  }

  #holds(directory: string, name: string): boolean {
    const names = this.#list(directory);
    const listed = names?.has(name);
    if (listed === true || (listed === false && !this.folds)) return listed;
    return this.look(`${directory === "/" ? "" : directory}/${name}`) !== undefined;
  }

  #realPath(directory: string): string | undefined {
    if (this.#real.has(directory)) return this.#real.get(directory);
    let real: string | undefined;
    try {
      real = Deno.realPathSync(directory);
    } catch {
      real = undefined;
    }
    this.#real.set(directory, real);
    return real;
  }

  /**
   * Whether something stands at a path, a dangling link included.
   *
   * @param base A directory that exists
   * @param relative A path below it
   */
  exists(base: string, relative: string): boolean {
    const top = base === "/" ? "" : base;
    // From the top: most of what is asked for lacks its first component already.
    for (let from = 0;;) {
      const slash = relative.indexOf("/", from);
      const name = slash < 0 ? relative.slice(from) : relative.slice(from, slash);
      const directory = from === 0 ? base : `${top}/${relative.slice(0, from - 1)}`;
      if (!this.#holds(directory, name)) return false;
      if (slash < 0) return true;
      from = slash + 1;
    }
  }

  /**
   * Whether nothing stands at a path and no link is on the way to it.
   *
   * @param path An absolute path
   * @returns `false` also where it takes a closer look to say
   */
  isAbsent(path: string): boolean {
    const [parent, name] = split(path);
    if (path === "/") return false;
    if (parent !== "/" && this.#isKnownToLack(parent)) return true;
    const real = this.#realPath(parent);
    if (real === undefined) return this.isAbsent(parent);
    return real === parent && !this.#holds(parent, name);
  }

  // A call that fails costs more than all the others.
  #isKnownToLack(directory: string): boolean {
    if (this.folds) return false;
    const [parent, name] = split(directory);
    return this.#real.get(parent) === parent && this.#names.get(parent)?.has(name) === false;
  }
}

function namesIn(directory: string): ReadonlySet<string> | undefined {
  try {
    return new Set(Array.from(Deno.readDirSync(directory), ({ name }) => name));
  } catch (error) {
    const isNone = error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
    return isNone ? new Set() : undefined;
  }
}

function split(path: string): [parent: string, name: string] {
  const slash = path.lastIndexOf("/");
  return [path.slice(0, slash) || "/", path.slice(slash + 1)];
}
