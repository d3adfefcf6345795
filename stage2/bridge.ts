import { connectGateway } from "./connect_gateway.ts";
import { type Inbound, publishedPorts, serveInbound } from "./inbound.ts";
import { Traffic } from "./traffic.ts";

const MOST_CONNECTIONS = 1024;
/** Before accept is tried again after a failure, unless a connection ends earlier. */
const RETRY_MS = 50;

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

/** The gateway's unix socket. */
export function gatewayPath(): string {
  return variable("TOMBOLO_STAGE2_SOCKET");
}

function whatIsPublished(traffic: Traffic): Inbound | undefined {
  const ports = Deno.env.get("TOMBOLO_STAGE2_PUBLISH");
  if (ports === undefined) return undefined;
  return { path: variable("TOMBOLO_STAGE2_PUBLISH_SOCKET"), ports: publishedPorts(ports), traffic };
}

/** A TCP port on the namespace's loopback that leads to the gateway's unix socket, and what leads to published ports. */
export class Bridge {
  private constructor(
    private readonly listener: Deno.TcpListener,
    private readonly path: string,
    private readonly traffic: Traffic,
    private readonly inbound: Inbound | undefined,
  ) {}

  /**
   * @param path The gateway's unix socket
   * @throws {Error} Where it has not been told all that it needs
   */
  static open(path: string): Bridge {
    const traffic = new Traffic();
    const inbound = whatIsPublished(traffic);
    return new Bridge(listenBeside(inbound?.ports), path, traffic, inbound);
  }

  /** The port on 127.0.0.1. */
  get port(): number {
    return this.listener.addr.port;
  }

  /** Carries connections, for as long as this process lives. */
  async serve(): Promise<never> {
    if (this.inbound !== undefined) void serveInbound(this.inbound);
    return await serve(this.listener, this.path, this.traffic);
  }
}
