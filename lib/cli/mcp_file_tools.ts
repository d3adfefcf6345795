import type { CallToolResult, McpServer } from "@modelcontextprotocol/server";
import * as z from "zod";
import type { FileSystem } from "../worker/file_system.ts";
import { TransportError, WorkerError } from "../worker/worker_error.ts";

/** Most bytes of a file that one call gives: an agent reads on where it needs more. */
const MOST_BYTES = 256 * 1024;
/** Entries of a search unless more are asked for. */
const ENTRIES = 500;

/** A result of plain text. */
export function textResult(text: string, isError = false): CallToolResult {
  return { content: [{ type: "text", text }], ...(isError ? { isError } : {}) };
}

/** What failed, in the words of the protocol; the agent can act on the code and the rule. */
function errorResult(error: unknown): CallToolResult {
  if (error instanceof WorkerError) {
    const rule = error.rule === undefined ? "" : ` (rule ${error.rule.text}, ${error.rule.origin})`;
    return textResult(`${error.code}: ${error.message}${rule}`, true);
  }
  if (error instanceof TransportError) return textResult(`transport: ${error.message}`, true);
  throw error;
}

async function attempt(act: () => Promise<string>): Promise<CallToolResult> {
  try {
    return textResult(await act());
  } catch (error) {
    return errorResult(error);
  }
}

// A piece may end inside a character, which the next piece then begins with.
function wholeCharacters(bytes: Uint8Array, more: boolean): Uint8Array {
  if (!more) return bytes;
  for (let back = 1; back <= Math.min(4, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return bytes;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 0;
    if (length > 0) return length > back ? bytes.subarray(0, bytes.length - back) : bytes;
  }
  return bytes;
}

async function readText(
  files: FileSystem,
  path: string,
  offset: number,
  maxBytes: number,
): Promise<string> {
  const { bytes, size, truncated } = await files.read(path, { offset, maxBytes });
  const whole = wholeCharacters(bytes, truncated);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(whole);
  } catch {
    return `[${size} bytes that are not UTF-8 text]`;
  }
  const next = offset + whole.length;
  return truncated ? `${text}\n[${size} bytes in all; read on at offset ${next}]` : text;
}

const path = z.string().describe("Path relative to the root, or absolute inside it");
const root = z.string().optional().describe("Directory to look in; the root unless given");
const limit = z.number().int().min(1).max(10_000).optional().describe(
  `At most so many; ${ENTRIES} unless given`,
);
const READS = { annotations: { readOnlyHint: true, openWorldHint: false } } as const;
const CHANGES = { annotations: { destructiveHint: true, openWorldHint: false } } as const;

function more(truncated: boolean): string {
  return truncated ? "\n[there is more: narrow the search or raise the limit]" : "";
}

function registerReading(server: McpServer, files: FileSystem): void {
  server.registerTool(
    "read",
    {
      ...READS,
      description: "Reads a text file, 256 KiB at most at once.",
      inputSchema: z.object({
        path,
        offset: z.number().int().min(0).optional().describe("Byte to begin with"),
        max_bytes: z.number().int().min(1).max(MOST_BYTES).optional(),
      }),
    },
    ({ path, offset = 0, max_bytes = MOST_BYTES }) => attempt(() => readText(files, path, offset, max_bytes)),
  );
  server.registerTool(
    "list",
    {
      ...READS,
      description: "Lists a directory: kind, size and name, one entry a line.",
      inputSchema: z.object({ path }),
    },
    ({ path }) =>
      attempt(async () =>
        (await files.list(path)).map(({ kind, size, name }) => `${kind}\t${size}\t${name}`).join("\n")
      ),
  );
  server.registerTool("stat", {
    ...READS,
    description: "Size, kind and time of change of a path; a link is not followed.",
    inputSchema: z.object({ path }),
  }, ({ path }) => attempt(async () => JSON.stringify(await files.stat(path))));
  server.registerTool("glob", {
    ...READS,
    description: "Finds files by a glob such as src/**/*.ts; what .gitignore names is left out.",
    inputSchema: z.object({ pattern: z.string(), root, limit }),
  }, ({ pattern, root, limit = ENTRIES }) =>
    attempt(async () => {
      const found = await files.glob(pattern, { ...(root === undefined ? {} : { root }), limit });
      return found.paths.join("\n") + more(found.truncated);
    }));
  server.registerTool("grep", {
    ...READS,
    description:
      "Searches text files for a regular expression of JavaScript, line by line; what .gitignore names is left out.",
    inputSchema: z.object({
      pattern: z.string(),
      root,
      include: z.string().optional().describe("Glob for the files; one without a slash means the name alone"),
      limit,
    }),
  }, ({ pattern, root, include, limit = ENTRIES }) =>
    attempt(async () => {
      const options = {
        ...(root === undefined ? {} : { root }),
        ...(include === undefined ? {} : { include }),
        limit,
      };
      const found = await files.grep(pattern, options);
      return found.matches.map(({ path, line, text }) => `${path}:${line}:${text}`).join("\n") +
        more(found.truncated);
    }));
}

function registerChanging(server: McpServer, files: FileSystem): void {
  server.registerTool("write", {
    ...CHANGES,
    description: "Writes a file whole, at once or not at all; missing directories are made.",
    inputSchema: z.object({ path, content: z.string() }),
  }, ({ path, content }) => attempt(async () => `${await files.write(path, content)} bytes written`));
  server.registerTool("edit", {
    ...CHANGES,
    description: "Replaces text in a file. The old text must occur exactly once, unless replace_all is set.",
    inputSchema: z.object({
      path,
      old_string: z.string(),
      new_string: z.string(),
      replace_all: z.boolean().optional(),
    }),
  }, ({ path, old_string, new_string, replace_all = false }) =>
    attempt(async () => {
      const edit = { oldString: old_string, newString: new_string, replaceAll: replace_all };
      return `${await files.edit(path, edit)} replaced`;
    }));
  server.registerTool("make_dir", {
    ...CHANGES,
    description: "Makes a directory, with those above it.",
    inputSchema: z.object({ path }),
  }, ({ path }) => attempt(() => files.makeDirectory(path).then(() => "made")));
  server.registerTool("remove", {
    ...CHANGES,
    description: "Removes a file, a link or an empty directory.",
    inputSchema: z.object({ path }),
  }, ({ path }) => attempt(() => files.remove(path).then(() => "removed")));
  server.registerTool("rename", {
    ...CHANGES,
    description: "Renames a file, a link or a directory; what stands at the new name is never replaced.",
    inputSchema: z.object({ path, to: z.string() }),
  }, ({ path, to }) => attempt(() => files.rename(path, to).then(() => "renamed")));
}

/** Registers the operations on files. */
export function registerFileTools(server: McpServer, files: FileSystem): void {
  registerReading(server, files);
  registerChanging(server, files);
}
