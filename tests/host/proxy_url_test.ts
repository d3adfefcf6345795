import assert from "node:assert/strict";
import { HostError } from "../../lib/host/host_error.ts";
import { ProxyUrl } from "../../lib/host/proxy_url.ts";

Deno.test("a proxy's address is parsed once, with the scheme's port where none is written", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["http://proxy.test:3128", "http://proxy.test:3128"],
    ["proxy.test:3128", "http://proxy.test:3128"],
    ["PROXY.test.", "http://proxy.test:80"],
    ["https://proxy.test/", "https://proxy.test:443"],
    ["HTTPS://[::1]:8080", "https://[::1]:8080"],
    ["socks5h://127.1", "socks5://127.0.0.1:1080"],
    ["socks5://10.0.0.1:9", "socks5://10.0.0.1:9"],
  ];
  for (const [text, canonical] of cases) assert.equal(ProxyUrl.parse(text).toString(), canonical, text);
});

Deno.test("credentials are decoded, and no text of the address shows them", () => {
  const url = ProxyUrl.parse("http://me%40corp:p%3Aw%2Fd:x@proxy.test:1");
  assert.deepEqual(url.credentials, { username: "me@corp", password: "p:w/d:x" });
  assert.doesNotMatch(`${url} ${JSON.stringify(url)} ${Deno.inspect(url)}`, /corp|p:w/);
  assert.deepEqual(ProxyUrl.parse("user@proxy.test:1").credentials, { username: "user", password: "" });
  assert.equal(ProxyUrl.parse("http://proxy.test").credentials, undefined);
});

Deno.test("what is no proxy's address is refused without showing it", () => {
  const texts = ["", " ", "http://", "ftp://secret@proxy.test", "http://secret@proxy.test/path"].concat([
    "http://secret@proxy.test?x",
    "http://secret@a b",
    "http://secret%zz@proxy.test",
    "http://secret%0a@proxy.test",
    "http://secret%3a:x@proxy.test",
    "http://secret@proxy.test:0",
    "http://secret@proxy.test:70000",
    "socks4://secret@proxy.test",
    "http://[::1",
    "http://user:secret",
    "user:secret",
  ]);
  for (const text of texts) {
    assert.throws(
      () => ProxyUrl.parse(text),
      (error) => error instanceof HostError && !error.message.includes("secret"),
      text,
    );
  }
});

Deno.test("messages call a proxy by what the user knows of it", () => {
  assert.equal(ProxyUrl.parse("me:pw@proxy.test:1").title, "the upstream proxy http://proxy.test:1");
  assert.equal(ProxyUrl.external("socks5", 4321).title, "the external proxy");
});
