/**
 * Measures small plain requests, side by side over loopback: an HTTP proxy of Node's `http` behind two socat hops, with
 * and without kept connections to the server, and tombolo's inner relay with the gateway. Needs wrk, nginx, node, socat.
 *
 *     deno run -A bench/plain.ts [--seconds=2] [--rounds=3]
 */
import { freePort, runGateway, runInner, socat, Stage, start } from "./parts.ts";

const CONNECTIONS = [1, 16, 64];
const MODES = ["keep-alive", "new connections"] as const;

const NODE_PROXY = `
const http = require("node:http");
const [port, keepAlive] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: keepAlive === "true" });
http.createServer((request, response) => {
  const { hostname, port, pathname, search } = new URL(request.url);
  const options = { hostname, port, path: pathname + search, method: request.method, headers: request.headers, agent };
  const onward = http.request(options, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  onward.on("error", () => response.writeHead(502).end());
  request.pipe(onward);
}).listen(Number(port), "127.0.0.1", () => console.log(port));
`;

interface Way {
  readonly name: string;
  readonly port: number;
}

function option(name: string, fallback: number): number {
  const text = Deno.args.find((argument) => argument.startsWith(`--${name}=`))?.split("=")[1];
  return text === undefined ? fallback : Number(text);
}

/** Starts a program that listens on loopback, and waits until it does. */
async function listening(
  port: number,
  program: string,
  ...args: readonly string[]
): Promise<Deno.ChildProcess> {
  const child = new Deno.Command(program, { args: [...args], stdin: "null", stdout: "null", stderr: "null" })
    .spawn();
  for (let attempt = 0;; attempt++) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return child;
    } catch (error) {
      if (attempt === 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

async function origin(directory: string): Promise<{ child: Deno.ChildProcess; port: number }> {
  const port = freePort();
  const configuration = `${directory}/nginx.conf`;
  await Deno.writeTextFile(
    configuration,
    `daemon off; worker_processes 1; pid ${directory}/nginx.pid; error_log /dev/null;
    events { worker_connections 4096; }
    http { access_log off; keepalive_requests 100000000; default_type text/plain;
      server { listen 127.0.0.1:${port}; location / { return 200 "hello, this is a small answer\\n"; } } }`,
  );
  return { child: await listening(port, "nginx", "-c", configuration), port };
}

/** Two hops of socat, as a sandbox has them: TCP to a unix socket, unix socket to TCP. */
async function hops(directory: string, name: string, to: number): Promise<[Deno.ChildProcess[], number]> {
  const port = freePort();
  const path = `${directory}/${name}.sock`;
  const host = socat(`UNIX-LISTEN:${path},fork,backlog=512`, `TCP:127.0.0.1:${to},nodelay`);
  const inner = await listening(
    port,
    "socat",
    `TCP-LISTEN:${port},bind=127.0.0.1,fork,reuseaddr,nodelay,backlog=512`,
    `UNIX-CONNECT:${path}`,
  );
  return [[host, inner], port];
}

/** Requests a second by wrk; every answer must be the server's. */
async function rate(
  way: Way,
  server: number,
  connections: number,
  mode: string,
  directory: string,
): Promise<number> {
  const script = `${directory}/${way.name.replaceAll(" ", "-")}.lua`;
  const connection = mode === "keep-alive" ? "" : `, ["Connection"] = "close"`;
  await Deno.writeTextFile(
    script,
    `request = function() return wrk.format("GET", "http://127.0.0.1:${server}/", ` +
      `{ ["Host"] = "127.0.0.1:${server}", ["User-Agent"] = "wrk", ["Accept"] = "*/*"${connection} }) end`,
  );
  const seconds = option("seconds", 2);
  const args = ["-t1", `-c${connections}`, `-d${seconds}s`, "-s", script, `http://127.0.0.1:${way.port}`];
  const { stdout } = await new Deno.Command("wrk", { args, stdin: "null" }).output();
  const text = new TextDecoder().decode(stdout);
  if (/Non-2xx|Socket errors/.test(text)) throw new Error(`Cannot measure ${way.name}: ${text}`);
  return Number(/Requests\/sec: +([0-9.]+)/.exec(text)?.[1]);
}

async function measure(ways: readonly Way[], server: number, directory: string): Promise<void> {
  console.log(`| connections | mode | ${ways.map(({ name }) => `${name} | ratio`).join(" | ")} |`);
  console.log(`|---|---|${"--:|--:|".repeat(ways.length)}`);
  for (const connections of CONNECTIONS) {
    for (const mode of MODES) {
      const rates = ways.map((): number[] => []);
      // Turn by turn, so that a slow moment of the machine hits all of them.
      for (let round = 0; round < option("rounds", 3); round++) {
        for (const [i, way] of ways.entries()) {
          rates[i]?.push(await rate(way, server, connections, mode, directory));
        }
      }
      const medians = rates.map((list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? NaN);
      const cells = medians.map((value) =>
        `${value.toFixed(0)} | ${(value / (medians[0] ?? NaN)).toFixed(2)}`
      );
      console.log(`| ${connections} | ${mode} | ${cells.join(" | ")} |`);
    }
  }
}

async function main(): Promise<void> {
  await using stage = await Stage.open();
  const { directory } = stage;
  const server = await origin(directory);
  stage.add(server.child);
  const script = `${directory}/proxy.cjs`;
  await Deno.writeTextFile(script, NODE_PROXY);
  const ways: Way[] = [];
  for (const [name, keepAlive] of [["node", false], ["node, kept", true]] as const) {
    const proxy = freePort();
    stage.add(await listening(proxy, "node", script, `${proxy}`, `${keepAlive}`));
    const [processes, port] = await hops(directory, `node-${keepAlive}`, proxy);
    stage.add(...processes);
    ways.push({ name: `${name}, 2 socat`, port });
  }
  const gateway = await start(import.meta.filename, "gateway", `${directory}/gateway.sock`);
  const inner = await start(import.meta.filename, "inner", `${directory}/gateway.sock`);
  stage.add(gateway.child, inner.child);
  ways.push({ name: "tombolo", port: inner.port }, { name: "direct", port: server.port });
  await measure(ways, server.port, directory);
}

if (import.meta.main) {
  const [part, path = ""] = Deno.args;
  if (part === "gateway") runGateway(path);
  else if (part === "inner") await runInner(path);
  else await main();
}
