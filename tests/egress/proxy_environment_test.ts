import assert from "node:assert/strict";
import { PORT_PLACEHOLDER } from "../../lib/egress/port_placeholder.ts";
import { type ProxyAddress, proxyEnvironment, proxyTemplate } from "../../lib/egress/proxy_environment.ts";
import { ROWS } from "../../lib/egress/proxy_variables.ts";
import { rewriteProxyPort } from "../../stage2/rewrite_proxy_port.ts";

const environment = (address: ProxyAddress, own: Readonly<Record<string, string>> = {}) =>
  Object.fromEntries(proxyEnvironment(address, new Map(Object.entries(own))));

const HTTP = "http://127.0.0.1:8123";
const SOCKS = "socks5h://127.0.0.1:8123";
const SSH = `dial ${PORT_PLACEHOLDER} %h %p`;
const CA = "/run/ca.pem";

Deno.test("every name stands in the table once, with the clients that it is for", () => {
  assert.equal(new Set(ROWS.map(({ name }) => name)).size, ROWS.length);
  for (const { name, clients } of ROWS) assert.ok(clients !== "", name);
});

Deno.test("the general variables lead to the proxy in both cases, and loopback goes past it", () => {
  const found = environment({ port: 8123 });
  for (const name of ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"]) {
    assert.equal(found[name], HTTP);
  }
  assert.equal(found["ALL_PROXY"], SOCKS);
  for (const name of ["NO_PROXY", "no_proxy"]) assert.equal(found[name], "localhost,127.0.0.1,::1");
});

Deno.test("all_proxy is empty, so that Python forgets ALL_PROXY, unless the proxy speaks HTTP alone", () => {
  assert.equal(environment({ port: 8123 })["all_proxy"], "");
  assert.equal(environment({ port: 8123, protocols: ["http"] })["all_proxy"], HTTP);
  assert.equal("all_proxy" in environment({ port: 8123 }, { ALL_PROXY: "http://own:1" }), false);
});

Deno.test("no variable is set that yarn 2 takes for an unknown setting", () => {
  const names = Object.keys(environment({ port: 8123, sshProxyCommand: SSH, caBundle: CA }));
  assert.deepEqual(names.filter((name) => /^YARN_/i.test(name)), ["YARN_HTTP_PROXY", "YARN_HTTPS_PROXY"]);
});

const TEXTS: readonly (readonly [name: string, value: string])[] = [
  ["RSYNC_PROXY", "127.0.0.1:8123"],
  ["CLOUDSDK_PROXY_PORT", "8123"],
  ["GIT_CONFIG_VALUE_0", HTTP],
  ["GIT_SSH_COMMAND", "ssh -o ProxyCommand='dial 8123 %h %p'"],
  ["RSYNC_RSH", "ssh -o ProxyCommand='dial 8123 %h %p'"],
  ["TOMBOLO_SSH_PROXY_COMMAND", "dial 8123 %h %p"],
  [
    "JAVA_TOOL_OPTIONS",
    "-Dhttp.proxyHost=127.0.0.1 -Dhttp.proxyPort=8123 -Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort=8123 " +
    "-DsocksProxyHost=127.0.0.1 -DsocksProxyPort=8123 -Daether.connector.http.useSystemProperties=true",
  ],
];

for (const [name, value] of TEXTS) {
  Deno.test(`${name} names the port in its client's own way`, () => {
    assert.equal(environment({ port: 8123, sshProxyCommand: SSH })[name], value);
  });
}

Deno.test("what is not there is not named: no CA bundle, no way for ssh", () => {
  const names = Object.keys(environment({ port: 8123 }));
  assert.deepEqual(names.filter((name) => /CERT|_CA|CAINFO|cafile|SSH|RSH/.test(name)), []);
  const values = Object.values(environment({ port: 8123, caBundle: CA }));
  assert.equal(values.filter((value) => value === CA).length, 11);
});

Deno.test("a proxy that speaks SOCKS alone is named to those who can speak it, and to no others", () => {
  const found = environment({ port: 8123, protocols: ["socks5"], sshProxyCommand: SSH });
  for (const name of ["HTTP_PROXY", "https_proxy", "ALL_PROXY", "CARGO_HTTP_PROXY", "GIT_CONFIG_VALUE_0"]) {
    assert.equal(found[name], SOCKS, name);
  }
  const others = [
    "npm_config_proxy",
    "YARN_HTTP_PROXY",
    "NODE_USE_ENV_PROXY",
    "RSYNC_PROXY",
    "GIT_SSH_COMMAND",
  ];
  assert.deepEqual(others.filter((name) => name in found), []);
  assert.equal(found["JAVA_TOOL_OPTIONS"], "-DsocksProxyHost=127.0.0.1 -DsocksProxyPort=8123");
  assert.equal(found["CLOUDSDK_PROXY_TYPE"], "socks5");
});

Deno.test("a proxy that speaks HTTP alone is named as such everywhere", () => {
  const found = environment({ port: 8123, protocols: ["http"] });
  assert.equal(found["ALL_PROXY"], HTTP);
  assert.ok(!Object.values(found).some((value) => /socks/i.test(value)));
});

Deno.test("credentials stand percent-encoded in URLs, and clients that cannot hold them are left out", () => {
  const credentials = { username: "me", password: "p@ss/:%" };
  const found = environment({ port: 1, credentials });
  const url = new URL(found["HTTPS_PROXY"] ?? "");
  assert.equal(decodeURIComponent(url.password), credentials.password);
  assert.equal(url.host, "127.0.0.1:1");
  assert.equal("JAVA_TOOL_OPTIONS" in found, false);
  assert.equal(found["CLOUDSDK_PROXY_PASSWORD"], credentials.password);
  assert.equal("CLOUDSDK_PROXY_PASSWORD" in environment({ port: 1 }), false);
});

Deno.test("an IPv6 listener is in brackets in URLs, and without them where only a host is meant", () => {
  const found = environment({ port: 1, host: "[::1]" });
  assert.equal(found["HTTP_PROXY"], "http://[::1]:1");
  assert.match(found["JAVA_TOOL_OPTIONS"] ?? "", /-Dhttp\.proxyHost=::1 /);
  assert.equal(found["CLOUDSDK_PROXY_ADDRESS"], "::1");
});

Deno.test("what the user has set is not touched, nor what would take its effect away", () => {
  const own = {
    HTTPS_PROXY: "http://own:1",
    GIT_SSH: "/own/ssh",
    GIT_CONFIG_COUNT: "0",
    CLOUDSDK_PROXY_ADDRESS: "own",
    GLOBAL_AGENT_HTTP_PROXY: "http://own:1",
    NO_PROXY: "",
  };
  const found = environment({ port: 1, sshProxyCommand: SSH }, own);
  const gone = [
    ...Object.keys(own),
    "GIT_SSH_COMMAND",
    "GIT_CONFIG_KEY_0",
    "GIT_CONFIG_VALUE_0",
    "CLOUDSDK_PROXY_TYPE",
    "CLOUDSDK_PROXY_PORT",
    "GLOBAL_AGENT_ENVIRONMENT_VARIABLE_NAMESPACE",
  ];
  assert.deepEqual(gone.filter((name) => name in found), []);
  assert.equal(found["https_proxy"], "http://127.0.0.1:1");
});

Deno.test("the user's JAVA_TOOL_OPTIONS are kept, behind ours, where they win", () => {
  const { JAVA_TOOL_OPTIONS: options } = environment({ port: 1 }, {
    JAVA_TOOL_OPTIONS: "-Xmx1g -Dhttp.proxyPort=9",
  });
  assert.match(
    options ?? "",
    /^-Dhttp\.proxyHost=127\.0\.0\.1 -Dhttp\.proxyPort=1 .* -Xmx1g -Dhttp\.proxyPort=9$/,
  );
});

Deno.test("a template with the port put in, as stage2 does it, is the environment of that port", () => {
  const address = { sshProxyCommand: SSH, caBundle: CA };
  const { variables, urls, texts } = proxyTemplate(address);
  const filled = [...variables].map(([name, value]) => {
    if (urls.includes(name)) return [name, rewriteProxyPort(value, 8123)];
    return [name, texts.includes(name) ? value.replaceAll(PORT_PLACEHOLDER, "8123") : value];
  });
  assert.deepEqual(Object.fromEntries(filled), environment({ port: 8123, ...address }));
  assert.ok(texts.includes("JAVA_TOOL_OPTIONS") && urls.includes("npm_config_proxy"));
});
