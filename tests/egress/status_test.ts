import assert from "node:assert/strict";
import { DialError, type DialFailure } from "../../lib/egress/dial.ts";
import { HttpError } from "../../lib/egress/http_head.ts";
import { dialAnswer, formatAnswer, httpErrorAnswer } from "../../lib/egress/status.ts";
import { HostPort } from "../../lib/host/host_port.ts";

const target = HostPort.parse("example.com:443");

function text(answer: Parameters<typeof formatAnswer>[0], bodyless = false): string {
  return new TextDecoder().decode(formatAnswer(answer, { close: true, bodyless }));
}

Deno.test("each failure has its status and its error type of RFC 9209", () => {
  const cases: readonly (readonly [DialFailure, number, string])[] = [
    ["not-found", 502, "dns_error"],
    ["resolve-timeout", 504, "dns_timeout"],
    ["refused", 502, "connection_refused"],
    ["network-unreachable", 502, "destination_ip_unroutable"],
    ["unreachable", 502, "destination_unavailable"],
    ["timeout", 504, "connection_timeout"],
  ];
  for (const [failure, status, error] of cases) {
    const answer = dialAnswer(target, new DialError(failure, "why"));
    assert.deepEqual([answer.status, answer.error], [status, error]);
    assert.match(
      text(answer),
      new RegExp(
        `^HTTP/1\\.1 ${status} [A-Z][a-z A-Z]+\\r\\nProxy-Status: tombolo; error=${error}; details="`,
      ),
    );
  }
});

Deno.test("an answer has a body of its length, or none", () => {
  const answer = httpErrorAnswer(new HttpError(405, "no"));
  const [head = "", body = ""] = text(answer).split("\r\n\r\n");
  assert.match(head, new RegExp(`^Content-Length: ${body.length}$`, "m"));
  assert.match(head, /^Allow: .*GET/m);
  assert.equal(body, "tombolo: no\n");
  assert.match(text(answer, true), /\r\n\r\n$/);
});

Deno.test("R1: what came from inside is escaped in the body and in the header", () => {
  const decision = {
    allowed: false,
    reason: "a rule denies it",
    rule: { text: '\x1b[2J\u202e"\\\u00e4', origin: "team\r\nX: y.jsonc:3" },
  };
  const written = text(dialAnswer(target, new DialError("denied", decision.reason, decision)));
  const [head = "", body = ""] = written.split("\r\n\r\n");
  assert.match(head, /^[\x20-\x7e\r\n]*$/);
  assert.equal(head.split("\r\n").length, 5);
  assert.doesNotMatch(body.slice(0, -1), /[\p{Cc}\u202e]/u);
  assert.match(body, /\\x1b\[2J\\u\{202e\}/);
});
