/** Random numbers that come again with the same seed (xorshift32, Marsaglia 2003). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed | 0) || 1;
  }

  /** 0 to `below` - 1. */
  next(below: number): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return (state >>> 0) % below;
  }

  pick<T>(list: readonly T[]): T {
    const chosen = list[this.next(list.length)];
    if (chosen === undefined) throw new RangeError("Cannot pick: the list is empty");
    return chosen;
  }
}

/** Bytes that parsers take for something special. */
const TELLING = [0, 1, 5, 9, 10, 13, 22, 32, 37, 44, 46, 47, 58, 59, 64, 91, 92, 93, 127, 128, 254, 255];

type Change = (bytes: number[], random: Random) => void;

const CHANGES: readonly Change[] = [
  (bytes, random) => bytes[random.next(bytes.length)] = random.next(256),
  (bytes, random) => bytes[random.next(bytes.length)] = random.pick(TELLING),
  (bytes, random) => bytes.splice(random.next(bytes.length + 1), 0, random.pick(TELLING)),
  (bytes, random) => bytes.splice(random.next(bytes.length), 1 + random.next(4)),
  (bytes, random) => bytes.length = random.next(bytes.length + 1),
  (bytes, random) => {
    const at = random.next(bytes.length);
    const piece = bytes.slice(at, at + 1 + random.next(16));
    for (let times = random.next(8); times >= 0; times--) {
      bytes.splice(random.next(bytes.length + 1), 0, ...piece);
    }
  },
  (bytes, random) => {
    const at = random.next(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.next(8));
  },
];

/** Some small changes to one of the seeds, or now and then nothing but noise. */
export function mutate(seeds: readonly Uint8Array[], random: Random): Uint8Array<ArrayBuffer> {
  if (random.next(50) === 0) return Uint8Array.from({ length: random.next(300) }, () => random.next(256));
  const bytes = [...random.pick(seeds)];
  for (let changes = random.next(6); changes >= 0 && bytes.length > 0; changes--) {
    random.pick(CHANGES)(bytes, random);
  }
  return Uint8Array.from(bytes);
}
