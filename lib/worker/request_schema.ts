import * as z from "zod/mini";
import { MAX_PAYLOAD, type Request } from "./protocol.ts";

const path = z.string();
const count = z.int().check(z.minimum(0));
const limit = z.optional(z.int().check(z.minimum(1), z.maximum(1_000_000)));

/** Every request, by kind; unknown fields are errors, so that a misspelt one is not passed over. */
const requestSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("ping") }),
  z.strictObject({ kind: z.literal("shutdown") }),
  z.strictObject({
    kind: z.literal("read"),
    path,
    offset: z.optional(count),
    max_bytes: z.optional(count.check(z.maximum(MAX_PAYLOAD))),
  }),
  z.strictObject({ kind: z.literal("write"), path, create_parents: z.optional(z.boolean()) }),
  z.strictObject({
    kind: z.literal("edit"),
    path,
    old_string: z.string(),
    new_string: z.string(),
    replace_all: z.optional(z.boolean()),
  }),
  z.strictObject({ kind: z.literal("list"), path }),
  z.strictObject({ kind: z.literal("stat"), path }),
  z.strictObject({ kind: z.literal("glob"), pattern: z.string(), root: z.optional(path), limit }),
  z.strictObject({
    kind: z.literal("grep"),
    pattern: z.string(),
    root: z.optional(path),
    include: z.optional(z.string()),
    limit,
  }),
  z.strictObject({ kind: z.literal("make_dir"), path }),
  z.strictObject({ kind: z.literal("remove"), path }),
  z.strictObject({ kind: z.literal("rename"), path, to: path }),
  z.strictObject({ kind: z.literal("get_env"), names: z.array(z.string()).check(z.maxLength(10_000)) }),
]);

/** What was wrong with a message, in words. */
export type Complaint = string;

/**
 * Checks the form of a message, without its `payload`.
 *
 * @returns The request, or what is wrong with it
 */
export function checkRequest(
  message: unknown,
): { readonly request: Request } | { readonly complaint: Complaint } {
  const result = requestSchema.safeParse(message);
  // Optional fields that are absent stay absent: JSON knows no undefined.
  if (result.success) return { request: result.data as Request };
  const issue = result.error.issues[0];
  if (issue === undefined) return { complaint: "it has a wrong form" };
  if (issue.code === "unrecognized_keys") return { complaint: `field "${issue.keys[0]}" is not known` };
  const field = issue.path.join(".");
  if (field === "" || field === "kind") return { complaint: "its kind is not one of those that there are" };
  return { complaint: `field "${field}" has a wrong value` };
}
