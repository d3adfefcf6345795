import type { OpenProxyOptions } from "../egress/open_proxy.ts";
import type { Plan } from "../plan/plan.ts";

/** The proxies of a plan as a gateway takes them, with the certificates that they are trusted by. */
export async function upstreamOf(
  { plan: { upstream, net }, caBundle }: { readonly plan: Plan; readonly caBundle?: string },
): Promise<Pick<OpenProxyOptions, "route" | "caCerts">> {
  if (upstream === undefined) return {};
  const { routeOf } = await import("../egress/upstream/routes.ts");
  // It was readable at the start; without it a proxy that needs it is not trusted.
  const bundle = caBundle === undefined ? "" : await Deno.readTextFile(caBundle).catch(() => "");
  return { route: routeOf(upstream, net), ...(bundle === "" ? {} : { caCerts: [bundle] }) };
}
