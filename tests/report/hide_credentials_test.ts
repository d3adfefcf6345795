import assert from "node:assert/strict";
import { hideCredentials } from "../../lib/report/hide_credentials.ts";

Deno.test("credentials are taken out of every URL of a text, and nothing else is", () => {
  const cases: readonly (readonly [string, string])[] = [
    [
      "mitmdump --mode upstream:http://u:secret@h:1 -p {port}",
      "mitmdump --mode upstream:http://...@h:1 -p {port}",
    ],
    ["a http://u@h/x@y https://p:@h b", "a http://...@h/x@y https://...@h b"],
    ["http://h/u:p@x me@example.com git@host:path", "http://h/u:p@x me@example.com git@host:path"],
  ];
  for (const [text, shown] of cases) assert.equal(hideCredentials(text), shown);
});
