/** How a client is told of the proxy. */
interface ProxyVariable {
  readonly name: string;
  readonly scheme: "http" | "socks5h";
  /** The clients that this row is for. */
  readonly clients: string;
}

// curl reads http_proxy in lower case only (CVE-2016-5385); others read upper case only.
const PROXY_VARIABLES: readonly ProxyVariable[] = [
  { name: "HTTP_PROXY", scheme: "http", clients: "Go, Python, Node, Deno, cargo" },
  { name: "http_proxy", scheme: "http", clients: "curl, wget, git, Python, apt" },
  { name: "HTTPS_PROXY", scheme: "http", clients: "Go, Python, Node, Deno, cargo, npm" },
  { name: "https_proxy", scheme: "http", clients: "curl, wget, git, Python, npm" },
  { name: "ALL_PROXY", scheme: "socks5h", clients: "curl for other schemes, Rust's reqwest" },
  { name: "all_proxy", scheme: "socks5h", clients: "curl for other schemes" },
  { name: "npm_config_proxy", scheme: "http", clients: "npm, pnpm, node-gyp" },
  { name: "npm_config_https_proxy", scheme: "http", clients: "npm, pnpm, node-gyp" },
  { name: "YARN_HTTP_PROXY", scheme: "http", clients: "yarn 2 and later" },
  { name: "YARN_HTTPS_PROXY", scheme: "http", clients: "yarn 2 and later" },
];

// Loopback inside is the sandbox's own.
const DIRECT = "localhost,127.0.0.1,::1";

const FIXED: Readonly<Record<string, string>> = {
  NO_PROXY: DIRECT,
  no_proxy: DIRECT,
  // node:http and fetch heed the proxy variables only where this is set (Node 22.21 and 24).
  NODE_USE_ENV_PROXY: "1",
};

/** Names of the variables whose port is set inside, where it is known. */
export const PORT_VARIABLES: readonly string[] = PROXY_VARIABLES.map(({ name }) => name);

/**
 * The variables that make clients use the gateway.
 *
 * @param port Port on the sandbox's loopback
 * @returns Names and values
 */
export function proxyEnvironment(port: number): Map<string, string> {
  const proxies = PROXY_VARIABLES.map((
    { name, scheme },
  ): [string, string] => [name, `${scheme}://127.0.0.1:${port}`]);
  return new Map([...proxies, ...Object.entries(FIXED)]);
}
