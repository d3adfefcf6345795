const encoder = new TextEncoder();
/** Keeps what raw addresses point to from being collected; stage2 execs or ends soon. */
const pinned: ArrayBuffer[] = [];

/** Returns the address of a copy of `bytes` that stays where it is. */
export function pin(bytes: Uint8Array): bigint {
  // A buffer of its own: V8 keeps the contents of small typed arrays on its heap, where they move.
  const buffer = new ArrayBuffer(Math.max(1, bytes.length));
  const copy = new Uint8Array(buffer);
  copy.set(bytes);
  pinned.push(buffer);
  return addressOf(copy);
}

/** Returns the address of 64-bit words, as many structs of the kernel are made of. */
export function pinWords(...words: readonly bigint[]): bigint {
  return pin(new Uint8Array(new BigUint64Array(words).buffer));
}

/** Returns the address of a NUL-terminated string. */
export function pinString(text: string): bigint {
  return pin(encoder.encode(text + "\0"));
}

/** Returns the address of a NULL-terminated array of strings, as execve takes it. */
export function pinStrings(texts: readonly string[]): bigint {
  const bytes = encoder.encode(texts.map((text) => text + "\0").join(""));
  const start = pin(bytes);
  const pointers = new BigUint64Array(texts.length + 1);
  let offset = 0;
  for (let index = 0; index < texts.length; index++) {
    pointers[index] = start + BigInt(offset);
    offset = bytes.indexOf(0, offset) + 1;
  }
  return pin(new Uint8Array(pointers.buffer));
}

/**
 * The address of an array, as long as something keeps it.
 *
 * @param view Of a buffer of its own: V8 keeps the contents of small arrays on its heap, where they move
 */
export function addressOf(view: ArrayBufferView<ArrayBuffer>): bigint {
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(view as Uint8Array<ArrayBuffer>));
}
