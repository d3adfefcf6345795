/** Decodes bytes one to one into the characters U+0000 to U+00FF, as HTTP heads want it (RFC 9110 5.5). */
export function fromLatin1(bytes: Uint8Array): string {
  let text = "";
  // Spreading more arguments than this at once can overflow the stack.
  for (let at = 0; at < bytes.length; at += 4096) {
    text += String.fromCharCode(...bytes.subarray(at, at + 4096));
  }
  return text;
}

/** Encodes characters up to U+00FF one to one into bytes. */
export function toLatin1(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
