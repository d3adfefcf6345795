/**
 * Memory of the whole process tree of one tombolo, as PSS: with an idle command, and what 500 MB of transfer through
 * the gateway add to it, in one connection and in 64 tunnels at once.
 *
 *     deno run --allow-all bench/memory.ts
 */
import { join } from "node:path";
import { pssOf } from "./process_tree.ts";

const tombolo = join(import.meta.dirname ?? ".", "..", "bin", "tombolo");
const transfer = 500_000_000;
const tunnels = 64;
const mebibyte = 1024 * 1024;

/** Serves so many bytes to every request on loopback. */
function serve(size: number): Deno.HttpServer<Deno.NetAddr> {
  const chunk = new Uint8Array(64 * 1024);
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => {
    let left = size;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const count = Math.min(left, chunk.length);
        controller.enqueue(chunk.subarray(0, count));
        left -= count;
        if (left === 0) controller.close();
      },
    });
    return new Response(body, { headers: { "content-length": `${size}` } });
  });
}

/** Starts a command in the sandbox that prints a line when it idles, and a line more when told to go on. */
async function run(flags: readonly string[], script: string) {
  const directory = await Deno.makeTempDir({ prefix: "tombolo-bench." });
  const child = new Deno.Command(tombolo, {
    args: ["run", ...flags, "--", "sh", "-c", script],
    cwd: directory,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const input = child.stdin.getWriter();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  return {
    pid: child.pid,
    /** Waits for the next line of the command. */
    async line(): Promise<string> {
      const { value } = await lines.read();
      if (value === undefined) {
        throw new Error(`Cannot measure: the command ended, ${(await child.status).code}`);
      }
      return value.trim();
    },
    proceed: () => input.write(new TextEncoder().encode("\n")),
    async [Symbol.asyncDispose]() {
      await input.close();
      await child.status;
      await lines.cancel();
      await Deno.remove(directory, { recursive: true });
    },
  };
}

/** The tree's memory while `sleep` runs in it. */
async function idle(flags: readonly string[]): Promise<number> {
  await using sandbox = await run(flags, "sleep 60 & echo ready; read -r line; kill $!");
  await sandbox.line();
  return pssOf(sandbox.pid);
}

/**
 * The tree's memory before, at most during, and after a transfer by curl, which counts itself.
 *
 * @param size Bytes of each answer
 * @param count How many answers at once; more than one go through tunnels
 */
async function transferred(
  size: number,
  count: number,
): Promise<{ before: number; peak: number; after: number }> {
  await using server = serve(size);
  const url = `http://127.0.0.1:${server.addr.port}/[1-${count}]`;
  const many = count > 1 ? `--proxytunnel --parallel --parallel-immediate --parallel-max ${count} ` : "";
  // The usual NO_PROXY keeps loopback away from the gateway, so --noproxy.
  const fetched =
    `curl -sS ${many}--noproxy '' --proxy "$HTTP_PROXY" -o /dev/null -w '%{size_download}\\n' '${url}' |` +
    "awk '{ sum += $1 } END { printf \"%d\\n\", sum }'";
  await using sandbox = await run(
    [`--allow-net=127.0.0.1:${server.addr.port}`],
    `echo ready; read -r line; ${fetched}; read -r line`,
  );
  await sandbox.line();
  const before = pssOf(sandbox.pid);
  let peak = before;
  const sampler = setInterval(() => peak = Math.max(peak, pssOf(sandbox.pid)), 50);
  try {
    await sandbox.proceed();
    const got = await sandbox.line();
    if (got !== `${size * count}`) {
      throw new Error(`Cannot measure: curl got ${got} of ${size * count} bytes`);
    }
  } finally {
    clearInterval(sampler);
  }
  return { before, peak, after: pssOf(sandbox.pid) };
}

async function curlIsHere(): Promise<boolean> {
  try {
    return (await new Deno.Command("curl", { args: ["--version"], stdout: "null" }).output()).success;
  } catch {
    return false;
  }
}

const row = (name: string, bytes: number, limit: number | "") =>
  console.log(`| ${name} | ${(bytes / mebibyte).toFixed(1)} | ${limit} |`);
console.log("| memory of the process tree (PSS) | MiB | at most |");
console.log("|---|--:|--:|");
row("idle command, no network", await idle([]), 100);
row("idle command, one host", await idle(["--allow-net=example.com"]), 100);
if (await curlIsHere()) {
  const one = await transferred(transfer, 1);
  row("500 MB of transfer add, at the peak", one.peak - one.before, 40);
  row("500 MB of transfer leave behind", one.after - one.before, "");
  const many = await transferred(transfer / 50, tunnels);
  row(`${tunnels} tunnels at once add, at the peak`, many.peak - many.before, 60);
} else {
  console.log("\nThe transfer was not measured: curl is not on PATH.");
}
