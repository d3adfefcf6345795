import assert from "node:assert/strict";
import { InetServer } from "./inet_server.ts";
import { SecureServer } from "./secure_server.ts";
import { WebServer } from "./servers.ts";
import { Box, exists, fixture, said } from "./tombolo.ts";

const TRUST = `
  keytool -importcert -noprompt -file "$SSL_CERT_FILE" -keystore /tmp/trust -storepass changeit 2>/tmp/log
  trust='-Djavax.net.ssl.trustStore=/tmp/trust -Djavax.net.ssl.trustStorePassword=changeit'
  export JAVA_TOOL_OPTIONS="$JAVA_TOOL_OPTIONS $trust"
  `;
const JAVA = fixture(import.meta.dirname, "Fetch.java");
const GO = fixture(import.meta.dirname, "fetch.go");

/** A program that fetches something. */
interface Client {
  readonly name: string;
  /** What must be there, where not every machine has it, and a shell test for it. */
  readonly needs?: readonly [what: string, test: string];
  readonly script: (url: string) => string;
  /** What it asks for; /path unless given. */
  readonly asks?: string;
  /** Shell text that makes it trust the CA, where the environment alone does not. */
  readonly trusts?: string;
  /** Both unless given. */
  readonly schemes?: readonly ("http" | "https")[];
}

const fetching = (url: string) => `fetch("${url}").then((r) => r.text()).then((t) => console.log(t.trim()))`;

const CLIENTS: readonly Client[] = [
  { name: "curl", script: (url) => `curl -sS ${url}` },
  {
    name: "curl with ALL_PROXY alone, which is SOCKS,",
    script: (url) =>
      `unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy
      curl -sSv ${url} 2>/tmp/log && grep -q 'SOCKS5 request granted' /tmp/log`,
  },
  {
    name: "wget",
    script: (url) => `wget -qO- $trust ${url}`,
    trusts: 'trust=--ca-certificate="$SSL_CERT_FILE"; ',
  },
  {
    name: "git",
    script: (url) => `git ls-remote ${url} >/dev/null 2>&1 || echo hello`,
    asks: "/path/info/refs",
  },
  {
    name: "Python's urllib",
    script: (url) => `python3 -c 'import urllib.request as u; print(u.urlopen("${url}").read().decode())'`,
  },
  {
    name: "pip",
    needs: ["pip", "python3 -m pip --version"],
    script: (url) =>
      `PIP_CONFIG_FILE=/dev/null python3 -m pip download -q --retries 0 --trusted-host web.test --index-url ${url} lab >/tmp/log 2>&1 || echo hello`,
    asks: "/path/lab/",
  },
  { name: "Deno's fetch", script: (url) => `${Deno.execPath()} eval --no-config '${fetching(url)}'` },
  {
    name: "Node's fetch",
    needs: [
      "Node 22.21 or 24",
      `node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 23 || (a == 22 && b > 20) ? 0 : 1)'`,
    ],
    script: (url) => `node -e '${fetching(url)}'`,
  },
  {
    name: "npm",
    needs: ["npm", "npm --version"],
    script: (url) => `npm_config_cache=/tmp/npm npm ping --registry ${url} >/tmp/log 2>&1; echo hello`,
    asks: "/path/-/ping",
  },
  {
    name: "cargo",
    // Before that it knows no sparse registries.
    needs: ["cargo 1.68", '[ "$(cargo --version | cut -d. -f2)" -ge 68 ]'],
    script: (url) => `
      mkdir -p src .cargo && : >src/lib.rs && echo '[registries.lab]\nindex = "sparse+${url}/"' >.cargo/config.toml
      printf '[package]\nname = "a"\nversion = "0.1.0"\n[dependencies]\nlab = { version = "1", registry = "lab" }\n' >Cargo.toml
      CARGO_HOME=/tmp/cargo cargo fetch >/tmp/log 2>&1 || echo hello`,
    asks: "/path/config.json",
  },
  {
    name: "Go's net/http",
    needs: ["Go", "go version"],
    script: (url) => `GOCACHE=/tmp/go GOPATH=/tmp/gopath GO111MODULE=off go run ${GO} ${url}`,
  },
  {
    name: "Ruby's net/http",
    needs: ["Ruby", "ruby --version"],
    script: (url) => `ruby -rnet/http -e 'puts Net::HTTP.get(URI("${url}"))'`,
  },
  {
    name: "Java's HttpClient",
    needs: ["a JDK", "javac -version"],
    script: (url) => `java ${JAVA} client ${url}`,
    trusts: TRUST,
  },
  {
    name: "Java's HttpURLConnection",
    needs: ["a JDK", "javac -version"],
    script: (url) => `java ${JAVA} connection ${url}`,
    trusts: TRUST,
  },
  {
    name: "a plain socket of Java's",
    needs: ["a JDK", "javac -version"],
    script: (url) => `java ${JAVA} socket ${url}`,
    schemes: ["http"],
  },
];

async function has(test: string): Promise<boolean> {
  await using box = await Box.create();
  return (await box.host(["sh", "-c", `(${test}) >/dev/null 2>&1`])).code === 0;
}

/** A policy file that lets web.test lead to ports of the host's loopback, with the CA bundle that is there. */
async function policyFile(box: Box, ...ports: readonly number[]): Promise<string> {
  const net = {
    allow: ["web.test", ...ports.map((port) => `127.0.0.1:${port}`)],
    resolve: { "web.test": "127.0.0.1" },
    upstream: "none",
    ...(await exists(`${box.root}/ca.pem`) ? { caBundle: "ca.pem" } : {}),
  };
  return await box.write("policy.json", JSON.stringify({ net }));
}

for (const client of CLIENTS) {
  const { name, needs, script, asks = "/path", trusts = "", schemes = ["http", "https"] } = client;
  const over = schemes.map((scheme) => scheme.toUpperCase()).join(" and ");
  Deno.test({
    name: `${name} reaches an allowed host over ${over}${needs === undefined ? "" : ` (needs ${needs[0]})`}`,
    ignore: needs !== undefined && !await has(needs[1]),
    async fn() {
      await using box = await Box.create();
      await using plain = new WebServer();
      await using secure = await SecureServer.start(box);
      const policy = await policyFile(box, plain.port, secure.port);
      const servers = { http: plain, https: secure };
      for (const scheme of schemes) {
        const url = `${scheme}://web.test:${servers[scheme].port}/path`;
        const outcome = await box.shell([`--policy=${policy}`], `${trusts}${script(url)}`);
        assert.match(outcome.stdout, /^hello/m, outcome.stderr);
        assert.match(servers[scheme].requests.join("\n"), new RegExp(`^GET ${asks}(?: 0)?$`, "m"));
        assert.deepEqual(said(outcome), []);
      }
    },
  });
}

Deno.test("rsync of rsync:// goes through the gateway", async () => {
  await using box = await Box.create();
  await Deno.mkdir(`${box.root}/remote`);
  await box.write("remote/file", "hello\n");
  const config = await box.write("rsyncd.conf", `use chroot = no\n[lab]\npath = ${box.root}/remote\n`);
  await using server = new InetServer(["rsync", "--server", "--daemon", `--config=${config}`, "."]);
  const policy = await policyFile(box, server.port);
  const outcome = await box.shell(
    [`--policy=${policy}`],
    `rsync rsync://web.test:${server.port}/lab/file got && cat got`,
  );
  assert.equal(outcome.stdout, "hello\n", outcome.stderr);
});

const INNER_CLIENTS: readonly (readonly [name: string, script: string])[] = [
  ["curl", 'curl -sS "$url"'],
  ["wget", 'wget -qO- "$url"'],
  [
    "Python",
    `python3 -c 'import os, urllib.request as u; print(u.urlopen(os.environ["url"]).read().decode())'`,
  ],
  [
    "Deno",
    `${Deno.execPath()} eval --no-config 'console.log(await (await fetch(Deno.env.get("url"))).text())'`,
  ],
  ["git", 'git ls-remote "$url" 2>&1 | grep -o "not found"'],
];

for (const [name, script] of INNER_CLIENTS) {
  Deno.test(`${name} reaches a server inside past the gateway`, async () => {
    await using box = await Box.create();
    const server = fixture(import.meta.dirname, "inner_server.py");
    const outcome = await box.shell(
      ["--allow-net=unused.test"],
      `mkfifo port; python3 ${server} >port & read -r port <port; export url=http://127.0.0.1:$port/path; ${script}`,
    );
    assert.match(outcome.stdout, /hello from inside|not found/, outcome.stderr);
    assert.deepEqual(said(outcome), []);
  });
}

Deno.test("a proxy that git's own configuration names on the host is not asked inside", async () => {
  await using box = await Box.create();
  await using server = new WebServer();
  await box.write("home/.gitconfig", "[http]\n\tproxy = http://127.0.0.1:9\n");
  const policy = await policyFile(box, server.port);
  await box.shell([`--policy=${policy}`], `git ls-remote http://web.test:${server.port}/path`);
  assert.deepEqual(server.requests, ["GET /path/info/refs 0"]);
});

Deno.test("Python finds no SOCKS proxy that it would need another package for", async () => {
  await using box = await Box.create();
  const { stdout } = await box.shell(
    ["--allow-net=unused.test"],
    `python3 -c 'import urllib.request as u; print(*sorted(u.getproxies()))'`,
  );
  const found = stdout.trim().split(" ");
  assert.ok(found.includes("https") && !found.includes("all"), stdout);
});

Deno.test("a variable that the user sets stays, and JAVA_TOOL_OPTIONS keeps what the user says", async () => {
  await using box = await Box.create();
  const { stdout } = await box.shell(
    ["--allow-net=unused.test", "--env", "HTTPS_PROXY=http://own.test:1", "--allow-env=JAVA_TOOL_OPTIONS"],
    'echo "$HTTPS_PROXY"; echo "$JAVA_TOOL_OPTIONS"; echo "$https_proxy"',
    { env: { JAVA_TOOL_OPTIONS: "-Xmx64m" } },
  );
  assert.match(
    stdout,
    /^http:\/\/own\.test:1\n-Dhttp\.proxyHost=127\.0\.0\.1 -Dhttp\.proxyPort=(\d+) .* -Xmx64m\nhttp:\/\/127\.0\.0\.1:\1\n$/,
  );
});
