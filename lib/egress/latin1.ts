/** Decodes bytes one to one into the characters U+0000 to U+00FF, as HTTP heads want it (RFC 9110 5.5). */
export function fromLatin1(bytes: Uint8Array): string {
  // The decoder is quicker, but knows ISO 8859-1 only as windows-1252, which differs above 0x7f.
  if (isAscii(bytes)) return decoder.decode(bytes);
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

const decoder = new TextDecoder();

function isAscii(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at++) if ((bytes[at] ?? 0) > 0x7f) return false;
  return true;
}

/** Encodes characters up to U+00FF one to one into bytes. */
export function toLatin1(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}
