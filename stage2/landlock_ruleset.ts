import type { Access, LandlockRule } from "../lib/plan/landlock/confinement.ts";
import { OLDEST_NET_VERSION, OLDEST_SCOPE_VERSION, OLDEST_VERSION } from "../lib/plan/landlock/control.ts";
import { landlockAnswer } from "./landlock_answer.ts";
import { mustSucceed } from "./must_succeed.ts";
import { allowBeneath, LANDLOCK, RULESET_SIZE } from "./landlock_rule.ts";
import type { NamedStep } from "./child_steps.ts";
import { pinString, pinWords } from "./pin.ts";
import { AT_FDCWD, type SystemCall } from "./system_call.ts";

const O_PATH_CLOEXEC = 0x280000;
const IOCTL_DEV_VERSION = 5;

const bit = (...numbers: readonly number[]) =>
  numbers.reduce((bits, number) => bits | 1n << BigInt(number), 0n);

// LANDLOCK_ACCESS_FS_* of linux/landlock.h.
const WRITE_FILE = bit(1);
const READ_FILE = bit(2);
const READ_DIR = bit(3);
const TRUNCATE = bit(14);
const IOCTL_DEV = bit(15);
/** REMOVE_DIR, REMOVE_FILE, MAKE_DIR, MAKE_REG, MAKE_SOCK, MAKE_FIFO, MAKE_SYM and REFER; no device can be made. */
const CHANGE_DIRECTORY = bit(4, 5, 7, 8, 9, 10, 12, 13);
/** Every right of version 3. */
const ALL = bit(...Array(15).keys());
/** What makes sense of a file that is no directory; the kernel refuses the rest there (EINVAL). */
const OF_FILES = LANDLOCK.EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV;

const RIGHTS: Readonly<Record<Access, bigint>> = {
  read: READ_FILE | READ_DIR,
  write: WRITE_FILE | TRUNCATE | CHANGE_DIRECTORY,
  execute: LANDLOCK.EXECUTE,
  device: IOCTL_DEV,
};

const BIND_TCP = 1n;
const CONNECT_TCP = 2n;

/**
 * The version of Landlock that the kernel has.
 *
 * @returns 0 where it has none, or it is not enabled
 */
export function landlockVersion(call: SystemCall): number {
  return Math.max(0, landlockAnswer(call));
}

function addRule(call: SystemCall, ruleset: number, { path, access }: LandlockRule, handled: bigint): void {
  const rights = access.reduce((bits, name) => bits | RIGHTS[name], 0n) & handled;
  const failure = `Cannot open ${path} to the command`;
  allowBeneath(call, ruleset, path, { rights, ofFiles: rights & OF_FILES, failure });
}

/**
 * The steps by which a command's process opens to itself what /proc tells of it: of all others, those that it starts
 * included, it learns nothing.
 */
export function ownProcessRule(ruleset: number): NamedStep[] {
  // struct landlock_path_beneath_attr, whose descriptor is what the first step opens.
  const rule = pinWords(READ_FILE | READ_DIR, 0n);
  const parameters = [AT_FDCWD, pinString("/proc/self"), O_PATH_CLOEXEC, 0];
  return [
    { what: "opening /proc/self", name: "openat", parameters, into: rule + 8n },
    {
      what: "landlock_add_rule",
      name: "landlock_add_rule",
      parameters: [ruleset, LANDLOCK.RULE_PATH_BENEATH, rule, 0],
    },
  ];
}

/**
 * Makes the rules of a domain that confines a command where there are no namespaces; nothing is restricted yet.
 *
 * @param rules What is let be done with files; everything else that Landlock knows is refused
 * @param port The only TCP port that may be connected to; none where there is no network, which the filter holds
 * @returns The descriptor of the ruleset, for landlock_restrict_self
 * @throws {Error} where this kernel cannot hold that
 */
export function landlockRuleset(call: SystemCall, rules: readonly LandlockRule[], port?: number): number {
  const version = landlockVersion(call);
  const wanted = port === undefined ? OLDEST_VERSION : OLDEST_NET_VERSION;
  if (version < wanted) {
    throw new Error(`Cannot confine the command: this kernel has Landlock version ${version}, not ${wanted}`);
  }
  const handled = ALL | (version >= IOCTL_DEV_VERSION ? IOCTL_DEV : 0n);
  const net = version >= OLDEST_NET_VERSION ? BIND_TCP | CONNECT_TCP : 0n;
  const scoped = version >= OLDEST_SCOPE_VERSION ? LANDLOCK.SCOPES : 0n;
  const must = mustSucceed(call);
  const attributes = pinWords(handled, net, scoped);
  const ruleset = must("landlock_create_ruleset", "landlock_create_ruleset", attributes, RULESET_SIZE, 0);
  for (const rule of rules) addRule(call, ruleset, rule, handled);
  if (port !== undefined) {
    // struct landlock_net_port_attr: rights, port.
    const allowed = pinWords(CONNECT_TCP, BigInt(port));
    must("landlock_add_rule", "landlock_add_rule", ruleset, LANDLOCK.RULE_NET_PORT, allowed, 0);
  }
  return ruleset;
}
