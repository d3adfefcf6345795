import assert from "node:assert/strict";
import { checkedCaBundle } from "../../lib/launch/ca_bundle.ts";
import { SafePath } from "../../lib/paths/safe_path.ts";
import { TomboloError } from "../../lib/report/tombolo_error.ts";
import { TempDirectory } from "./temp_directory.ts";

const CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\nAA==\n-----END CERTIFICATE-----\n";

function check(path: string): string {
  const rule = { text: "corp.pem", origin: "policy.json:3", path: SafePath.of(path), optional: false };
  return checkedCaBundle(rule, Deno.uid());
}

function refusal(path: string): string {
  try {
    return `taken: ${check(path)}`;
  } catch (error) {
    assert.ok(error instanceof TomboloError && error.status === 125);
    return error.message;
  }
}

const TAKEN: readonly (readonly [name: string, text: string])[] = [
  ["one certificate", CERTIFICATE],
  ["several, with words between", `# Corporate\n${CERTIFICATE}\nsubject=CN\n${CERTIFICATE}`],
  ["CRLF line ends", CERTIFICATE.replaceAll("\n", "\r\n")],
  ["OpenSSL's trusted form", CERTIFICATE.replaceAll("CERTIFICATE", "TRUSTED CERTIFICATE")],
];

for (const [name, text] of TAKEN) {
  Deno.test(`a CA bundle of ${name} is taken`, () => {
    using directory = new TempDirectory();
    const path = directory.file("corp.pem", text);
    assert.equal(check(path), path);
  });
}

const KEY = "-----BEGIN EC PRIVATE KEY-----\nAA==\n-----END EC PRIVATE KEY-----\n";
const REFUSED: readonly (readonly [name: string, text: string, why: RegExp])[] = [
  ["nothing", "", /it holds no PEM certificate$/],
  ["DER", "\x30\x82\x01\x0a\x02\x82", /it holds no PEM certificate$/],
  ["a marker without an end", "-----BEGIN CERTIFICATE-----\nAA==\n", /it holds no PEM certificate$/],
  ["a certificate without content", CERTIFICATE.replace("MIIB\nAA==\n", ""), /it holds no PEM certificate$/],
  [
    "another kind of PEM",
    CERTIFICATE.replaceAll("CERTIFICATE", "PUBLIC KEY"),
    /it holds no PEM certificate$/,
  ],
  ["a certificate and its key", `${CERTIFICATE}${KEY}`, /it holds a private key too/],
];

for (const [name, text, why] of REFUSED) {
  Deno.test(`a CA bundle of ${name} is refused, and the rule is named`, () => {
    using directory = new TempDirectory();
    const message = refusal(directory.file("corp.pem", text));
    assert.match(message, /^Cannot use CA bundle "corp\.pem" \(policy\.json:3\): /);
    assert.match(message, why);
  });
}

Deno.test("what is no file is refused as a CA bundle, and not waited for", () => {
  using directory = new TempDirectory();
  assert.match(refusal(directory.at("absent")), /: no such file$/);
  assert.match(refusal(directory.path), /: it is a directory$/);
  new Deno.Command("mkfifo", { args: [directory.at("fifo")] }).outputSync();
  assert.match(refusal(directory.at("fifo")), /: it is not a regular file$/);
});

Deno.test("a CA bundle behind a link that a sandbox could have put there is refused", () => {
  using directory = new TempDirectory();
  const target = directory.file("certificates/corp.pem", CERTIFICATE);
  Deno.symlinkSync(target, directory.at("link.pem"));
  assert.match(refusal(directory.at("link.pem")), /\(policy\.json:3\).*is a symbolic link/);
});

Deno.test("a CA bundle larger than any real one is refused unread", () => {
  using directory = new TempDirectory();
  const path = directory.file("corp.pem", CERTIFICATE);
  Deno.truncateSync(path, 17 * 1024 * 1024);
  assert.match(refusal(path), /17825792 bytes are above 16777216$/);
});
