import type { Client } from "./client.ts";
import { close } from "./close.ts";
import { DialError } from "./dial.ts";
import type { Passage } from "./guarded_dialer.ts";
import { answer, type Next, parseTarget } from "./http.ts";
import { ConnectionLost, HttpExchange } from "./http_exchange.ts";
import { isUpgrade, keepsAlive, parsePlainTarget, type PlainTarget } from "./http_forward.ts";
import { type Framing, requestFraming } from "./http_framing.ts";
import { HttpError, type RequestHead } from "./http_head.ts";
import { dialAnswer } from "./status.ts";

/** Methods that a server may be asked twice (RFC 9110 section 9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

/**
 * Serves one plain request: decides, forwards it, and passes the response back.
 *
 * @returns Whether the client's connection can take another request
 * @throws {HttpError} When the request is malformed, or the server fails before its response has begun
 */
export async function servePlain(client: Client, head: RequestHead): Promise<Next> {
  const target = parsePlainTarget(head, (text) => parseTarget(client, text, 80));
  const framing = requestFraming(head);
  const request = { head, target, framing, upgrades: isUpgrade(head), shares: mayShare(head, framing) };
  const next = request.shares ? await forward(client, request, true) : "lost";
  if (next !== "lost") return next;
  const last = await forward(client, request, false);
  if (last === "lost") throw new HttpError(502, "the server closed the connection without a response");
  return last;
}

interface PlainRequest {
  readonly head: RequestHead;
  readonly target: PlainTarget;
  readonly framing: Framing;
  readonly upgrades: boolean;
  /** Whether its connection may serve other requests, before and after. */
  readonly shares: boolean;
}

/** Only what can be sent again may go out on a connection that the server may be closing at this moment. */
function mayShare(head: RequestHead, framing: Framing): boolean {
  return framing.kind === "none" && IDEMPOTENT.has(head.method) && !isUpgrade(head);
}

async function forward(client: Client, request: PlainRequest, reuse: boolean): Promise<Next | "lost"> {
  const { head, target, framing, upgrades, shares } = request;
  let passage: Passage;
  try {
    // Whoever answers 101 is spoken to directly from then on: were it a proxy, no rule would hold any more.
    passage = await client.dialer.open(target.host, "http", { reuse, tunnel: upgrades });
  } catch (error) {
    if (!(error instanceof DialError)) throw error;
    const close = framing.kind !== "none" || !keepsAlive(head);
    await answer(client, dialAnswer(target.host, error), { close, bodyless: head.method === "HEAD" });
    return close ? "close" : "keep";
  }
  const exchange = new HttpExchange(client, head, target, framing, passage);
  let lost = false;
  try {
    return await exchange.run();
  } catch (error) {
    lost = error instanceof ConnectionLost;
    if (!lost) throw error;
    return "lost";
  } finally {
    // What takes none of the kept connections must not add one each time.
    const keep = exchange.reusable && shares;
    if (!keep) close(passage.connection);
    const outcome = { sent: exchange.sent, received: exchange.received };
    passage.finish(lost ? undefined : outcome, keep);
  }
}
