/** A file that a build has put into tombolo. */
export interface EmbeddedText {
  readonly text: string;
  /** Of its UTF-8 bytes, in hexadecimal digits. */
  readonly sha256: string;
}

/** A program that a build has put into tombolo. */
export interface EmbeddedProgram {
  /** gzip, from the main module. */
  readonly file: string;
  /** Of the program itself. */
  readonly sha256: string;
}

/** What a build has put into tombolo so that it needs no file beside it. */
export interface Embedded {
  /** The module that starts tombolo, from this one. */
  readonly main: string;
  /** For the Deno that runs tombolo, or as a program where tombolo was compiled: its own runtime runs nothing else. */
  readonly stage2: EmbeddedText | EmbeddedProgram;
  readonly worker: EmbeddedText;
  /** What `doctor --verify` tries to get out with; a build may do without. */
  readonly verifier?: EmbeddedText;
  /** The audited permissions of tombolo, as flags of Deno's. */
  readonly flags: readonly string[];
  /** The Deno for the worker and what `doctor --verify` runs, where tombolo was compiled. */
  readonly deno?: EmbeddedProgram;
}

/** Nothing in a checkout: `deno task bundle`, `compile` and `jsr` put something else in its place. */
export const EMBEDDED = undefined as Embedded | undefined;
