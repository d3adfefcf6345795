import * as z from "zod/mini";
import { LIMIT_NAMES } from "./limits.ts";

// `true` stands for everything, as in Deno's own permission sets.
const texts = z.array(z.string());
const allowed = z.union([texts, z.literal(true)]);
const access = z.strictObject({ allow: z.optional(allowed), deny: z.optional(allowed) });
const count = z.int().check(z.positive());
// Bytes, or text with a unit.
const size = z.union([z.string(), count]);
const addresses = z.union([z.string(), z.array(z.string())]);

/** The form of a policy file; unknown keys are errors. */
export const policySchema = z.strictObject({
  $schema: z.optional(z.string()),
  extends: z.optional(z.union([z.string(), texts])),
  read: z.optional(access),
  write: z.optional(access),
  net: z.optional(z.strictObject({
    allow: z.optional(allowed),
    deny: z.optional(allowed),
    unix: z.optional(texts),
    resolve: z.optional(z.record(z.string(), addresses)),
    upstream: z.optional(z.string()),
    external: z.optional(z.strictObject({
      command: z.array(z.string()).check(z.minLength(1)),
      protocol: z.optional(z.enum(["http", "socks5"])),
      startupTimeout: z.optional(z.string()),
      onFailure: z.optional(z.enum(["fail", "warn"])),
    })),
    publish: z.optional(texts),
    caBundle: z.optional(z.string()),
  })),
  run: z.optional(z.strictObject({ allow: z.optional(allowed), deny: z.optional(texts) })),
  env: z.optional(z.strictObject({
    allow: z.optional(allowed),
    deny: z.optional(allowed),
    set: z.optional(z.record(z.string(), z.string())),
  })),
  limits: z.optional(z.strictObject({
    wallTime: z.optional(z.string()),
    cpuTime: z.optional(z.string()),
    memory: z.optional(size),
    openFiles: z.optional(count),
    processes: z.optional(count),
    fileSize: z.optional(size),
  })),
});

/** What a policy file holds, once it has the right form. */
export type PolicyDocument = z.infer<typeof policySchema>;

/** A complaint about the form of a document: where, and what was wanted. */
export interface SchemaProblem {
  readonly path: readonly (string | number)[];
  readonly wanted: string;
  /** Set where a key is not known. */
  readonly unknownKey?: string;
}

function wantedAt(path: readonly (string | number)[]): string {
  const key = path.at(-1);
  const parent = path.at(-2);
  if (typeof key === "number") return "a string";
  if (parent === "run" && key === "deny") return "a list of strings";
  if (key === "allow" || key === "deny") return "a list of strings, or true for everything";
  if (key === "extends") return "a preset or file name, or a list of them";
  if (parent === "resolve") return "an address, or a list of addresses";
  if (key === "command") return "a list of strings: a program and its arguments";
  if (key === "publish" || key === "unix") return "a list of strings";
  if (key === "protocol") return '"http" or "socks5"';
  if (key === "onFailure") return '"fail" or "warn"';
  if (["upstream", "startupTimeout", "caBundle"].includes(String(key))) return "a string";
  if (key === "wallTime" || key === "cpuTime") return 'a string, as "30s"';
  if (key === "memory" || key === "fileSize") return 'a string, as "512MiB", or a number of bytes';
  if (key === "openFiles" || key === "processes") return "a whole number above 0";
  if (parent === "set" || key === "$schema") return "a string";
  return path.length === 0 ? "an object with policy keys" : "an object";
}

// The keys that an object of the document may have.
function known(path: readonly (string | number)[]): string {
  const at: Readonly<Record<string, string>> = {
    "": "$schema, extends, read, write, net, run, env, limits",
    read: "allow, deny",
    write: "allow, deny",
    net: "allow, deny, unix, resolve, upstream, external, publish, caBundle",
    "net.external": "command, protocol, startupTimeout, onFailure",
    run: "allow, deny",
    env: "allow, deny, set",
    limits: LIMIT_NAMES.join(", "),
  };
  return at[path.join(".")] ?? "";
}

/**
 * Checks the form of a parsed document.
 *
 * @returns The document, or the first problem
 */
export function checkForm(value: unknown): { document: PolicyDocument } | { problem: SchemaProblem } {
  const result = policySchema.safeParse(value);
  if (result.success) return { document: result.data };
  const issue = result.error.issues[0];
  // Of "a list or true", what is said of the list tells which entry is wrong.
  const inner = issue?.code === "invalid_union"
    ? issue.errors.flat().find((each) => each.path.length > 0)
    : undefined;
  const path = [...issue?.path ?? [], ...inner?.path ?? []].filter((part) => typeof part !== "symbol");
  if (issue?.code === "unrecognized_keys") {
    const unknownKey = issue.keys[0] ?? "";
    return { problem: { path: [...path, unknownKey], unknownKey, wanted: `one of ${known(path)}` } };
  }
  return { problem: { path, wanted: wantedAt(path) } };
}

/** The JSON Schema (draft 2020-12) of a policy file. */
export function jsonSchema(): unknown {
  return { title: "tombolo policy", ...z.toJSONSchema(policySchema) };
}
