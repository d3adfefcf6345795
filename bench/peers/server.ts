/** A server on loopback, in a process of its own: `GET /N` is answered with N bytes, and the connection closed. */

const BLOCK = new Uint8Array(256 * 1024).fill(0x2e);

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await connection.write(bytes.subarray(done));
}

/** Reads a request's head, which for these clients is short. */
async function readHead(connection: Deno.Conn): Promise<string> {
  const buffer = new Uint8Array(8192);
  const decoder = new TextDecoder();
  let head = "";
  while (!head.includes("\r\n\r\n")) {
    const count = await connection.read(buffer);
    if (count === null) return "";
    head += decoder.decode(buffer.subarray(0, count), { stream: true });
  }
  return head;
}

async function answer(connection: Deno.TcpConn): Promise<void> {
  try {
    connection.setNoDelay(true);
    const size = Number(/^GET \/(\d+)/.exec(await readHead(connection))?.[1]);
    if (Number.isNaN(size)) return;
    const head = `HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\nConnection: close\r\n\r\n`;
    await writeAll(connection, new TextEncoder().encode(head));
    for (let left = size; left > 0; left -= BLOCK.length) {
      await writeAll(connection, left < BLOCK.length ? BLOCK.subarray(0, left) : BLOCK);
    }
  } finally {
    connection.close();
  }
}

if (import.meta.main) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  console.log(listener.addr.port);
  // A client that goes away is not the server's concern.
  for await (const connection of listener) answer(connection).catch(() => {});
}
