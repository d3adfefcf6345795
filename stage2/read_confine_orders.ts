import type { ConfineOrders } from "../lib/plan/landlock/confine_orders.ts";
import { readDescriptor } from "./read_descriptor.ts";
import { readLimits } from "./read_orders.ts";
import type { SystemCall } from "./system_call.ts";

const LONGEST_ORDERS = 64 * 1024 * 1024;

/** Checks one field; the orders come from tombolo itself, of the same build, or nothing runs. */
const FIELDS: { readonly [K in keyof Required<ConfineOrders>]: (value: unknown) => boolean } = {
  rules: (value) => Array.isArray(value) && value.every(isRule),
  port: (value) => Number.isInteger(value) && Number(value) > 0 && Number(value) < 65536,
  filter: (value) => typeof value === "string" && value !== "",
  command: (value) => isStrings(value) && value.length > 0,
  environment: (value) => Array.isArray(value) && value.every((pair) => isStrings(pair) && pair.length === 2),
  cwd: isAbsolute,
  temporary: isAbsolute,
  openFiles: Number.isSafeInteger,
  limits: (value) => readLimits(value) !== undefined,
  scope: isAbsolute,
};
const OPTIONAL: readonly string[] = ["port", "openFiles", "limits", "scope"];
const ACCESS: readonly unknown[] = ["read", "write", "execute", "device"];

function isStrings(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function isAbsolute(value: unknown): boolean {
  return typeof value === "string" && value.startsWith("/");
}

function isRule(value: unknown): boolean {
  return typeof value === "object" && value !== null && "path" in value && "access" in value &&
    isAbsolute(value.path) && Array.isArray(value.access) &&
    value.access.every((one) => ACCESS.includes(one));
}

/**
 * Checks what confining orders hold.
 *
 * @throws {TypeError} for an order that is unknown, missing, or has the wrong form
 */
export function parseConfineOrders(text: string): ConfineOrders {
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== "object" || parsed === null) {
    throw new TypeError("Cannot read the orders: not an object");
  }
  const orders = parsed as Record<string, unknown>;
  for (const key of Object.keys(orders)) {
    if (!Object.hasOwn(FIELDS, key)) throw new TypeError(`Cannot read the orders: unknown order "${key}"`);
  }
  for (const [key, isRight] of Object.entries(FIELDS)) {
    if (orders[key] === undefined ? !OPTIONAL.includes(key) : !isRight(orders[key])) {
      throw new TypeError(`Cannot read the orders: "${key}" is missing or has the wrong form`);
    }
  }
  return parsed as ConfineOrders;
}

/**
 * Waits for the orders.
 *
 * @param control The socket that they come by
 * @returns `undefined` where tombolo hangs up instead: nothing is to run
 */
export function readConfineOrders(call: SystemCall, control: number): ConfineOrders | undefined {
  const head = new Uint8Array(new ArrayBuffer(4));
  if (readDescriptor(call, control, head) < head.length) return undefined;
  const length = new DataView(head.buffer).getUint32(0);
  if (length > LONGEST_ORDERS) throw new RangeError(`Cannot read the orders: ${length} bytes`);
  const body = new Uint8Array(new ArrayBuffer(length));
  if (readDescriptor(call, control, body) < length) return undefined;
  return parseConfineOrders(new TextDecoder().decode(body));
}
