import { Policy, type PolicyDocument, Sandbox, type SandboxOptions } from "../../lib/mod.ts";
import { Box } from "./tombolo.ts";

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The environment of somebody who lives in a box. */
export function environmentOf(box: Box): Record<string, string> {
  return { PATH, HOME: box.home, LANG: "C.UTF-8" };
}

/** A policy that is read in a box's work tree. */
export function policyIn(box: Box, document: PolicyDocument = {}): Policy {
  return Policy.parse(document, { cwd: box.work, environment: environmentOf(box) });
}

/** A sandbox in a box's work tree. */
export function openIn(
  box: Box,
  document: PolicyDocument = {},
  options: SandboxOptions = {},
): Promise<Sandbox> {
  return Sandbox.open(policyIn(box, document), options);
}

/** A box and a sandbox in it; they go together. */
export async function openBox(
  document: PolicyDocument = {},
  options: SandboxOptions = {},
): Promise<{ box: Box; sandbox: Sandbox } & AsyncDisposable> {
  const box = await Box.create();
  try {
    const sandbox = await openIn(box, document, options);
    return {
      box,
      sandbox,
      async [Symbol.asyncDispose]() {
        await sandbox[Symbol.asyncDispose]();
        await box[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await box[Symbol.asyncDispose]();
    throw error;
  }
}

/** The first line of a stream; the rest is left in it. */
export async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stream.getReader();
  let text = "";
  try {
    while (!text.includes("\n")) {
      const { done, value } = await reader.read();
      if (done) break;
      text += new TextDecoder().decode(value);
    }
  } finally {
    reader.releaseLock();
  }
  return text.split("\n")[0] ?? "";
}
