import { ByteReader } from "../../lib/egress/byte_reader.ts";
import { ClientHelloError, parseClientHello } from "../../lib/egress/client_hello.ts";
import { type Client, HandshakeClock } from "../../lib/egress/client.ts";
import { DialError } from "../../lib/egress/dial.ts";
import type { GuardedDialer } from "../../lib/egress/guarded_dialer.ts";
import { readHead } from "../../lib/egress/http.ts";
import { copyBody, TruncatedError } from "../../lib/egress/http_body.ts";
import { parsePlainTarget } from "../../lib/egress/http_forward.ts";
import { requestFraming, responseFraming } from "../../lib/egress/http_framing.ts";
import { HttpError, parseRequestHead, parseResponseHead } from "../../lib/egress/http_head.ts";
import { serveSocks5 } from "../../lib/egress/socks5.ts";
import { httpConnect } from "../../lib/egress/upstream/http_connect.ts";
import { NoProxy } from "../../lib/egress/upstream/no_proxy.ts";
import { socks5Connect } from "../../lib/egress/upstream/socks5_connect.ts";
import { Watchdog } from "../../lib/egress/watchdog.ts";
import { HostError } from "../../lib/host/host_error.ts";
import { HostPattern } from "../../lib/host/host_pattern.ts";
import { HostPort } from "../../lib/host/host_port.ts";
import { WaitingClients } from "../../lib/egress/waiting_clients.ts";
import { IpAddress } from "../../lib/host/ip_address.ts";
import { ProxyUrl } from "../../lib/host/proxy_url.ts";
import { decodeFrame } from "../../lib/worker/frame.ts";
import { globPattern } from "../../lib/worker/glob_pattern.ts";
import { IgnoreRules } from "../../lib/worker/ignore_rules.ts";
import { checkRequest } from "../../lib/worker/request_schema.ts";
import { InvalidPatternError } from "../../lib/worker/worker_error.ts";
import { hello, helloMessage, inRecords, serverName } from "../egress/fixtures/client_hello.ts";
import { MemoryConnection } from "./memory_connection.ts";
import { mutate, Random } from "./mutate.ts";

type ErrorClass = new (...parameters: never[]) => Error;

/** One parser: what it is fed, and the only errors that it may throw. */
export interface Target {
  readonly seeds: readonly Uint8Array[];
  readonly expected: readonly ErrorClass[];
  readonly run: (bytes: Uint8Array<ArrayBuffer>, random: Random) => unknown;
}

const TARGET = HostPort.parse("example.test:443");

function texts(...list: readonly string[]): Uint8Array[] {
  return list.map((text) => new TextEncoder().encode(text));
}

/** Decodes as a user's text comes: whatever is not UTF-8 is replaced. */
function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** Parses, and checks that what comes out is canonical: its text means the same again. */
function roundTrip<T extends { toString(): string }>(parse: (text: string) => T): Target["run"] {
  return (bytes) => {
    const canonical = `${parse(text(bytes))}`;
    if (`${parse(canonical)}` !== canonical) throw new Error(`"${canonical}" is not canonical`);
  };
}

function reader(bytes: Uint8Array, random: Random): ByteReader {
  return new ByteReader(new MemoryConnection(bytes, random));
}

async function request(bytes: Uint8Array, random: Random): Promise<void> {
  const head = await readHead(reader(bytes, random), 8192);
  if (head === undefined) return;
  const parsed = parseRequestHead(head);
  requestFraming(parsed);
  parsePlainTarget(parsed, (host) => HostPort.parse(host, 80));
}

async function response(bytes: Uint8Array, random: Random): Promise<void> {
  const head = await readHead(reader(bytes, random), 65536);
  if (head !== undefined) responseFraming(parseResponseHead(head), random.pick(["GET", "HEAD"]));
}

/** A client of a gateway that denies everything. */
function deniedClient(bytes: Uint8Array, random: Random): Client {
  const source = reader(bytes, random);
  const dialer: Pick<GuardedDialer, "open" | "refuse"> = {
    open: () => Promise.reject(new DialError("denied", "fuzzing")),
    refuse: () => {},
  };
  return {
    connection: source.connection,
    reader: source,
    dialer: dialer as GuardedDialer,
    limits: { header: 8192, handshake: 1000, dial: 1, clients: 1, tunnels: 1, idle: 1000, total: 1000 },
    handshake: new HandshakeClock(1000, () => {}, new WaitingClients()),
    idle: new Watchdog(),
    bufferLimit: () => 16384,
    signal: new AbortController().signal,
  };
}

const HTTP_REQUESTS = texts(
  "CONNECT example.test:443 HTTP/1.1\r\nHost: example.test:443\r\n\r\n",
  "GET http://example.test/a?b HTTP/1.1\r\nHost: example.test\r\nAccept: */*\r\nConnection: close\r\n\r\n",
  "POST http://[::1]:80/ HTTP/1.0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello",
);
const HTTP_RESPONSES = texts(
  "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
  "HTTP/1.0 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=x\r\n\r\n",
);
const HOSTS = texts(
  "example.com:443",
  "B\u00fccher.example.:80",
  "0x7f.1:80",
  "[::ffff:127.0.0.1]:443",
  "2130706433:1",
  "xn--bcher-kva.test:8080",
);

/** Every parser that reads what a command, a server or a user's environment writes. */
export const TARGETS: Readonly<Record<string, Target>> = {
  "HTTP request head": { seeds: HTTP_REQUESTS, expected: [HttpError, HostError], run: request },
  "HTTP response head": { seeds: HTTP_RESPONSES, expected: [HttpError], run: response },
  "HTTP chunks": {
    seeds: texts("5\r\nhello\r\n0\r\n\r\n", "a;x=y\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n"),
    expected: [HttpError, TruncatedError],
    run: (bytes, random) =>
      copyBody(reader(bytes, random), { kind: "chunked" }, () => Promise.resolve(), { chunked: true }),
  },
  "SOCKS5 request": {
    seeds: [
      Uint8Array.of(5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1, 0, 80),
      Uint8Array.of(5, 2, 0, 2, 5, 1, 0, 3, 4, 97, 46, 98, 99, 1, 187),
      Uint8Array.of(5, 1, 0, 5, 1, 0, 4, ...new Array<number>(15).fill(0), 1, 0, 80),
    ],
    expected: [],
    run: (bytes, random) => serveSocks5(deniedClient(bytes, random)),
  },
  "ClientHello": {
    seeds: [
      hello("example.test"),
      hello(),
      inRecords(helloMessage({ extensions: [serverName("a.test", "b.test")] }), 1, 10, 40),
    ],
    expected: [ClientHelloError],
    run: parseClientHello,
  },
  "answer of an HTTP proxy": {
    seeds: HTTP_RESPONSES,
    expected: [DialError],
    run: (bytes, random) => httpConnect(reader(bytes, random), ProxyUrl.loopback("http", 1), TARGET),
  },
  "answer of a SOCKS5 proxy": {
    seeds: [Uint8Array.of(5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0), Uint8Array.of(5, 0, 5, 0, 0, 3, 1, 97, 0, 0)],
    expected: [DialError],
    run: (bytes, random) => socks5Connect(reader(bytes, random), ProxyUrl.loopback("socks5", 1), TARGET),
  },
  "host and port": { seeds: HOSTS, expected: [HostError], run: roundTrip((host) => HostPort.parse(host)) },
  "host pattern": {
    seeds: [...HOSTS, ...texts("*.example.com", "10.1.0.0/16:5432", "[fd00::]/8", "[fd00::/8]:1")],
    expected: [HostError],
    run: roundTrip((pattern) => HostPattern.parse(pattern)),
  },
  "proxy address": {
    seeds: texts("http://me:se%63ret@proxy.test:3128/", "socks5h://[::1]:1080", "proxy.test"),
    expected: [HostError],
    run: roundTrip((url) => ProxyUrl.parse(url)),
  },
  "NO_PROXY": {
    seeds: texts("localhost,127.0.0.1,.corp.test:80 *.x.test, 10.0.0.0/8 [::1]:443,fd00::/8"),
    expected: [],
    run: (bytes) => NoProxy.parse(text(bytes)).matches(TARGET),
  },
  "request of a worker": {
    seeds: texts(
      '{"kind":"read","path":"a","offset":1,"max_bytes":2}',
      '{"kind":"edit","path":"a","old_string":"b","new_string":"c","replace_all":true}',
      '{"kind":"grep","pattern":"a*","root":".","include":"*.ts","limit":3}',
    ),
    expected: [SyntaxError, TypeError],
    run: (bytes) => checkRequest(decodeFrame(bytes)),
  },
  "glob": {
    seeds: texts("src/**/*.{ts,js}", "[!a-c]?[[:alpha:]]\\*x", "**/a/**/", "{a,{b,c}}*"),
    expected: [InvalidPatternError],
    run: (bytes) => globPattern(text(bytes)).matches(["src", "deep", "a.ts"]),
  },
  ".gitignore": {
    seeds: texts("*.log\n!keep.log\n/dist/\n", "a/**/b\r\n\\#x\ny\\ \n[a-", "**/x/*\n!/x"),
    expected: [],
    run: (bytes) => new IgnoreRules(text(bytes)).ignores(["dist", "a", "b.log"], false),
  },
  "address": {
    seeds: texts("127.0.0.1", "::ffff:1.2.3.4", "fe80::1%eth0", "2001:db8::", "[::]"),
    expected: [],
    run: (bytes) => IpAddress.parse(text(bytes)),
  },
};

/**
 * Feeds one parser.
 *
 * @throws {Error} With the input in hexadecimal, where it throws anything but its own error
 */
export async function fuzz(name: string, target: Target, seed: number, rounds: number): Promise<void> {
  const random = new Random(seed);
  for (let round = 0; round < rounds; round++) {
    const input = mutate(target.seeds, random);
    try {
      await target.run(input, random);
    } catch (error) {
      if (target.expected.some((expected) => error instanceof expected)) continue;
      throw new Error(`${name} failed for ${input.toHex()} (seed ${seed}, round ${round})`, { cause: error });
    }
  }
}
