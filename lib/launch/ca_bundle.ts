import type { ResolvedPath } from "../paths/resolve_path.ts";
import type { PathRule } from "../policy/policy.ts";
import { quote } from "../report/escape.ts";
import { TomboloError } from "../report/tombolo_error.ts";
import { resolveTrusted } from "./gather_facts.ts";

// The whole of Mozilla's list has 230 KB.
const LARGEST_BUNDLE = 16 * 1024 * 1024;
// RFC 7468 section 5; OpenSSL writes the other two.
const CERTIFICATE =
  /-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----\r?\n(?:[A-Za-z0-9+/=]+[ \t]*\r?\n)+-----END \1-----/;
const PRIVATE_KEY = /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/;

/** Why a file is no CA bundle, and what would help. */
class Unfit extends Error {
  constructor(message: string, readonly remedy?: string) {
    super(message);
  }
}

/**
 * Checks the file of CA certificates that a policy names.
 *
 * @param rule The entry of the policy
 * @param uid Of the user
 * @returns Its real path
 * @throws {TomboloError} naming the rule, where it is no file of PEM certificates and nothing else
 */
export function checkedCaBundle(rule: PathRule, uid: number | null): string {
  const { real, kind } = resolveTrusted(rule.path, `CA bundle (${rule.origin})`, uid);
  const path = real.toString();
  try {
    if (kind !== "file") throw new Unfit(notAFile(kind));
    checkText(readBundle(path));
  } catch (error) {
    const { message, remedy } = error instanceof Unfit ? error : new Unfit("it cannot be read");
    throw new TomboloError(
      "policy",
      `Cannot use CA bundle ${quote(rule.text)} (${rule.origin}): ${message}`,
      {
        ...(remedy === undefined ? {} : { remedy }),
        cause: error,
      },
    );
  }
  return path;
}

function notAFile(kind: ResolvedPath["kind"]): string {
  if (kind === undefined) return "no such file";
  return kind === "directory" ? "it is a directory" : "it is not a regular file";
}

function readBundle(path: string): string {
  const { size } = Deno.statSync(path);
  if (size > LARGEST_BUNDLE) throw new Unfit(`${size} bytes are above ${LARGEST_BUNDLE}`);
  return Deno.readTextFileSync(path);
}

function checkText(text: string): void {
  if (!CERTIFICATE.test(text)) {
    throw new Unfit(
      "it holds no PEM certificate",
      "wanted -----BEGIN CERTIFICATE----- and base64; from DER: openssl x509 -inform der -in FILE -out FILE.pem",
    );
  }
  if (PRIVATE_KEY.test(text)) {
    throw new Unfit(
      "it holds a private key too, which the command could read",
      "name a file of certificates only",
    );
  }
}
