import assert from "node:assert/strict";
import { boundNames } from "../../lib/launch/host_sockets.ts";

const HEADER = "Num       RefCount Protocol Flags    Type St Inode Path\n";

function table(...names: readonly string[]): Uint8Array {
  const lines = names.map((name) =>
    `00000000e798129d: 00000003 00000000 00010000 0001 01 15580${name === "" ? "" : ` ${name}`}\n`
  );
  return new TextEncoder().encode(HEADER + lines.join(""));
}

function names(bytes: Uint8Array): string[] {
  return boundNames(bytes).map((each) => "name" in each ? each.name : "not UTF-8");
}

Deno.test("names are read as they are: with spaces, at both ends too, with line feeds, relative, each once", () => {
  const odd = ["/a b", "/a ", " a", "relative/x", "/x\ny", "/x\n\ny\n", "/\u00e9"];
  assert.deepEqual(names(table(...odd, "/a b")), odd);
});

Deno.test("sockets without a name and abstract ones are left out", () => {
  assert.deepEqual(names(table("", "@/tmp/.X11-unix/X0", "@", "/kept", "")), ["/kept"]);
  assert.deepEqual(names(new TextEncoder().encode(HEADER)), []);
  assert.deepEqual(names(new Uint8Array()), []);
});

Deno.test("a name that is not UTF-8 is kept as bytes", () => {
  const bytes = table("/odd?");
  bytes[bytes.length - 2] = 0xff;
  assert.deepEqual(boundNames(bytes), [{ bytes: Uint8Array.of(0x2f, 0x6f, 0x64, 0x64, 0xff) }]);
});
