import assert from "node:assert/strict";
import fc from "fast-check";
import { rewriteProxyPort } from "../../stage2/rewrite_proxy_port.ts";

const rewritten: readonly (readonly [string, string])[] = [
  ["http://127.0.0.1:1", "http://127.0.0.1:3128"],
  ["http://127.0.0.1", "http://127.0.0.1:3128"],
  ["http://127.0.0.1/", "http://127.0.0.1:3128/"],
  ["http://127.0.0.1:", "http://127.0.0.1:3128"],
  ["http://127.0.0.1:80/", "http://127.0.0.1:3128/"],
  ["https://proxy.test:443", "https://proxy.test:3128"],
  ["socks5h://localhost:1080", "socks5h://localhost:3128"],
  ["x-y.z+1://host", "x-y.z+1://host:3128"],
  ["HTTP://HOST:1", "HTTP://HOST:3128"],
  ["http://user:secret@host:1/path?a=b:2#c:3", "http://user:secret@host:3128/path?a=b:2#c:3"],
  ["http://user@host", "http://user@host:3128"],
  ["http://@host:1", "http://@host:3128"],
  ["http://us%40er:p%3ass@host:1", "http://us%40er:p%3ass@host:3128"],
  ["http://user:p@ss@host:1", "http://user:p@ss@host:3128"],
  ["http://user:1@[::1]:2/x", "http://user:1@[::1]:3128/x"],
  ["http://[::1]", "http://[::1]:3128"],
  ["http://[fe80::1%25eth0]:8/", "http://[fe80::1%25eth0]:3128/"],
  ["http://host?q", "http://host:3128?q"],
  ["http://host#f", "http://host:3128#f"],
  ["http://host:1?u=http://other:2", "http://host:3128?u=http://other:2"],
  ["http://host:99999", "http://host:3128"],
];

for (const [url, expected] of rewritten) {
  Deno.test(`${url} becomes ${expected}`, () => assert.equal(rewriteProxyPort(url, 3128), expected));
}

const leftAlone = [
  "",
  "127.0.0.1:8080",
  "host",
  "http:host:1",
  "http:/host:1",
  "://host:1",
  "http://",
  "http:///path",
  "http://:8080",
  "http://user@",
  "http://user@:1",
  "http://?x",
  "http://#x",
  "http://host:port",
  "http://host:1:2",
  "http://::1",
  "http://[::1",
  "http://::1]",
  "http://[]:1",
  "http://[::1]x:1",
  "http://ho st:1",
  "http://host:1 ",
  "http://host\n:1",
  " http://host:1",
  "1http://host:1",
  "-Dhttp.proxyHost=x://y",
];

for (const text of leftAlone) {
  Deno.test(`${JSON.stringify(text)} is left alone`, () =>
    assert.equal(rewriteProxyPort(text, 3128), undefined));
}

const letters = (alphabet: string, minLength: number) =>
  fc.string({ unit: fc.constantFrom(...alphabet), minLength, maxLength: 12 });
const scheme = letters("abzAZ09+.-", 0).map((rest) => "h" + rest);
const userinfo = fc.oneof(fc.constant(""), letters("aZ0:@%!$&'()*+,;=~_.-", 0).map((text) => text + "@"));
const host = fc.oneof(letters("abz019.-_", 1), letters("0123456789abcdef:.", 2).map((text) => `[${text}]`));
const oldPort = fc.oneof(fc.constant(""), fc.constant(":"), fc.nat(65535).map((port) => `:${port}`));
const tail = fc.oneof(
  fc.constant(""),
  fc.tuple(fc.constantFrom("/", "?", "#"), fc.string({ unit: "binary" })).map(([first, rest]) =>
    first + rest
  ),
);
const port = fc.integer({ min: 1, max: 65535 });

Deno.test("only the port changes in any URL with a host", () => {
  fc.assert(
    fc.property(scheme, userinfo, host, oldPort, tail, port, (s, u, h, p, t, port) => {
      assert.equal(rewriteProxyPort(`${s}://${u}${h}${p}${t}`, port), `${s}://${u}${h}:${port}${t}`);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("rewriting twice is rewriting once with the last port", () => {
  fc.assert(
    fc.property(scheme, userinfo, host, oldPort, tail, port, port, (s, u, h, p, t, first, last) => {
      const url = `${s}://${u}${h}${p}${t}`;
      assert.equal(rewriteProxyPort(rewriteProxyPort(url, first) ?? "", last), rewriteProxyPort(url, last));
    }),
  );
});

Deno.test("no text makes it throw, and text without :// is left alone", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), port, (text, port) => {
      const result = rewriteProxyPort(text, port);
      if (!text.includes("://")) assert.equal(result, undefined);
    }),
    { numRuns: 2000 },
  );
});
