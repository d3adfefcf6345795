import { writeAll } from "../egress/byte_reader.ts";
import { close } from "../egress/close.ts";
import type { UnixSocket } from "../egress/listen_unix.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import { READY } from "./protocol.ts";
import { within } from "./within.ts";

const BUFFER = 256 * 1024;
// Nobody may ever come: whoever started the worker may have been killed.
const CLIENT_WITHIN_MS = 30_000;

type Output = ReadableStreamBYOBReader;

/** Reads what the worker says once it is up; `false` where it ended before. */
async function isReady(output: Output): Promise<boolean> {
  let said = "";
  while (said.length < READY.length) {
    const { done, value } = await output.read(new Uint8Array(READY.length - said.length));
    if (done) return false;
    said += new TextDecoder().decode(value);
  }
  return said === READY;
}

async function carryIn(client: Deno.Conn, input: WritableStream<Uint8Array>): Promise<void> {
  const writer = input.getWriter();
  const buffer = new Uint8Array(BUFFER);
  try {
    for (let count = await client.read(buffer); count !== null; count = await client.read(buffer)) {
      await writer.write(buffer.subarray(0, count));
    }
  } catch {
    // One of both has gone; closing tells the other.
  } finally {
    await writer.close().catch(() => {});
  }
}

async function carryOut(output: Output, client: Deno.Conn): Promise<void> {
  let buffer = new Uint8Array(BUFFER);
  try {
    for (;;) {
      const { done, value } = await output.read(buffer);
      if (done) return;
      await writeAll(client, value);
      buffer = new Uint8Array(value.buffer);
    }
  } catch {
    // The client has gone.
  } finally {
    close(client);
  }
}

// The client may remove the directory of the socket at the same moment.
function retire(socket: UnixSocket): void {
  try {
    socket[Symbol.dispose]();
  } catch {
    socket[Symbol.dispose]();
  }
}

/** Waits for the one client; afterwards nobody else finds the socket. */
async function clientOf(socket: UnixSocket, ended: Promise<unknown>): Promise<Deno.Conn | undefined> {
  const late = () => new TomboloError("sandbox", "Cannot serve: no client has connected within 30 seconds");
  const first = Promise.race([socket.listener.accept(), ended.then(() => undefined)]);
  try {
    return await within(first, CLIENT_WITHIN_MS, late);
  } finally {
    retire(socket);
  }
}

/**
 * Carries bytes between the one client of a socket and a worker on pipes: the sandbox lets nothing inside have a unix
 * socket of its own.
 *
 * @param onReady Called once the worker is up
 * @throws {TomboloError} where no client comes
 */
export async function carry(
  worker: Deno.ChildProcess,
  socket: UnixSocket,
  onReady: () => void,
): Promise<void> {
  const output = worker.stdout.getReader({ mode: "byob" });
  if (!await isReady(output)) return;
  onReady();
  const client = await clientOf(socket, worker.status);
  if (client === undefined) return;
  await Promise.all([carryIn(client, worker.stdin), carryOut(output, client)]);
}
