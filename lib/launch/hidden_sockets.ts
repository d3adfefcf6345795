import { lstat } from "../paths/resolve_path.ts";
import type { Plan } from "../plan/plan.ts";

/** The same plan without the masks of sockets that are gone: they need none, and cannot be mounted on. */
function withoutVanished(plan: Plan): Plan {
  const gone = new Set(plan.hides.filter((path) => lstat(path) === undefined));
  if (gone.size === 0) return plan;
  const stays = ({ target }: { readonly target: string }) => !gone.has(target);
  const { orders } = plan;
  return {
    ...plan,
    mounts: plan.mounts.filter(stays),
    orders: orders.mounts === undefined ? orders : { ...orders, mounts: orders.mounts.filter(stays) },
    hides: plan.hides.filter((path) => !gone.has(path)),
  };
}

// bubblewrap makes an empty file to mount on where a socket vanished that was there a moment before.
function removePlaceholders({ hides }: Plan, uid: number | null): void {
  for (const path of hides) {
    const info = lstat(path);
    if (info?.isFile === true && info.size === 0 && info.uid === uid && info.nlink === 1) {
      Deno.removeSync(path);
    }
  }
}

/**
 * Runs a plan that hides sockets of the host. These come and go: where one went while the sandbox was built, it is built
 * again without a mask for it.
 *
 * @param run Runs the plan that it is given; throws where the sandbox cannot be built
 */
export async function runBesideSockets<T>(
  plan: Plan,
  uid: number | null,
  run: (plan: Plan) => Promise<T>,
): Promise<T> {
  for (;;) {
    const now = withoutVanished(plan);
    try {
      return await run(now);
    } catch (error) {
      if (withoutVanished(now) === now) throw error;
    } finally {
      removePlaceholders(now, uid);
    }
  }
}
