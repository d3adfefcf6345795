import type { Rule } from "../policy/rule.ts";

/** What `tombolo worker` says once a client may connect, and the program inside to the tool. */
export const READY = "ready\n";
/** Most bytes of JSON in one frame. */
export const MAX_FRAME: number = 1024 * 1024;
/** Most raw bytes behind one frame. */
export const MAX_PAYLOAD: number = 64 * 1024 * 1024;
/** Entries that `glob` and `grep` give where the request names no limit. */
export const DEFAULT_LIMIT = 10_000;
/** Characters that a line of `grep` is cut at. */
export const LONGEST_LINE = 2000;

/** What can go wrong with a request, by code. */
export const ERROR_CODES = [
  "policy_denied",
  "not_found",
  "exists",
  "not_a_directory",
  "is_a_directory",
  "edit_not_found",
  "edit_ambiguous",
  "invalid_pattern",
  "too_large",
  "io",
  "protocol",
  "internal",
] as const; // deno-fmt-ignore

/** The code of an error answer. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** What stands at a path; `other` is a FIFO, a socket or a device. */
export type EntryKind = "file" | "directory" | "symlink" | "other";

/** One entry of a directory. */
export interface Entry {
  readonly name: string;
  readonly kind: EntryKind;
  readonly size: number;
}

/** What lstat(2) says of a path. */
export interface Stat {
  readonly size: number;
  readonly kind: EntryKind;
  /** Milliseconds since the epoch; `null` where the file system has none. */
  readonly mtime: number | null;
  readonly is_symlink: boolean;
}

/** One line that a regular expression matches. */
export interface Match {
  /** Relative to the root of the worker. */
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/** Requests by kind, without what the frame carries beside them. */
export interface Requests {
  readonly ping: object;
  readonly shutdown: object;
  readonly read: { readonly path: string; readonly offset?: number; readonly max_bytes?: number };
  readonly write: { readonly path: string; readonly create_parents?: boolean };
  readonly edit: {
    readonly path: string;
    readonly old_string: string;
    readonly new_string: string;
    readonly replace_all?: boolean;
  };
  readonly list: { readonly path: string };
  readonly stat: { readonly path: string };
  readonly glob: { readonly pattern: string; readonly root?: string; readonly limit?: number };
  readonly grep: {
    readonly pattern: string;
    readonly root?: string;
    readonly include?: string;
    readonly limit?: number;
  };
  readonly make_dir: { readonly path: string };
  readonly remove: { readonly path: string };
  readonly rename: { readonly path: string; readonly to: string };
  readonly get_env: { readonly names: readonly string[] };
}

/** Answers by the kind of their request. */
export interface Answers {
  readonly ping: { readonly kind: "pong" };
  readonly shutdown: { readonly kind: "pong" };
  readonly read: { readonly kind: "read"; readonly size: number; readonly truncated: boolean };
  readonly write: { readonly kind: "write"; readonly bytes_written: number };
  readonly edit: { readonly kind: "edit"; readonly replacements: number };
  readonly list: { readonly kind: "list"; readonly entries: readonly Entry[] };
  readonly stat: { readonly kind: "stat"; readonly stat: Stat };
  readonly glob: { readonly kind: "glob"; readonly paths: readonly string[]; readonly truncated: boolean };
  readonly grep: { readonly kind: "grep"; readonly matches: readonly Match[]; readonly truncated: boolean };
  readonly make_dir: { readonly kind: "ok" };
  readonly remove: { readonly kind: "ok" };
  readonly rename: { readonly kind: "ok" };
  readonly get_env: { readonly kind: "get_env"; readonly values: Readonly<Record<string, string>> };
}

/** The kinds of requests. */
export type RequestKind = keyof Requests;

/** A request of some kind. */
export type Request = { [Kind in RequestKind]: { readonly kind: Kind } & Requests[Kind] }[RequestKind];

/** An answer that says what went wrong. */
export interface ErrorAnswer {
  readonly kind: "error";
  readonly code: ErrorCode;
  readonly message: string;
  readonly rule?: Rule;
}

/** What a worker answers. */
export type Answer = Answers[RequestKind] | ErrorAnswer;
