import assert from "node:assert/strict";
import fc from "fast-check";
import {
  Fields,
  findHeadEnd,
  HttpError,
  parseRequestHead,
  parseResponseHead,
} from "../../lib/egress/http_head.ts";
import { requestFraming, responseFraming } from "../../lib/egress/http_framing.ts";
import { toBytes } from "./fixtures/wire.ts";

function head(text: string) {
  return parseRequestHead(toBytes(`${text}\r\n\r\n`));
}

function status(run: () => unknown): number {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof HttpError, String(error));
    return error.status;
  }
  return 200;
}

Deno.test("a request head is read into its parts", () => {
  const { method, target, minor, fields } = head(
    "M-SEARCH http://a/?b=c HTTP/1.0\r\nA: 1 \r\na:\t2\r\nConnection: Close, , Upgrade",
  );
  assert.deepEqual([method, target, minor], ["M-SEARCH", "http://a/?b=c", 0]);
  assert.deepEqual(fields.all("a"), ["1", "2"]);
  assert.deepEqual(fields.members("connection"), ["close", "upgrade"]);
  assert.deepEqual(fields.all("absent"), []);
});

Deno.test("a malformed request head is 400", () => {
  const heads = [
    "",
    "GET",
    "GET /",
    "GET / HTTP/1.1 ",
    "GET  / HTTP/1.1",
    "GET / HTTP/1.2",
    "GET / http/1.1",
    "GET /a b HTTP/1.1",
    "G(T / HTTP/1.1",
    "GET / HTTP/1.1\r\nA : b",
    "GET / HTTP/1.1\r\n A: b",
    "GET / HTTP/1.1\r\nA: b\r\n\tc",
    "GET / HTTP/1.1\r\nnocolon",
    "GET / HTTP/1.1\r\n: b",
    "GET / HTTP/1.1\r\nA: b\x01",
    "GET / HTTP/1.1\r\nA: b\x7f",
    "GET / HTTP/1.1\r\nHost: a\r\nhost: a",
  ];
  for (const text of heads) assert.equal(status(() => head(text)), 400, JSON.stringify(text));
});

Deno.test("the end of a head is found however the bytes come, and bare CR, LF and NUL are refused", () => {
  const text = "GET / HTTP/1.1\r\nA: b\r\n\r\nrest";
  const end = text.indexOf("rest");
  for (let split = 0; split < text.length; split++) {
    const early = findHeadEnd(toBytes(text.slice(0, split)), 0);
    assert.equal(early, split < end ? -1 : end);
    if (early < 0) assert.equal(findHeadEnd(toBytes(text), split), end);
  }
  for (const bad of ["a\n", "a\r\r\n", "a\rb", "\0", "\r\n\n"]) {
    assert.equal(status(() => findHeadEnd(toBytes(bad), 0)), 400, JSON.stringify(bad));
  }
});

Deno.test("any bytes are a head or an HttpError", () => {
  const hostile = fc.string({ unit: fc.constantFrom(..."GET/:a \t\r\n\0HTP1.\xff,") });
  fc.assert(fc.property(hostile, (text) => {
    assert.ok([200, 400].includes(status(() => findHeadEnd(toBytes(text), 0))));
    assert.ok([200, 400].includes(status(() => head(`GET / HTTP/1.1\r\n${text}`))));
    assert.ok([200, 400, 502].includes(status(() => parseResponseHead(toBytes(`${text}\r\n\r\n`)))));
  }));
});

Deno.test("N8: a request whose end could be read in two ways is 400", () => {
  const cases: readonly (readonly [fields: string, expected: number])[] = [
    ["Content-Length: 5", 200],
    ["Transfer-Encoding: Chunked", 200],
    ["Content-Length: 5\r\nContent-Length: 5", 400],
    ["Content-Length: 5\r\nContent-Length: 6", 400],
    ["Content-Length: 5, 5", 400],
    ["Content-Length: +5", 400],
    ["Content-Length: 0x5", 400],
    ["Content-Length: ", 400],
    ["Content-Length: 9999999999999999", 400],
    ["Content-Length: 5\r\nTransfer-Encoding: chunked", 400],
    ["Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 400],
    ["Transfer-Encoding: gzip, chunked", 400],
    ["Transfer-Encoding: chunked, identity", 400],
    ["Transfer-Encoding: xchunked", 400],
    ["Transfer-Encoding:", 400],
  ];
  for (const [fields, expected] of cases) {
    assert.equal(status(() => requestFraming(head(`POST / HTTP/1.1\r\n${fields}`))), expected, fields);
  }
  assert.equal(status(() => requestFraming(head("POST / HTTP/1.0\r\nTransfer-Encoding: chunked"))), 400);
});

Deno.test("a response's end follows its method, its status and its fields", () => {
  const framing = (code: number, method: string, ...fields: [string, string][]) =>
    responseFraming({
      status: code,
      phrase: "",
      minor: 1,
      fields: new Fields(fields.map(([name, value]) => ({ name, key: name.toLowerCase(), value }))),
    }, method).kind;
  assert.equal(framing(200, "GET"), "until-close");
  assert.equal(framing(200, "GET", ["Content-Length", "5"]), "length");
  assert.equal(framing(200, "GET", ["Transfer-Encoding", "chunked"]), "chunked");
  for (const code of [100, 103, 204, 304]) {
    assert.equal(framing(code, "GET", ["Content-Length", "5"]), "none");
  }
  assert.equal(framing(200, "HEAD", ["Content-Length", "5"]), "none");
});
