import { join } from "node:path";
import { COMMANDS } from "../egress/fixtures/external.ts";
import { type Box, processesWith } from "./tombolo.ts";

/** A command as one text, each word quoted. */
export function commandText(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(" ");
}

/** The flag for an external proxy that is a fixture: CONNECT and plain HTTP; every name is this host. */
export const EXTERNAL = `--external-proxy=${commandText(COMMANDS.http)}`;

/** The flag for a shell script that goes on as that proxy. */
export function externalScript(before: string): string {
  return `--external-proxy=${
    commandText(["/bin/sh", "-c", `${before.replaceAll("'", `"`)}\nexec "$@"`, "sh", ...COMMANDS.http])
  }`;
}

/** A real proxy, as a user would have it started. */
export interface RealProxy {
  readonly name: string;
  /** `http` unless given. */
  readonly protocol?: "socks5";
  /**
   * Its command.
   *
   * @param directory Where it may keep files
   */
  readonly command: (directory: string) => string[];
}

function withConfiguration(directory: string, lines: readonly string[], run: string): string[] {
  const file = join(directory, "proxy.conf");
  return [
    "sh",
    "-c",
    `printf "%s\\n" ${lines.map((line) => `"${line}"`).join(" ")} >${file} && exec ${run} ${file}`,
  ];
}

/** The proxies that are tried, from Debian's packages. */
export const REAL_PROXIES: readonly RealProxy[] = [
  {
    name: "microsocks",
    protocol: "socks5",
    command: () => ["microsocks", "-i", "127.0.0.1", "-p", "{port}"],
  },
  {
    name: "tinyproxy",
    command: (directory) =>
      withConfiguration(directory, [
        "Port $TOMBOLO_PROXY_PORT",
        "Listen 127.0.0.1",
        "Allow 127.0.0.1",
        "Timeout 60",
      ], "tinyproxy -d -c"),
  },
  {
    name: "squid",
    command: (directory) =>
      withConfiguration(directory, [
        "http_port 127.0.0.1:$TOMBOLO_PROXY_PORT",
        "http_access allow all",
        "pid_filename none",
        "cache deny all",
        "access_log none",
        "cache_log /dev/null",
        "coredump_dir none",
        "shutdown_lifetime 0 seconds",
      ], "squid -N -f"),
  },
  {
    name: "mitmproxy",
    command: (directory) => [
      "mitmdump",
      "--quiet",
      "--ssl-insecure",
      "--set",
      `confdir=${directory}/mitmproxy`,
      "--listen-host",
      "127.0.0.1",
      "--listen-port",
      "{port}",
    ],
  },
];

/** The external proxies of a box's runs that are fixtures: the proxies themselves, not the shells that have started them. */
export function runningProxies(box: Box): { readonly pid: number; readonly port: number }[] {
  return processesWith("_proxy.ts").flatMap((pid) => {
    try {
      const words = Deno.readTextFileSync(`/proc/${pid}/cmdline`).split("\0");
      const isOurs = Deno.readTextFileSync(`/proc/${pid}/environ`).includes(`HOME=${box.home}\0`);
      const port = words.at(words.findIndex((word) => word.endsWith("_proxy.ts")) + 1);
      return isOurs && words[0] === Deno.execPath() && /^\d+$/.test(port ?? "")
        ? [{ pid, port: Number(port) }]
        : [];
    } catch {
      return []; // One of another test, which has ended meanwhile.
    }
  });
}
