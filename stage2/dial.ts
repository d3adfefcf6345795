import { fail } from "./fail.ts";

/** Of the proxy's answer: its header, and the body of a refusal. */
const LONGEST_ANSWER = 16 * 1024;
const LONGEST_MESSAGE = 1024;
const BUFFER_SIZE = 64 * 1024;

interface Source {
  read(buffer: Uint8Array): Promise<number | null>;
}

interface Sink {
  write(bytes: Uint8Array): Promise<number>;
}

async function writeAll(sink: Sink, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await sink.write(bytes.subarray(done));
}

async function pump(source: Source, sink: Sink): Promise<void> {
  const buffer = new Uint8Array(BUFFER_SIZE);
  for (let count = await source.read(buffer); count !== null; count = await source.read(buffer)) {
    await writeAll(sink, buffer.subarray(0, count));
  }
}

/** What an HTTP proxy has answered so far, one character for each byte. */
class Answer {
  readonly #bytes = new Uint8Array(LONGEST_ANSWER);
  #length = 0;
  #text = "";

  /** Reads once more; false at the end, or where there is no room left. */
  async fill(proxy: Source): Promise<boolean> {
    const count = this.#length < LONGEST_ANSWER ? await proxy.read(this.#bytes.subarray(this.#length)) : null;
    this.#length += count ?? 0;
    this.#text = new TextDecoder("latin1").decode(this.#bytes.subarray(0, this.#length));
    return count !== null;
  }

  /** Length of the header with its empty line; undefined where it is not whole. */
  get #head(): number | undefined {
    const end = /\r?\n\r?\n/.exec(this.#text);
    return end === null ? undefined : end.index + end[0].length;
  }

  /** Whether the tunnel is open. */
  get isOpen(): boolean {
    return this.#head !== undefined && /^HTTP\/1\.\d 2\d\d\b/.test(this.#text);
  }

  /** Whether nothing more is to be waited for: an open tunnel, or a refusal with its body. */
  get isWhole(): boolean {
    const head = this.#head;
    if (head === undefined) return false;
    const length = /^content-length:[ \t]*(\d+)/im.exec(this.#text.slice(0, head))?.[1];
    return this.isOpen || this.#length - head >= Number(length ?? 0);
  }

  /** What came behind the header. */
  get rest(): Uint8Array {
    return this.#bytes.subarray(this.#head, this.#length);
  }

  /** What a refusal says: the gateway's own sentence, or the status of another proxy. */
  get refusal(): string {
    const own = /^tombolo: (.*)/.exec(new TextDecoder().decode(this.rest))?.[1];
    const status = /^HTTP\/1\.\d ([^\r\n]*)/.exec(this.#text)?.[1];
    return (own ?? `the proxy refused: ${status ?? "no answer of an HTTP proxy"}`).slice(0, LONGEST_MESSAGE);
  }
}

async function openTunnel(proxy: Deno.Conn, authority: string): Promise<Uint8Array> {
  const request = `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`;
  await writeAll(proxy, new TextEncoder().encode(request));
  const answer = new Answer();
  while (!answer.isWhole && await answer.fill(proxy));
  if (!answer.isOpen) fail(1, answer.refusal);
  return answer.rest;
}

/**
 * Both directions until the host has ended; the end of stdin is passed on before. Only the end of this process tells the
 * reader of stdout: the runtime keeps the descriptor open after `Deno.stdout.close()`.
 */
async function relay(tunnel: Deno.TcpConn, early: Uint8Array): Promise<void> {
  // A host that takes no more may still send.
  pump(Deno.stdin, tunnel).then(() => tunnel.closeWrite()).catch(() => {});
  await writeAll(Deno.stdout, early);
  await pump(tunnel, Deno.stdout);
}

/**
 * The dial role: a connection to a host through the gateway, on stdin and stdout, as ssh's ProxyCommand wants it. It is
 * a child of the command and as locked down.
 *
 * @param parameters The gateway's port inside, the host, and the host's port
 */
export async function dial(parameters: readonly string[]): Promise<never> {
  const [proxyPort, host = "", port] = parameters;
  if (parameters.length !== 3 || !/^[^\s\p{Cc}]+$/u.test(host)) {
    fail(125, "Cannot dial: wanted the gateway's port, a host and its port");
  }
  const authority = host.includes(":") && !host.startsWith("[") ? `[${host}]:${port}` : `${host}:${port}`;
  try {
    const tunnel = await Deno.connect({ hostname: "127.0.0.1", port: Number(proxyPort) });
    tunnel.setNoDelay(true);
    await relay(tunnel, await openTunnel(tunnel, authority));
  } catch (error) {
    // Whoever reads has gone, as ssh does when it has failed.
    if (error instanceof Deno.errors.BrokenPipe) Deno.exit(1);
    fail(1, `${authority}: ${error instanceof Error ? error.message : String(error)}`);
  }
  Deno.exit(0);
}
