import assert from "node:assert/strict";
import { SecureServer } from "./secure_server.ts";
import { Box, said } from "./tombolo.ts";

const INSIDE = "/run/tombolo/ca.pem";

/** A policy file with a CA bundle that lets web.test lead to the server. */
async function policyFile(box: Box, server: SecureServer, caBundle: string, more: object = {}) {
  const net = {
    allow: ["web.test", `127.0.0.1:${server.port}`],
    resolve: { "web.test": "127.0.0.1" },
    upstream: "none",
    caBundle,
  };
  return await box.write("policy.json", JSON.stringify({ net, ...more }));
}

const CURL = "curl -sS --max-time 20";

Deno.test("without its CA bundle a server is not trusted, with it it is", async () => {
  await using box = await Box.create();
  await using server = await SecureServer.start(box);
  const policy = await policyFile(box, server, "ca.pem");
  const url = `https://web.test:${server.port}/`;
  const trusted = await box.shell([`--policy=${policy}`], `${CURL} ${url}`);
  assert.equal(trusted.stdout, `hello from web.test:${server.port}\n`, trusted.stderr);
  const flags = ["--resolve=web.test:127.0.0.1", `--allow-net=web.test,127.0.0.1:${server.port}`];
  const untrusted = await box.shell(flags, `${CURL} ${url}`);
  assert.equal(untrusted.code, 60, untrusted.stderr);
});

Deno.test("the CA bundle is there where its own place is hidden, and where nothing of the host is shown", async () => {
  await using box = await Box.create();
  await using server = await SecureServer.start(box);
  const text = await box.read("ca.pem") ?? "";
  await box.write("certificates/corp.pem", text);
  const policy = await policyFile(box, server, "certificates/corp.pem", { read: { deny: ["certificates"] } });
  const hidden = await box.shell(
    [`--policy=${policy}`],
    `cat ../certificates/corp.pem; cat "$SSL_CERT_FILE"`,
  );
  assert.equal(hidden.stdout, text);
  assert.match(hidden.stderr, /Permission denied/);
  const bare = await policyFile(box, server, "certificates/corp.pem", {
    extends: ["none"],
    read: { allow: ["/usr/bin/dash", "/usr/bin/cat", "/lib64", "/usr/lib"] },
  });
  const { stdout, stderr } = await box.run([`--policy=${bare}`], ["/usr/bin/cat", INSIDE]);
  assert.equal(stdout, text, stderr);
});

Deno.test("the CA bundle cannot be changed inside, nor on the host where its directory is writable", async () => {
  await using box = await Box.create();
  await using server = await SecureServer.start(box);
  const text = await box.read("ca.pem") ?? "";
  await box.write("work/corp.pem", text);
  const policy = await policyFile(box, server, "work/corp.pem");
  for (
    const action of ["echo x >>FILE", "rm -f FILE", "mv FILE other", "cp /etc/passwd FILE", "chmod 600 FILE"]
  ) {
    for (const file of [INSIDE, "corp.pem"]) {
      const { code } = await box.shell([`--policy=${policy}`], action.replace("FILE", file));
      assert.notEqual(code, 0, `${action} ${file}`);
      assert.equal(await box.read("work/corp.pem"), text);
    }
  }
});

Deno.test("without a network there is no bundle inside and no variable, and a wrong one is an error all the same", async () => {
  await using box = await Box.create();
  await box.write("policy.json", JSON.stringify({ net: { caBundle: "ca.pem" } }));
  const wrong = await box.shell([`--policy=${box.root}/policy.json`], "echo ran");
  assert.deepEqual([wrong.code, wrong.stdout], [125, ""]);
  assert.match(said(wrong).join("\n"), /CA bundle "ca\.pem" \(\S*policy\.json:1\): no such file/);
  await SecureServer.start(box).then((server) => server[Symbol.asyncDispose]());
  const { code, stdout } = await box.shell(
    [`--policy=${box.root}/policy.json`],
    `env | grep -c CERT; test ! -e ${INSIDE}`,
  );
  assert.deepEqual([code, stdout], [0, "0\n"]);
});

Deno.test("a variable that the user sets for certificates stays", async () => {
  await using box = await Box.create();
  await using server = await SecureServer.start(box);
  const policy = await policyFile(box, server, "ca.pem");
  const { stdout } = await box.shell(
    [`--policy=${policy}`, "--env", "SSL_CERT_FILE=/own.pem"],
    'echo "$SSL_CERT_FILE $GIT_SSL_CAINFO $NODE_EXTRA_CA_CERTS"',
  );
  assert.equal(stdout, `/own.pem ${INSIDE} ${INSIDE}\n`);
});
