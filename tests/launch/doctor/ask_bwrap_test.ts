import assert from "node:assert/strict";
import { askBwrap, type BwrapAsker, HOST_ASKER } from "../../../lib/launch/doctor/ask_bwrap.ts";
import { TempDirectory } from "../temp_directory.ts";

const CVE = "CVE-2026-87766";
const HELP =
  "usage: bwrap [OPTIONS...]\n\n    --help       Print this\n    --bind-fd FD DEST   Bind\n    --perms OCTAL\n";

function asker(version: string, installed: string, changelog?: string): BwrapAsker {
  return {
    ask: (program, ...args) =>
      Promise.resolve(
        program === "dpkg-query"
          ? installed
          : args[0] === "--version"
          ? version
          : args[0] === "--help"
          ? HELP
          : "",
      ),
    unpack: () => Promise.resolve(changelog),
  };
}

const FIXED = `bubblewrap (0.11.0-2+deb13u2) trixie-security; urgency=high\n\n  * Fix ${CVE}\n`;

Deno.test("bubblewrap's version and options are what it says itself", async () => {
  const { version, options } = await askBwrap("/opt/bin/bwrap", asker("bubblewrap 0.12.1\n", ""));
  assert.equal(version, "0.12.1");
  assert.deepEqual(options, ["--help", "--bind-fd", "--perms"]);
});

Deno.test("one that says nothing has no version", async () => {
  assert.equal((await askBwrap("/opt/bin/bwrap", asker("", ""))).version, undefined);
});

Deno.test("the package's changelog says what the distribution has fixed", async () => {
  const found = await askBwrap("/usr/bin/bwrap", asker("bubblewrap 0.11.0\n", "0.11.0-2+deb13u2", FIXED));
  assert.deepEqual(found.package, { version: "0.11.0-2+deb13u2", fixes: [CVE] });
});

Deno.test("without a changelog, as in slim images, nothing is known to be fixed", async () => {
  const found = await askBwrap("/usr/bin/bwrap", asker("bubblewrap 0.11.0\n", "0.11.0-2+deb13u2"));
  assert.deepEqual(found.package, { version: "0.11.0-2+deb13u2", fixes: [] });
});

Deno.test("a package proves nothing of a program at another place, or of another version", async () => {
  const elsewhere = await askBwrap("/opt/bin/bwrap", asker("bubblewrap 0.11.0\n", "0.11.0-2+deb13u2", FIXED));
  assert.equal(elsewhere.package, undefined);
  const other = await askBwrap("/usr/bin/bwrap", asker("bubblewrap 0.10.0\n", "0.11.0-2+deb13u2", FIXED));
  assert.equal(other.package, undefined);
});

Deno.test("the real bubblewrap knows the flags that tombolo starts it with", async () => {
  const { version, options } = await askBwrap("/usr/bin/bwrap");
  assert.match(version ?? "", /^0\.\d+/);
  for (const option of ["--unshare-user", "--die-with-parent", "--seccomp"]) {
    assert.ok(options.includes(option));
  }
});

Deno.test("a compressed file is unpacked; what is none, or not there, has no text", async () => {
  using directory = new TempDirectory();
  const packed = new Response("a changelog").body?.pipeThrough(new CompressionStream("gzip"));
  await Deno.writeFile(directory.at("good.gz"), packed ?? new Uint8Array());
  assert.equal(await HOST_ASKER.unpack(directory.at("good.gz")), "a changelog");
  assert.equal(await HOST_ASKER.unpack(directory.file("bad.gz", "no gzip")), undefined);
  assert.equal(await HOST_ASKER.unpack(directory.at("absent.gz")), undefined);
});

Deno.test("a program that is not there says nothing", async () => {
  assert.equal(await HOST_ASKER.ask("/nonexistent/program", "--version"), "");
});
