import assert from "node:assert/strict";
import { netPolicy } from "../../lib/policy/net_rules.ts";
import { TomboloError } from "../../lib/report/tombolo_error.ts";

function entry(text: string) {
  return { text, origin: "team.jsonc:3", base: "/" };
}

Deno.test("an upstream is env, none or a proxy's address; the last source wins", () => {
  const upstream = (...texts: readonly string[]) =>
    netPolicy(texts.map((text) => ({ upstream: entry(text) }))).upstream;
  assert.equal(upstream(), undefined);
  assert.equal(upstream("none", "env")?.proxy, "env");
  assert.equal(String(upstream("env", "me:pw@proxy.corp:3128")?.proxy), "http://proxy.corp:3128");
  assert.equal(upstream("socks5h://me:pw@10.0.0.1")?.text, "socks5://10.0.0.1:1080");
});

Deno.test("a word that is neither env nor none is refused instead of taken for a host", () => {
  for (const text of ["envv", "direct", "None", "localhost"]) {
    assert.throws(
      () => netPolicy([{ upstream: entry(text) }]),
      (error) =>
        error instanceof TomboloError &&
        error.message.startsWith(`Cannot use upstream "${text}" (team.jsonc:3): wanted env, none or `),
      text,
    );
  }
});

Deno.test("an external proxy's rule does not show a password of its arguments, but its command has it", () => {
  const command = ["mitmdump", "--mode", "upstream:http://u:secret@h:1"];
  const { external } = netPolicy([{ external: { ...entry(command.join(" ")), command } }]);
  assert.equal(external?.text, "mitmdump --mode upstream:http://...@h:1");
  assert.deepEqual(external?.command, command);
});
