import assert from "node:assert/strict";
import { connectGateway } from "../../stage2/connect_gateway.ts";
import { close } from "../../lib/egress/close.ts";

/** Listens with a queue for one; accepts once a line has come, and says each time that it has. */
const SHORT_QUEUE = `
import socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen(0)
print("listening", flush=True)
sys.stdin.readline()
taken = [listener.accept() for _ in range(2)]
sys.stdin.read()
`;

async function withShortQueue(
  use: (path: string, accept: () => Promise<void>) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "tombolo-queue-" });
  const path = `${directory}/s`;
  const child = new Deno.Command("python3", {
    args: ["-c", SHORT_QUEUE, path],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const input = child.stdin.getWriter();
  try {
    await child.stdout.getReader().read();
    await use(path, () => input.write(new TextEncoder().encode("\n")));
  } finally {
    await input.close();
    child.kill();
    await child.status;
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("a gateway whose queue is full is tried again until there is room", async () => {
  await withShortQueue(async (path, accept) => {
    const first = await Deno.connect({ transport: "unix", path });
    await assert.rejects(Deno.connect({ transport: "unix", path }), Deno.errors.WouldBlock);
    const waiting = connectGateway(path);
    await accept();
    close(await waiting);
    close(first);
  });
});

Deno.test("a gateway whose queue stays full, or that is gone, is given up", async () => {
  await withShortQueue(async (path) => {
    const first = await Deno.connect({ transport: "unix", path });
    await assert.rejects(connectGateway(path), Deno.errors.WouldBlock);
    close(first);
    await assert.rejects(connectGateway(`${path}.none`), Deno.errors.NotFound);
  });
});
