import { CheckedTree } from "./checked_tree.ts";
import { READY } from "./protocol.ts";
import { reusedBuffer } from "./reused_buffer.ts";
import { BrokenOutput, serve } from "./serve.ts";
import { decodeConfig } from "./worker_config.ts";

/**
 * The program inside the sandbox: serves one client on stdin and stdout.
 *
 * @param configPath Where its configuration stands
 * @returns The exit status: 1 where the client ended inside a message
 */
async function server(configPath: string): Promise<number> {
  const { root, decider, environment, announces } = decodeConfig(Deno.readTextFileSync(configPath));
  // Answers are written before the next request is read.
  const served = { tree: new CheckedTree(root, decider), environment, buffer: reusedBuffer() };
  if (announces) Deno.stdout.writeSync(new TextEncoder().encode(READY));
  // The schemas take longer to load than all the rest; the client connects meanwhile.
  const { checkRequest } = await import("./request_schema.ts");
  try {
    return serve(served, Deno.stdin, Deno.stdout, checkRequest) === "truncated input" ? 1 : 0;
  } catch (error) {
    if (error instanceof BrokenOutput) return 0;
    throw error;
  }
}

// Not awaited: the build makes a script of it, which has no await of its own.
void server(Deno.args[0] ?? "").then(Deno.exit);
