import assert from "node:assert/strict";
import { relay } from "../../lib/egress/relay.ts";

const NO_CLOCKS = { idleTimeout: Infinity, totalTimeout: Infinity };

async function pair(): Promise<[Deno.Conn, Deno.Conn]> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return await Promise.all([
    Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
    listener.accept(),
  ]);
}

/** A connection of which some methods are replaced. */
function withMethods(connection: Deno.Conn, methods: Partial<Deno.Conn>): Deno.Conn {
  return new Proxy(connection, {
    get(target, key) {
      const value = Reflect.get(methods, key) ?? Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

Deno.test("a client that vanishes while both directions are full takes the server's connection with it", async () => {
  const [client, a] = await pair();
  const [server, b] = await pair();
  const [toClient, toServer, gone, taken] = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
  assert.ok(toClient && toServer && gone && taken);
  const full = withMethods(a, {
    async write() {
      toClient.resolve();
      await gone.promise;
      throw new Deno.errors.BrokenPipe();
    },
  });
  // An echo: it reads nothing before what it has written is taken.
  let reads = 0;
  const echo = withMethods(b, {
    async write(bytes) {
      toServer.resolve();
      await taken.promise;
      return bytes.length;
    },
    async read(bytes) {
      if (++reads > 1) taken.resolve();
      return await b.read(bytes);
    },
  });
  const done = relay(full, echo, NO_CLOCKS);
  await Promise.all([client.write(new Uint8Array(1)), server.write(new Uint8Array(1))]);
  await Promise.all([toClient.promise, toServer.promise]);
  client.close();
  gone.resolve();
  assert.equal((await done).ended, "error");
  assert.equal(await server.read(new Uint8Array(1)), null);
  server.close();
});
