import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";

/** What a path text is read against. */
export interface PathContext {
  /** Absolute directory that relative paths resolve against. */
  readonly base: string;
  /** Value of a variable of the caller; only HOME, TMPDIR, PWD and XDG_* are ever asked for. */
  readonly variable: (name: string) => string | undefined;
}

const VARIABLE = /\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*)|(.?))/g;
const EXPANDABLE = /^(?:HOME|TMPDIR|PWD|XDG_[A-Z_]+)$/;

function expand(text: string, context: PathContext): string {
  const named = (name: string): string => {
    const value = context.variable(name);
    if (value === undefined || !value.startsWith("/")) {
      throw new TomboloError("policy", `Cannot expand path ${quote(text)}: ${name} is not an absolute path`);
    }
    return value;
  };
  const tilde = text === "~" || text.startsWith("~/") ? named("HOME") + text.slice(1) : text;
  if (tilde.startsWith("~")) {
    throw new TomboloError(
      "policy",
      `Cannot expand path ${quote(text)}: only the own home directory can be named, as ~`,
    );
  }
  return tilde.replace(VARIABLE, (whole, braced?: string, bare?: string) => {
    const name = braced ?? bare ?? "";
    if (!EXPANDABLE.test(name)) {
      throw new TomboloError(
        "policy",
        `Cannot expand path ${quote(text)}: ${quote(whole)} is not one of HOME, TMPDIR, PWD and XDG_*`,
      );
    }
    return named(name);
  });
}

// Nothing to be left out. Most paths are; they are made by the hundred at each start.
const PLAIN = /^(?:\/(?!\.{1,2}(?:\/|$))[^/]+)+$/;

function normalise(absolute: string): string {
  const parts: string[] = [];
  for (const part of absolute.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") parts.pop();
    else parts.push(part);
  }
  return "/" + parts.join("/");
}

/** An absolute, normalised path: no `.`, `..`, doubled or trailing slash, NUL. */
export class SafePath {
  static readonly root = new SafePath("/");
  readonly #text: string;
  #depth: number | undefined;

  private constructor(text: string) {
    this.#text = text;
  }

  /** Number of components; the root has none. */
  get depth(): number {
    return this.#depth ??= this.#text === "/" ? 0 : this.#text.split("/").length - 1;
  }

  /**
   * Reads a path as a user writes it: `~`, `.`, `..`, `$HOME`, `$TMPDIR`, `$PWD` and `$XDG_*` are expanded.
   *
   * @throws {TomboloError} for an empty path, a NUL, or a variable that is not to be expanded
   */
  static parse(text: string, context: PathContext): SafePath {
    if (text.trim() === "") throw new TomboloError("policy", "Cannot parse path: it is empty");
    if (text.includes("\0")) {
      throw new TomboloError("policy", `Cannot parse path ${quote(text)}: it holds a NUL character`);
    }
    const expanded = expand(text, context);
    return new SafePath(normalise(expanded.startsWith("/") ? expanded : context.base + "/" + expanded));
  }

  /** Takes an absolute path of the system (from `realPath`, `cwd`) as it is. */
  static of(absolute: string): SafePath {
    if (!absolute.startsWith("/") || absolute.includes("\0")) {
      throw new TomboloError("policy", `Cannot use path ${quote(absolute)}: it is not absolute`);
    }
    return new SafePath(normalise(absolute));
  }

  get parent(): SafePath {
    return new SafePath(this.#text.slice(0, this.#text.lastIndexOf("/")) || "/");
  }

  get name(): string {
    return this.#text.slice(this.#text.lastIndexOf("/") + 1);
  }

  /** A path as any program reads it, nothing expanded: relative ones start at `base`. */
  static from(text: string, base: string): SafePath {
    return SafePath.of(text.startsWith("/") ? text : `${base}/${text}`);
  }

  /** Every directory from the root down to the parent. */
  ancestors(): SafePath[] {
    if (this.#text === "/") return [];
    const { parent } = this;
    return [...parent.ancestors(), parent];
  }

  join(relative: string): SafePath {
    const text = this.#text + "/" + relative;
    return new SafePath(PLAIN.test(text) ? text : normalise(text));
  }

  /** Whether `other` is this path or lies below it, by whole components. */
  contains(other: SafePath): boolean {
    return this.#text === "/" || other.#text === this.#text || other.#text.startsWith(this.#text + "/");
  }

  equals(other: SafePath): boolean {
    return this.#text === other.#text;
  }

  toString(): string {
    return this.#text;
  }

  toJSON(): string {
    return this.#text;
  }
}
