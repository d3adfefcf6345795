import { HostError } from "../../host/host_error.ts";
import { ProxyUrl } from "../../host/proxy_url.ts";
import type { NetPolicy } from "../../policy/net_policy.ts";
import { quote } from "../../report/escape.ts";
import { TomboloError } from "../../report/tombolo_error.ts";
import { NoProxy } from "./no_proxy.ts";
import type { NamedProxy, Upstream } from "./upstream.ts";

const MOST_SHOWN = 5;

type Environment = Readonly<Record<string, string>>;

/** What was found, and what the user should know of it. */
export interface ReadUpstream {
  /** Absent where everything goes direct. */
  readonly upstream?: Upstream;
  readonly notices: readonly string[];
}

/**
 * Finds the proxies that a gateway dials through: the policy's own, or those that the caller's environment names. NO_PROXY
 * is heeded either way. Lower-case variables win; an empty one counts as unset.
 *
 * @param net The policy
 * @param environment The caller's
 * @throws {TomboloError} Naming the variable that is no proxy's address, but not its value, which may hold a password
 */
export function readUpstream(net: NetPolicy, environment: Environment): ReadUpstream {
  const proxies = proxiesOf(net, environment);
  if (Object.keys(proxies).length === 0) return { notices: [] };
  const list = variable(environment, "no_proxy");
  const noProxy = NoProxy.parse(list?.value ?? "");
  return {
    upstream: { ...proxies, noProxy },
    notices: [...ignoredNotice(list?.name ?? "", noProxy.ignored), ...addressNotice(net)],
  };
}

function proxiesOf({ upstream }: NetPolicy, environment: Environment): Omit<Upstream, "noProxy"> {
  if (upstream?.proxy === "none") return {};
  if (upstream !== undefined && upstream.proxy !== "env") {
    const { proxy, origin } = upstream;
    return { connect: { proxy, origin }, http: { proxy, origin }, socks5: { proxy, origin } };
  }
  const [http, https, all] = ["http_proxy", "https_proxy", "all_proxy"].map((name) =>
    named(environment, name)
  );
  return {
    ...only("connect", https ?? all),
    ...only("http", http ?? all),
    ...only("socks5", all ?? https),
  };
}

function only<K extends string>(key: K, proxy: NamedProxy | undefined): { [P in K]?: NamedProxy } {
  return proxy === undefined ? {} : { [key]: proxy } as { [P in K]: NamedProxy };
}

function variable(environment: Environment, lower: string): { name: string; value: string } | undefined {
  for (const name of [lower, lower.toUpperCase()]) {
    const value = environment[name]?.trim() ?? "";
    if (value !== "") return { name, value };
  }
  return undefined;
}

function named(environment: Environment, lower: string): NamedProxy | undefined {
  const found = variable(environment, lower);
  if (found === undefined) return undefined;
  try {
    return { proxy: ProxyUrl.parse(found.value), origin: found.name };
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    throw new TomboloError("usage", `${error.message} (${found.name})`, {
      remedy: "--upstream=none goes direct",
    });
  }
}

function ignoredNotice(name: string, ignored: readonly string[]): string[] {
  if (ignored.length === 0) return [];
  const shown = ignored.slice(0, MOST_SHOWN).map((text) => quote(text.slice(0, 100))).join(", ");
  const more = ignored.length > MOST_SHOWN ? ` and ${ignored.length - MOST_SHOWN} more` : "";
  return [`${name} holds what is no host, which matches nothing: ${shown}${more}`];
}

/** A rule that cannot hold as far as it reads must not pass in silence. */
function addressNotice({ deny }: NetPolicy): string[] {
  const rules = deny.filter(({ pattern }) => pattern.kind === "address" || pattern.kind === "cidr");
  if (rules.length === 0) return [];
  const shown = rules.slice(0, MOST_SHOWN).map(({ text }) => quote(text)).join(", ");
  return [
    `behind an upstream proxy, which resolves the names, deny rules for addresses hold for addresses only: ${shown}`,
  ];
}
