import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import { join, normalize } from "node:path";

const LOOPBACK = "127.0.0.1";

function answer(directory: string, scheme: string) {
  return async (request: IncomingMessage, response: ServerResponse) => {
    const { pathname, host } = new URL(request.url ?? "/", `${scheme}://${request.headers.host}`);
    const file = await Deno.readFile(join(directory, normalize(pathname))).catch(() => undefined);
    const isGit = pathname.includes(".git/");
    if (file === undefined && isGit) response.statusCode = 404;
    response.end(file ?? (isGit ? "" : `hello from ${host}\n`));
  };
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
  return (server.address() as AddressInfo).port;
}

/**
 * The whole world as the examples see it, on loopback: an upstream proxy that knows every name, and behind each of them one
 * web server, with and without TLS.
 */
export class WorldProxy implements AsyncDisposable {
  private constructor(readonly port: number, private readonly servers: readonly Server[]) {}

  /** @param directory The files that the server has */
  static async start(directory: string, tls: { cert: string; key: string }): Promise<WorldProxy> {
    const secure = createTlsServer(tls, answer(directory, "https")) as unknown as Server;
    const securePort = await listening(secure);
    const proxy = createServer(answer(directory, "http"));
    proxy.on("connect", (_request: IncomingMessage, client: Socket, early: Uint8Array) => {
      const server = connect(securePort, LOOPBACK, () => {
        client.write("HTTP/1.1 200 OK\r\n\r\n");
        if (early.length > 0) server.write(early);
        server.pipe(client).pipe(server);
      });
      for (const socket of [client, server]) {
        socket.on("error", () => {});
        socket.on("close", () => (socket === client ? server : client).destroy());
      }
    });
    return new WorldProxy(await listening(proxy), [proxy, secure]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }
}
