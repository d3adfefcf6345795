import { quote } from "../report/escape.ts";
import { HostError } from "./host_error.ts";

const LONGEST_LABEL = 63;
const LONGEST_NAME = 253;
/** Longer input is refused before it is mapped, so that hostile text costs nothing. */
const LONGEST_INPUT = 1024;
const PLAIN_NAME = /^[a-z0-9._-]+$/;
// deno-lint-ignore no-control-regex
const REFUSED_ASCII = /[\x00-\x7f]/g;

/**
 * Brings a host name to its one canonical form: IDNA mapped to ASCII, lower case, one trailing dot removed.
 *
 * @param text The name, as a user or a client wrote it
 * @returns The canonical name; it may still be a spelling of an IPv4 address
 * @throws {HostError} When the text is no host name
 *
 * @example
 * ```ts
 * import { canonicalName } from "./host_name.ts";
 * canonicalName("Example.COM."); // "example.com"
 * ```
 */
export function canonicalName(text: string): string {
  if (text === "") throw new HostError("Cannot parse host: it is empty");
  if (text.length > LONGEST_INPUT) {
    throw new HostError(`Cannot parse host: ${text.length} characters are above ${LONGEST_NAME}`);
  }
  const lower = text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  const plain = PLAIN_NAME.test(lower);
  const name = plain && !lower.includes("xn--") ? lower : mapIdna(text, lower, plain);
  const bare = name.endsWith(".") ? name.slice(0, -1) : name;
  checkLabels(text, bare);
  return bare;
}

/** Maps a name by IDNA (UTS 46). A name that was ASCII must come back as it went in. */
function mapIdna(text: string, lower: string, plain: boolean): string {
  for (const [character] of plain ? [] : text.matchAll(REFUSED_ASCII)) {
    if (!PLAIN_NAME.test(character.toLowerCase())) {
      throw new HostError(
        `Cannot parse host: ${quote(text)} holds ${quote(character)}, which no host name may`,
      );
    }
  }
  // Every ASCII character has passed the alphabet, so nothing here can be taken for a port, a path or
  // credentials; what the mapping makes of the others is checked again.
  const mapped = URL.parse(`http://${text}/`);
  const name = mapped?.hostname ?? "";
  const whole = mapped?.href === `http://${name}/`;
  if (!whole || !PLAIN_NAME.test(name) || (plain && name !== lower)) {
    throw new HostError(`Cannot parse host: ${quote(text)} is no internationalized domain name`);
  }
  return name;
}

function checkLabels(text: string, name: string): void {
  if (name.length > LONGEST_NAME) {
    throw new HostError(`Cannot parse host: ${name.length} characters are above ${LONGEST_NAME}`);
  }
  for (const label of name.split(".")) {
    if (label === "") throw new HostError(`Cannot parse host: ${quote(text)} holds an empty label`);
    if (label.length > LONGEST_LABEL) {
      throw new HostError(
        `Cannot parse host: a label of ${label.length} characters is above ${LONGEST_LABEL}`,
      );
    }
  }
}
