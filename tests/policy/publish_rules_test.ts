import assert from "node:assert/strict";
import { flagsToSource } from "../../lib/cli/flags_to_source.ts";
import { parseFlags } from "../../lib/cli/flags.ts";
import type { PublishRule } from "../../lib/policy/net_policy.ts";
import { netPolicy } from "../../lib/policy/net_rules.ts";
import { TomboloError } from "../../lib/report/tombolo_error.ts";

function published(...values: readonly string[]): readonly PublishRule[] {
  const { flags } = parseFlags(values.map((value) => `--publish=${value}`));
  return netPolicy([flagsToSource(flags, "/")]).publish ?? [];
}

function refused(values: readonly string[], message: RegExp): void {
  assert.throws(
    () => published(...values),
    (error) => error instanceof TomboloError && error.status === 125 && message.test(error.message),
    values.join(" "),
  );
}

const FORMS: readonly (readonly [text: string, address: string, hostPort: number, innerPort: number])[] = [
  ["8080:3000", "127.0.0.1", 8080, 3000],
  ["0:3000", "127.0.0.1", 0, 3000],
  ["65535:1", "127.0.0.1", 65535, 1],
  ["0.0.0.0:8080:3000", "0.0.0.0", 8080, 3000],
  ["192.0.2.7:0:80", "192.0.2.7", 0, 80],
  ["[::1]:8080:3000", "::1", 8080, 3000],
  ["[::]:8080:3000", "::", 8080, 3000],
];

for (const [text, address, hostPort, innerPort] of FORMS) {
  Deno.test(`${text} publishes port ${innerPort} on ${address}`, () => {
    const [rule] = published(text);
    assert.deepEqual([String(rule?.address), rule?.hostPort, rule?.innerPort], [
      address,
      hostPort,
      innerPort,
    ]);
    assert.deepEqual([rule?.text, rule?.origin], [text, "--publish"]);
  });
}

Deno.test("what names no address as it is written, or no port, is an error and not a wider rule", () => {
  const bad = [
    "8080",
    ":8080:3000",
    "8080:",
    "8080:0",
    "65536:1",
    "1:65536",
    "-1:80",
    "8080:3000:1:2",
    "a:b",
    "*:80:80",
  ];
  const addresses = [
    "localhost",
    "127.1",
    "0x7f.0.0.1",
    "2130706433",
    "::1",
    "[127.0.0.1]",
    "[::1%lo]",
    "[]",
    "256.1.1.1",
  ];
  for (const text of [...bad, ...addresses.map((address) => `${address}:8080:3000`)]) {
    refused([text], /^Cannot publish ".*" \(--publish\): wanted \[ADDRESS:\]PORT:INNERPORT$/);
  }
});

Deno.test("one port of the host cannot lead to two ports inside", () => {
  refused(
    ["8080:3000", "8080:3001"],
    /"8080:3001" \(--publish\): "8080:3000" \(--publish\) has taken that port/,
  );
  refused(["[::1]:1:3000", "[0:0::1]:1:3001"], /has taken that port/);
});

Deno.test("a rule that stands twice counts once; other addresses and free ports do not collide", () => {
  assert.equal(published("8080:3000", "127.0.0.1:8080:3000").length, 1);
  assert.equal(published("8080:3000", "[::1]:8080:3001", "0:3000", "0:3000", "8081:3000").length, 5);
});
