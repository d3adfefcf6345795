import { relay } from "../lib/egress/relay.ts";
import { fail } from "./fail.ts";
import { openSystemCall } from "./system_call.ts";

const PR_SET_DUMPABLE = 4;
const MOST_CONNECTIONS = 1024;
/** For the buffers of all connections together; each has two. */
const BUFFER_BUDGET = 64 * 1024 * 1024;
const LARGEST_BUFFER = 256 * 1024;
/** Before accept is tried again after a failure, unless a connection ends earlier. */
const RETRY_MS = 50;

/** The gateway is the one that keeps time. */
const NO_CLOCKS = { idleTimeout: Infinity, totalTimeout: Infinity };

/** Keeps this process out of the command's reach: its terminal, its signals, its /proc/PID. */
function withdraw(): ReturnType<typeof openSystemCall> {
  const call = openSystemCall();
  // As a child of a shell that is gone this is no group leader, and setsid works. Where it is one, started
  // by hand, terminal signals would end it; nothing else would be lost.
  call("setsid");
  if (call("prctl", PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) throw new Error("cannot become non-dumpable");
  return call;
}

/** Tells the gateway which port the command is to use; the gateway hangs up when it has noted it. */
async function announce(path: string, port: number): Promise<void> {
  const gateway = await Deno.connect({ transport: "unix", path });
  const message = new Uint8Array([0x62, port >> 8, port & 0xff]); // "b", port
  for (let sent = 0; sent < message.length;) sent += await gateway.write(message.subarray(sent));
  gateway.read(new Uint8Array(1)).catch(() => null).then(() => gateway.close());
}

/** Relays every connection of the listener to the gateway, a bounded number at once. */
async function serve(listener: Deno.TcpListener, path: string): Promise<never> {
  let open = 0;
  let wake: () => void = () => {};
  const bufferLimit = () => Math.min(LARGEST_BUFFER, Math.floor(BUFFER_BUDGET / (2 * Math.max(1, open))));
  const carry = async (client: Deno.Conn) => {
    open++;
    try {
      const gateway = await Deno.connect({ transport: "unix", path });
      await relay(client, gateway, { ...NO_CLOCKS, bufferLimit });
    } catch {
      client.close();
    }
    open--;
    wake();
  };
  const connectionEnd = (longest?: number) =>
    new Promise<void>((resolve) => {
      wake = resolve;
      if (longest !== undefined) setTimeout(resolve, longest);
    });
  for (;;) {
    if (open >= MOST_CONNECTIONS) await connectionEnd();
    try {
      void carry(await listener.accept());
    } catch {
      // Out of descriptors, most likely: the rest waits in the backlog.
      await connectionEnd(RETRY_MS);
    }
  }
}

/** The bridge role: a TCP port on the namespace's loopback that leads to the gateway's unix socket. */
export async function bridge(): Promise<never> {
  try {
    const call = withdraw();
    const path = Deno.env.get("TOMBOLO_STAGE2_SOCKET");
    if (path === undefined) throw new Error("TOMBOLO_STAGE2_SOCKET is not set");
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    await announce(path, listener.addr.port);
    // Nothing more to say: let go of the command's stderr. stdout is /dev/null.
    call("dup3", 1, 2, 0);
    return await serve(listener, path);
  } catch (error) {
    fail(125, `bridge: ${error instanceof Error ? error.message : String(error)}`);
  }
}
