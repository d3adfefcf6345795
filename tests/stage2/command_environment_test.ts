import assert from "node:assert/strict";
import { commandEnvironment } from "../../stage2/command_environment.ts";

const environment = (own: Record<string, string>, port?: number) =>
  Object.fromEntries(commandEnvironment(own, port));

Deno.test("what is inherited stays, less the names of stage2 alone", () => {
  const own = { HOME: "/root", EMPTY: "", DENO_DIR: "/x", TOMBOLO_STAGE2_UNSET: "DENO_DIR,,ABSENT" };
  assert.deepEqual(environment(own), { HOME: "/root", EMPTY: "" });
});

Deno.test("variables to set win over inherited and removed ones", () => {
  const own = {
    A: "inherited",
    DENO_DIR: "stage2's",
    TOMBOLO_STAGE2_UNSET: "DENO_DIR",
    TOMBOLO_STAGE2_ENV: JSON.stringify({
      A: "set",
      B: "line\nbreak",
      DENO_DIR: "the command's",
      "": "no name",
    }),
  };
  assert.throws(() => environment(own), /variable "" cannot be set/);
  own.TOMBOLO_STAGE2_ENV = JSON.stringify({ A: "set", B: "line\nbreak", DENO_DIR: "the command's" });
  assert.deepEqual(environment(own), { A: "set", B: "line\nbreak", DENO_DIR: "the command's" });
});

Deno.test("names that JavaScript objects treat as special are plain variables", () => {
  const set = '{"__proto__":"a","constructor":"b"}';
  assert.deepEqual([...commandEnvironment({ TOMBOLO_STAGE2_ENV: set }, undefined)], [["__proto__", "a"], [
    "constructor",
    "b",
  ]]);
});

Deno.test("nothing of stage2's own reaches the command, not even when it is to be set", () => {
  const own = { TOMBOLO_STAGE2_SOCKET: "/s", TOMBOLO_STAGE2_ENV: '{"TOMBOLO_STAGE2_SECCOMP":"/f"}' };
  assert.deepEqual(environment(own, 1), {});
});

Deno.test("listed proxy variables get the port, wherever they come from; others keep theirs", () => {
  const own = {
    HTTP_PROXY: "http://127.0.0.1:1",
    OTHER: "http://127.0.0.1:1",
    NO_PROXY: "localhost",
    TOMBOLO_STAGE2_REWRITE: "HTTP_PROXY,all_proxy,NO_PROXY,ABSENT",
    TOMBOLO_STAGE2_ENV: '{"all_proxy":"socks5h://u:p@[::1]"}',
  };
  assert.deepEqual(environment(own, 4242), {
    HTTP_PROXY: "http://127.0.0.1:4242",
    OTHER: "http://127.0.0.1:1",
    NO_PROXY: "localhost",
    all_proxy: "socks5h://u:p@[::1]:4242",
  });
});

Deno.test("listed templates get the port for every placeholder, and nothing else changes in them", () => {
  const own = {
    JAVA: "-Dp={TOMBOLO_PORT} -Dq={TOMBOLO_PORT} -Dr={port} $& $1",
    OTHER: "{TOMBOLO_PORT}",
    PLAIN: "http://127.0.0.1:1",
    TOMBOLO_STAGE2_TEMPLATE: "JAVA,SSH,PLAIN,ABSENT,",
    TOMBOLO_STAGE2_ENV: `{"SSH":"dial {TOMBOLO_PORT} %h"}`,
  };
  assert.deepEqual(environment(own, 4242), {
    JAVA: "-Dp=4242 -Dq=4242 -Dr={port} $& $1",
    OTHER: "{TOMBOLO_PORT}",
    PLAIN: "http://127.0.0.1:1",
    SSH: "dial 4242 %h",
  });
});

Deno.test("a URL with a placeholder for its port is no URL, and a template all the same", () => {
  const own = { P: "http://h:{TOMBOLO_PORT}", TOMBOLO_STAGE2_REWRITE: "P" };
  assert.deepEqual(environment(own, 1), { P: "http://h:{TOMBOLO_PORT}" });
  assert.deepEqual(environment({ ...own, TOMBOLO_STAGE2_TEMPLATE: "P" }, 1), { P: "http://h:1" });
});

Deno.test("without a bridge nothing is rewritten", () => {
  const own = {
    HTTP_PROXY: "http://127.0.0.1:1",
    JAVA: "{TOMBOLO_PORT}",
    TOMBOLO_STAGE2_REWRITE: "HTTP_PROXY",
    TOMBOLO_STAGE2_TEMPLATE: "JAVA",
  };
  assert.deepEqual(environment(own), { HTTP_PROXY: "http://127.0.0.1:1", JAVA: "{TOMBOLO_PORT}" });
});

for (
  const json of [
    "",
    "[]",
    "null",
    '"x"',
    "1",
    '{"A":1}',
    '{"A":null}',
    '{"A=B":"x"}',
    '{"A":"x\\u0000y"}',
    '{"A\\u0000":"x"}',
  ]
) {
  Deno.test(`TOMBOLO_STAGE2_ENV=${json} is refused`, () => {
    assert.throws(() => environment({ TOMBOLO_STAGE2_ENV: json }));
  });
}
