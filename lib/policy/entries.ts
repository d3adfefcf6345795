import { TomboloError } from "../report/tombolo_error.ts";
import type { Entry, EntryList, PolicySource } from "./policy_source.ts";
import type { Rule } from "./rule.ts";

/** The keys of a source that hold lists. */
export type ListKey =
  | "readAllow"
  | "readDeny"
  | "writeAllow"
  | "writeDeny"
  | "netAllow"
  | "netDeny"
  | "runAllow"
  | "runDeny"
  | "unixAllow"
  | "envAllow"
  | "envDeny"
  | "unprotect";

/** Every list of one kind, in order. */
export function lists(sources: readonly PolicySource[], key: ListKey): EntryList[] {
  return sources.flatMap((source) => source[key] ?? []);
}

/** Adds the origin of an entry to what its parser says. */
export function located<T>(entry: Entry, parse: () => T, expected: new (...parameters: never[]) => Error): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof expected)) throw error;
    throw new TomboloError("policy", `${error.message} (${entry.origin})`, { cause: error });
  }
}

/** The rule that an entry stands for. */
export function toRule(entry: Entry, text = entry.text): Rule {
  return { text, origin: entry.origin };
}
