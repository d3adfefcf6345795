import type { Client } from "./client.ts";
import type { RequestHead } from "./http_head.ts";
import type { ListenerCredential } from "./listener_credential.ts";
import { say } from "./say.ts";
import { type Answer, formatAnswer } from "./status.ts";

/** Why a client was turned away, for the event. */
export const WRONG_CREDENTIAL = "the proxy credential is wrong";

const ANSWER: Answer = {
  status: 407,
  error: "http_request_denied",
  text:
    "this proxy asks for a credential: use the whole URL of the environment, such as HTTPS_PROXY=http://tombolo:...@HOST:PORT",
};

/** The authority of what was asked for: the rest of a URL may hold secrets. */
function askedFor({ target }: RequestHead): string {
  return target.replace(/^[A-Za-z][A-Za-z0-9+.-]*:\/\//, "").replace(/[/?#].*$/, "").replace(/^.*@/, "") ||
    "/";
}

/**
 * Checks that a request shows the listener's credential, and answers 407 where it does not. A wrong one is recorded; none
 * at all is how some clients ask what is wanted.
 *
 * @returns Whether the request may go on; otherwise the connection is to be closed
 */
export async function authenticate(
  client: Client,
  credential: ListenerCredential,
  head: RequestHead,
): Promise<boolean> {
  const given = head.fields.all("proxy-authorization");
  const [first] = given;
  if (first !== undefined && given.length === 1 && credential.matchesBasic(first)) return true;
  if (first !== undefined) client.dialer.refuse(askedFor(head), WRONG_CREDENTIAL);
  await say(client, formatAnswer(ANSWER, { close: true, bodyless: head.method === "HEAD" }));
  return false;
}
