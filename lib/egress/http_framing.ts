import { type Fields, HttpError, type RequestHead, type ResponseHead } from "./http_head.ts";

/** How the end of a body is known (RFC 9112 section 6). */
export type Framing =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly length: number }
  | { readonly kind: "chunked" }
  | { readonly kind: "until-close" };

/** Reads the two framing fields. Whatever two readers could understand differently is refused. */
function declared(fields: Fields, minor: number, status: 400 | 502): Framing | undefined {
  const codings = fields.all("transfer-encoding");
  const lengths = fields.all("content-length");
  if (codings.length > 0) {
    if (lengths.length > 0) {
      throw new HttpError(status, "Content-Length and Transfer-Encoding stand together");
    }
    if (codings.length > 1 || codings[0]?.toLowerCase() !== "chunked") {
      throw new HttpError(status, "the Transfer-Encoding is not chunked alone");
    }
    if (minor === 0) throw new HttpError(status, "Transfer-Encoding stands in an HTTP/1.0 message");
    return { kind: "chunked" };
  }
  const [length] = lengths;
  if (length === undefined) return undefined;
  if (lengths.length > 1) throw new HttpError(status, "Content-Length stands twice");
  if (!/^[0-9]{1,15}$/.test(length)) throw new HttpError(status, "the Content-Length is no number");
  return { kind: "length", length: Number(length) };
}

/**
 * Says how a request's body ends.
 *
 * @throws {HttpError} 400 where that is ambiguous
 */
export function requestFraming(head: RequestHead): Framing {
  return declared(head.fields, head.minor, 400) ?? { kind: "none" };
}

/**
 * Says how a response's body ends (RFC 9112 6.3).
 *
 * @param head The response
 * @param method Method of the request that it answers
 * @throws {HttpError} 502 where that is ambiguous
 */
export function responseFraming(head: ResponseHead, method: string): Framing {
  const framing = declared(head.fields, head.minor, 502);
  if (method === "HEAD" || head.status < 200 || head.status === 204 || head.status === 304) {
    return { kind: "none" };
  }
  return framing ?? { kind: "until-close" };
}
