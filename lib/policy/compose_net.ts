import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import type { NetPolicy } from "./net_policy.ts";

function notTheParents(what: string): TomboloError {
  return new TomboloError("policy", `Cannot compose policies: ${what} is not the parent's`, {
    remedy: "name it in the parent, or leave it out",
  });
}

// Where connections are led is as much a matter of trust as whether they may be made.
function refuseOtherWays(parent: NetPolicy, child: NetPolicy): void {
  for (const key of ["upstream", "external"] as const) {
    const [ours, theirs] = [parent[key], child[key]];
    if (theirs === undefined || (ours !== undefined && ours.text === theirs.text)) continue;
    throw notTheParents(`${key} ${quote(theirs.text)} (${theirs.origin})`);
  }
  for (const [name, addresses] of child.resolve) {
    if (parent.resolve.get(name)?.join() === addresses.join()) continue;
    throw notTheParents(`the static address of ${quote(name)}`);
  }
}

/**
 * What may leave under both policies: each decides every connection on its own, the address that a name leads to included.
 *
 * @throws {TomboloError} where the child leads connections another way than the parent
 */
export function composeNet(parent: NetPolicy, child: NetPolicy): NetPolicy {
  refuseOtherWays(parent, child);
  const { upstream, external, resolve } = parent;
  const { within: outer = [], ...itself } = parent;
  const denyAll = parent.denyAll ?? child.denyAll;
  const publish = (child.publish ?? []).filter((rule) =>
    parent.publish?.some(({ address, hostPort, innerPort }) =>
      address.equals(rule.address) && hostPort === rule.hostPort && innerPort === rule.innerPort
    )
  );
  return {
    ...(child.allowAll === undefined ? {} : { allowAll: child.allowAll }),
    allow: child.allow,
    ...(denyAll === undefined ? {} : { denyAll }),
    deny: [...parent.deny, ...child.deny],
    resolve,
    ...(upstream === undefined ? {} : { upstream }),
    ...(external === undefined ? {} : { external }),
    ...(publish.length === 0 ? {} : { publish }),
    within: [...outer, ...child.within ?? [], itself],
  };
}
