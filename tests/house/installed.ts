import assert from "node:assert/strict";
import { WebServer } from "../system/servers.ts";
import { type Box, said } from "../system/tombolo.ts";

/** A tombolo that is installed in some way, and a user's machine to try it on. */
export interface Installed {
  readonly box: Box;
  /** What starts it. */
  readonly words: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** What every way to install tombolo must bring. */
export interface Check {
  readonly name: string;
  /** Whether tombolo starts itself again in it. */
  readonly startsAgain?: true;
  readonly check: (installed: Installed) => Promise<void>;
}

const PING = '\0\0\0\x0f{"kind":"ping"}';

/** One message of the Model Context Protocol a line: a session that runs one command. */
const SESSION = [
  {
    method: "initialize",
    id: 1,
    params: {
      protocolVersion: "2025-06-18",
      capabilities: {},
      clientInfo: { name: "test", version: "1" },
    },
  },
  { method: "notifications/initialized" },
  {
    method: "tools/call",
    id: 2,
    params: { name: "run", arguments: { command: ["sh", "-c", "echo s1; id -u"] } },
  },
].map((message) => `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`).join("");

/** Checks that hold for each way to install tombolo. */
export const CHECKS: readonly Check[] = [
  {
    name: "knows its version",
    async check({ box, words, env }) {
      const { code, stdout, stderr } = await box.host([...words, "--version"], { env });
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^tombolo \d+\.\d+\.\d+\n$/);
    },
  },
  {
    name: "runs a command without network that can write its work tree and nothing else",
    async check({ box, words, env }) {
      const script = "echo in > file; echo out > ~/out; cat ~/secret/x; exit 6";
      await box.write("home/secret/x", "canary");
      const flags = [`--deny-read=${box.home}/secret`];
      const run = [...words, "run", ...flags, "--", "sh", "-c", script];
      const { code, stdout } = await box.host(run, { env });
      assert.equal(code, 6);
      assert.equal(stdout, "");
      assert.equal(await box.read("work/file"), "in\n");
      assert.equal(await box.exists("home/out"), false);
    },
  },
  {
    name: "runs a command with the gateway, which lets it reach the allowed host alone",
    async check({ box, words, env }) {
      await using server = new WebServer();
      await using other = new WebServer();
      const flags = ["--resolve=web.test:127.0.0.1", `--allow-net=web.test,127.0.0.1:${server.port}`];
      const ask = ({ port }: WebServer) => `curl -s http://web.test:${port}/;`;
      const run = ["run", ...flags, "--", "sh", "-c", `${ask(server)} ${ask(other)} :`];
      const { code, stdout, stderr } = await box.host([...words, ...run], { env });
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^hello from web\.test:/);
      assert.deepEqual(other.requests, []);
    },
  },
  {
    name: "serves as a worker, in a sandbox that shows nothing of the system",
    async check({ box, words, env }) {
      const { code, stdout, stderr } = await box.host([...words, "worker", "--root=.", "--stdio"], {
        env,
        stdin: PING,
      });
      assert.equal(code, 0, stderr);
      assert.ok(stdout.includes('"kind":"pong"'), stdout);
    },
  },
  {
    name: "starts itself again for what an agent runs",
    startsAgain: true,
    async check({ box, words, env }) {
      const running = box.startHost([...words, "mcp", "--root=."], { env, stdin: SESSION });
      let line = await running.line();
      while (!line.includes('"id":2')) line = await running.line();
      running.kill("SIGTERM");
      assert.match(line, /s1/);
      await running.outcome();
    },
  },
  {
    name: "tries to get out of its sandbox, and cannot",
    startsAgain: true,
    async check({ box, words, env }) {
      const { code, stdout, stderr } = await box.host([...words, "doctor", "--verify"], { env });
      assert.equal(code, 0, stdout + stderr);
      assert.match(stdout, /\nall \d+ held, in a sandbox of bubblewrap\n$/);
    },
  },
  {
    name: "protects what the next start will load",
    async check({ box, words, env }) {
      // Something is there only once it has been unpacked.
      const first = await box.host([...words, "run", "--allow-net=unused.test", "--", "true"], { env });
      assert.equal(first.code, 0, first.stderr);
      const before = await ownFiles(box);
      const script =
        `find "${box.root}" -type f -exec sh -c 'chmod 755 "$1"; echo x >"$1"; rm -f "$1"' sh {} \\;`;
      const { stderr } = await box.host([...words, "run", "--allow-write", "--", "sh", "-c", script], {
        env,
      });
      assert.deepEqual(await ownFiles(box), before, stderr);
      const again = await box.host([...words, "run", "--", "echo", "again"], { env });
      assert.equal(again.stdout, "again\n", said(again).join("\n"));
    },
  },
];

/** What runs have unpacked, and what Deno has fetched for them. */
async function ownFiles(box: Box): Promise<string[]> {
  const { stdout } = await new Deno.Command("/bin/sh", {
    args: [
      "-c",
      'find "$@" -type f ! -name checked -exec sha256sum {} + | sort',
      "sh",
      `${box.home}/.local/state/tombolo/programs`,
      `${box.home}/deno/remote`,
    ],
  }).output();
  return new TextDecoder().decode(stdout).split("\n");
}
