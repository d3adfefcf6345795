import { connectGateway } from "./connect_gateway.ts";
import { dropCapabilities } from "./drop_capabilities.ts";
import { fail } from "./fail.ts";
import { type Inbound, publishedPorts, serveInbound } from "./inbound.ts";
import { openSystemCall } from "./system_call.ts";
import { Traffic } from "./traffic.ts";

const PR_SET_DUMPABLE = 4;
const SIGKILL = 9;
const MOST_CONNECTIONS = 1024;
/** Before accept is tried again after a failure, unless a connection ends earlier. */
const RETRY_MS = 50;

/** Keeps this process out of the command's reach: its terminal, its signals, its /proc/PID. */
function withdraw(): ReturnType<typeof openSystemCall> {
  const call = openSystemCall();
  // As a child of a shell that is gone this is no group leader, and setsid works. Where it is one, started
  // by hand, terminal signals would end it; nothing else would be lost.
  call("setsid");
  dropCapabilities(call, false);
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
async function serve(listener: Deno.TcpListener, path: string, traffic: Traffic): Promise<never> {
  let open = 0;
  let wake: () => void = () => {};
  const carry = async (client: Deno.Conn) => {
    open++;
    try {
      const gateway = await connectGateway(path);
      await traffic.carry(client, gateway);
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

/** Listens on a port that the kernel chooses, and that is not meant for a server of the command's. */
function listenBeside(published: ReadonlySet<number> | undefined): Deno.TcpListener {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  if (published?.has(listener.addr.port) !== true) return listener;
  // While this one is held, the kernel chooses another.
  const other = listenBeside(published);
  listener.close();
  return other;
}

function variable(name: string): string {
  const value = Deno.env.get(name);
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

function whatIsPublished(traffic: Traffic): Inbound | undefined {
  const ports = Deno.env.get("TOMBOLO_STAGE2_PUBLISH");
  if (ports === undefined) return undefined;
  return { path: variable("TOMBOLO_STAGE2_PUBLISH_SOCKET"), ports: publishedPorts(ports), traffic };
}

// It waits for the port, and must not wait for ever.
function endLaunch(): void {
  const pid = Number(Deno.env.get("TOMBOLO_STAGE2_LAUNCH"));
  if (Number.isInteger(pid) && pid > 1) openSystemCall()("kill", pid, SIGKILL);
}

/**
 * The bridge role: a TCP port on the namespace's loopback that leads to the gateway's unix socket, and, where ports are
 * published, connections from the host that lead to them.
 */
export async function bridge(): Promise<never> {
  try {
    const call = withdraw();
    const path = variable("TOMBOLO_STAGE2_SOCKET");
    const traffic = new Traffic();
    const inbound = whatIsPublished(traffic);
    const listener = listenBeside(inbound?.ports);
    await announce(path, listener.addr.port);
    if (inbound !== undefined) void serveInbound(inbound);
    // Nothing more to say: let go of the command's stderr. stdout is /dev/null.
    call("dup3", 1, 2, 0);
    return await serve(listener, path, traffic);
  } catch (error) {
    endLaunch();
    fail(125, `bridge: ${error instanceof Error ? error.message : String(error)}`);
  }
}
