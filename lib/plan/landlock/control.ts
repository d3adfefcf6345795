/**
 * What tombolo and stage2's confining half say to each other on a unix socket, which the command never sees.
 *
 * stage2 greets with GREETING and Landlock's version (0 for none). tombolo answers with the orders: four bytes of length,
 * big endian, then JSON; or hangs up, and nothing runs. stage2 says STARTED once the command is executed, or cannot be;
 * then tombolo may send signals, a byte each, or END. Last stage2 says EXITED or SIGNALLED, with one byte, and tombolo KNOWN.
 */
export const CONTROL = {
  GREETING: 0x63, // "c"
  STARTED: 0x73, // "s"
  EXITED: 0x65, // "e"
  SIGNALLED: 0x6b, // "k"
  /** tombolo has been told the end, and sees to the rest. */
  KNOWN: 0,
  /** No signal has this number: everything is to be ended. */
  END: 0xff,
} as const;

/** The oldest version of Landlock that holds all that a policy says of files: truncation is not held before (Linux 6.2). */
export const OLDEST_VERSION = 3;
/** The oldest version that holds connections (Linux 6.7). */
export const OLDEST_NET_VERSION = 4;
/** The oldest version that holds signals to processes outside (Linux 6.12). */
export const OLDEST_SCOPE_VERSION = 6;
