import type { ProxyCredentials } from "../host/proxy_url.ts";

/** A proxy as the rows see it. */
export interface Proxy {
  /** Without brackets. */
  readonly host: string;
  readonly port: string;
  readonly credentials: ProxyCredentials | undefined;
  /** URL for those who speak HTTP to it. */
  readonly http: string | undefined;
  /** URL for those who speak SOCKS5 to it. */
  readonly socks: string | undefined;
  /** Shell text for ssh's ProxyCommand. */
  readonly sshProxyCommand: string | undefined;
  /** File of CA certificates. */
  readonly caBundle: string | undefined;
}

/** How clients are told of a proxy: one variable. */
export interface Row {
  readonly name: string;
  /** The clients that this row is for. */
  readonly clients: string;
  /** Its value; undefined where the proxy has nothing for these clients. */
  readonly value: (proxy: Proxy) => string | undefined;
  /** Set by the user, these decide instead. */
  readonly unless?: readonly string[];
  /** Whether the user's own value is kept behind this one, and wins where they disagree. */
  readonly joins?: boolean;
}

const http = ({ http }: Proxy) => http;
const either = ({ http, socks }: Proxy) => http ?? socks;
const caBundle = ({ caBundle }: Proxy) => caBundle;
// Loopback inside is the sandbox's own.
const direct = () => "localhost,127.0.0.1,::1";
const ssh = ({ sshProxyCommand: command }: Proxy) =>
  command === undefined ? undefined : `ssh -o ProxyCommand='${command}'`;

// The JVM has no property for the credentials of an HTTP proxy: java.net.Authenticator has to be set in code.
function java({ host, port, http, socks, credentials }: Proxy): string | undefined {
  if (credentials !== undefined) return undefined;
  const pair = (prefix: string) => [`-D${prefix}Host=${host}`, `-D${prefix}Port=${port}`];
  return [
    ...(http === undefined ? [] : [...pair("http.proxy"), ...pair("https.proxy")]),
    // For all other sockets; loopback goes past it.
    ...(socks === undefined ? [] : pair("socksProxy")),
    // Maven 3.9 does not ask the JVM for a proxy otherwise.
    ...(http === undefined ? [] : ["-Daether.connector.http.useSystemProperties=true"]),
  ].join(" ");
}

function rsync({ host, port, http, credentials }: Proxy): string | undefined {
  // It takes what stands before the first colon for the host.
  if (http === undefined || host.includes(":")) return undefined;
  return credentials === undefined
    ? `${host}:${port}`
    : `${credentials.username}:${credentials.password}@${host}:${port}`;
}

/**
 * One row a variable. Where a client has a variable of its own beside the general ones, it is set too, since it beats
 * what the client's files on the host say: those name proxies that nobody reaches from inside.
 */
export const ROWS: readonly Row[] = [
  // curl reads http_proxy in lower case only (CVE-2016-5385); others read upper case only.
  { name: "HTTP_PROXY", clients: "Go, Python, Ruby, Node, Deno, cargo, AWS CLI", value: either },
  { name: "http_proxy", clients: "curl, wget, git, apt, Python, Ruby, gRPC", value: either },
  { name: "HTTPS_PROXY", clients: "Go, Python, Ruby, Node, Deno, cargo, npm, AWS CLI", value: either },
  { name: "https_proxy", clients: "curl, wget, git, apt, Python, Ruby, gRPC", value: either },
  {
    name: "ALL_PROXY",
    clients: "curl for other schemes, reqwest, golang.org/x/net/proxy",
    value: ({ http, socks }) => socks ?? http,
  },
  // Python takes an empty one for a reason to forget the other. It must: httpx refuses to start where it finds a SOCKS
  // proxy and no socksio. curl, git, Go and Node see no difference between empty and unset.
  {
    name: "all_proxy",
    clients: "Python's httpx",
    value: ({ http, socks }) => socks === undefined ? http : "",
    unless: ["ALL_PROXY"],
  },
  { name: "NO_PROXY", clients: "all that read the proxy variables", value: direct },
  { name: "no_proxy", clients: "all that read the proxy variables", value: direct },
  { name: "npm_config_proxy", clients: "npm, yarn 1, node-gyp", value: http },
  { name: "npm_config_https_proxy", clients: "npm, yarn 1, node-gyp", value: http },
  // No YARN_NO_PROXY: yarn 2 and later refuse to start where they do not know a setting.
  { name: "YARN_HTTP_PROXY", clients: "yarn 2 and later", value: http },
  { name: "YARN_HTTPS_PROXY", clients: "yarn 2 and later", value: http },
  { name: "PIP_PROXY", clients: "pip", value: http },
  { name: "CARGO_HTTP_PROXY", clients: "cargo", value: either },
  { name: "GIT_CONFIG_COUNT", clients: "git", value: (proxy) => either(proxy) && "1" },
  {
    name: "GIT_CONFIG_KEY_0",
    clients: "git",
    value: (proxy) => either(proxy) && "http.proxy",
    unless: ["GIT_CONFIG_COUNT"],
  },
  { name: "GIT_CONFIG_VALUE_0", clients: "git", value: either, unless: ["GIT_CONFIG_COUNT"] },
  { name: "RSYNC_PROXY", clients: "rsync, of rsync:// and host::", value: rsync },
  { name: "JAVA_TOOL_OPTIONS", clients: "every JVM: Java, Kotlin, Gradle, Maven", value: java, joins: true },
  // node:http and fetch heed the proxy variables only where this is set (Node 22.21 and 24).
  { name: "NODE_USE_ENV_PROXY", clients: "Node", value: (proxy) => http(proxy) && "1" },
  {
    name: "ELECTRON_GET_USE_PROXY",
    clients: "the download of Electron",
    value: (proxy) => http(proxy) && "1",
  },
  // Makes it read the general variables; @electron/get calls it too.
  {
    name: "GLOBAL_AGENT_ENVIRONMENT_VARIABLE_NAMESPACE",
    clients: "Node's global-agent",
    value: (proxy) => http(proxy) && "",
    unless: ["GLOBAL_AGENT_HTTP_PROXY", "GLOBAL_AGENT_HTTPS_PROXY"],
  },
  {
    name: "CLOUDSDK_PROXY_TYPE",
    clients: "gcloud",
    value: ({ http }) => http === undefined ? "socks5" : "http",
    unless: ["CLOUDSDK_PROXY_ADDRESS"],
  },
  { name: "CLOUDSDK_PROXY_ADDRESS", clients: "gcloud", value: ({ host }) => host },
  {
    name: "CLOUDSDK_PROXY_PORT",
    clients: "gcloud",
    value: ({ port }) => port,
    unless: ["CLOUDSDK_PROXY_ADDRESS"],
  },
  { name: "CLOUDSDK_PROXY_USERNAME", clients: "gcloud", value: ({ credentials }) => credentials?.username },
  { name: "CLOUDSDK_PROXY_PASSWORD", clients: "gcloud", value: ({ credentials }) => credentials?.password },
  { name: "GIT_SSH_COMMAND", clients: "git over ssh", value: ssh, unless: ["GIT_SSH"] },
  { name: "RSYNC_RSH", clients: "rsync over ssh", value: ssh },
  {
    name: "TOMBOLO_SSH_PROXY_COMMAND",
    clients: "ssh, scp and sftp, by hand",
    value: ({ sshProxyCommand }) => sshProxyCommand,
  },
  { name: "SSL_CERT_FILE", clients: "OpenSSL: Python, Ruby, Go, cargo, reqwest", value: caBundle },
  { name: "CURL_CA_BUNDLE", clients: "curl", value: caBundle },
  { name: "GIT_SSL_CAINFO", clients: "git", value: caBundle },
  { name: "REQUESTS_CA_BUNDLE", clients: "Python's requests", value: caBundle },
  { name: "PIP_CERT", clients: "pip", value: caBundle },
  { name: "CARGO_HTTP_CAINFO", clients: "cargo", value: caBundle },
  { name: "NODE_EXTRA_CA_CERTS", clients: "Node, pnpm, yarn", value: caBundle },
  { name: "npm_config_cafile", clients: "npm", value: caBundle },
  { name: "DENO_CERT", clients: "Deno", value: caBundle },
  { name: "AWS_CA_BUNDLE", clients: "AWS CLI, boto3", value: caBundle },
  { name: "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", clients: "gcloud", value: caBundle },
];
