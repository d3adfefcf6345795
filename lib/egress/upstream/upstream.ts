import type { ProxyUrl } from "../../host/proxy_url.ts";
import type { NoProxy } from "./no_proxy.ts";

/** A proxy, and where it is named: a variable, a flag or a policy file. */
export interface NamedProxy {
  readonly proxy: ProxyUrl;
  readonly origin: string;
}

/** The proxies that a gateway dials through, by how its client asked: plain data. Without one, direct. */
export interface Upstream {
  readonly connect?: NamedProxy;
  readonly http?: NamedProxy;
  readonly socks5?: NamedProxy;
  readonly noProxy: NoProxy;
}
