import type { LateMount, LaunchOrders } from "../lib/plan/launch_orders.ts";
import { type Limit, LIMIT_NAMES } from "../lib/policy/limits.ts";

function stringList(value: unknown, key: string): readonly string[] {
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  throw new TypeError(`Cannot read the orders: "${key}" is not a list of strings`);
}

const MOUNT_KINDS: readonly unknown[] = [
  "read",
  "write",
  "mask-file",
  "mask-directory",
] satisfies LateMount["kind"][];

function mountList(value: unknown): readonly LateMount[] {
  const isMount = (item: unknown) =>
    typeof item === "object" && item !== null && "kind" in item && "target" in item &&
    MOUNT_KINDS.includes(item.kind) && typeof item.target === "string" && item.target.startsWith("/");
  if (Array.isArray(value) && value.every(isMount)) return value;
  throw new TypeError('Cannot read the orders: "mounts" is not a list of mounts');
}

function absolutePath(value: unknown, key: string): string {
  if (typeof value === "string" && value.startsWith("/")) return value;
  throw new TypeError(`Cannot read the orders: "${key}" is not an absolute path`);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isLimit(value: unknown): value is Limit {
  if (!isObject(value)) return false;
  const { value: number, text, origin } = value as Partial<Limit>;
  return Number.isSafeInteger(number) && (number ?? 0) > 0 && typeof text === "string" &&
    typeof origin === "string";
}

/** Checks the limits of orders. */
export function readLimits(value: unknown): NonNullable<LaunchOrders["limits"]> {
  const names: readonly string[] = LIMIT_NAMES.filter((name) => name !== "wallTime");
  const entries = Object.entries(isObject(value) ? value : { "": value });
  for (const [name, limit] of entries) {
    if (!names.includes(name) || !isLimit(limit)) {
      throw new TypeError(`Cannot read the orders: "limits.${name}" is not a limit`);
    }
  }
  return Object.fromEntries(entries);
}

// An order that this stage2 does not know is one that it would not carry out.
const READERS: { readonly [K in keyof Required<LaunchOrders>]: (value: unknown) => LaunchOrders[K] } = {
  limits: readLimits,
  execute: (value) => stringList(value, "execute"),
  mounts: mountList,
  check: (value) => stringList(value, "check"),
  cwd: (value) => absolutePath(value, "cwd"),
};

/**
 * Reads the file of orders.
 *
 * @param path Where it stands; `undefined` where there are no orders
 * @throws {TypeError} for an order that is unknown or has the wrong form
 * @throws {SyntaxError} If the file is not JSON
 */
export function readOrders(path: string | undefined): LaunchOrders {
  if (path === undefined) return {};
  const parsed: unknown = JSON.parse(Deno.readTextFileSync(path));
  if (!isObject(parsed)) {
    throw new TypeError("Cannot read the orders: expected a JSON object");
  }
  const entries = Object.entries(parsed).map(([key, value]) => {
    if (!Object.hasOwn(READERS, key)) throw new TypeError(`Cannot read the orders: unknown order "${key}"`);
    return [key, READERS[key as keyof LaunchOrders](value)];
  });
  return Object.fromEntries(entries);
}
