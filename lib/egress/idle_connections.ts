import type { ByteReader } from "./byte_reader.ts";
import { close } from "./close.ts";
import type { Dialed } from "./dial.ts";
import { Watchdog } from "./watchdog.ts";

/** Shorter than the shortest usual limit of servers (5 s), so that the server is seldom the first to close. */
const IDLE_MS = 4000;
const MOST = 128;

/** A connection to a server between two plain requests. */
export interface IdleConnection extends Dialed {
  readonly reader: ByteReader;
}

/** When it came, by the monotonic clock. */
type Parked = IdleConnection & { readonly since: number };

/** Keeps connections that can take another plain request, and drops them when the server does or after four seconds. */
export class IdleConnections implements Disposable {
  readonly #byKey = new Map<string, Parked[]>();
  readonly #watchdog = new Watchdog();
  readonly #longest: number;
  #count = 0;
  #disposed = false;

  /** @param longest How long a connection is kept, in milliseconds; four seconds unless given */
  constructor(longest: number = IDLE_MS) {
    this.#longest = longest;
  }

  /** Takes the connection that was used last; undefined where none will do. */
  take(key: string): IdleConnection | undefined {
    const found = this.#byKey.get(key)?.pop();
    if (found === undefined) return undefined;
    this.#forget(key);
    if (found.reader.buffered.length === 0 && !this.#isOld(found)) return found;
    close(found.reader.connection);
    return undefined;
  }

  /** Hands a connection over; it is closed where there is no room for it. */
  park(key: string, connection: IdleConnection): void {
    if (this.#disposed || this.#count >= MOST) return close(connection.reader.connection);
    const idle = { ...connection, since: performance.now() };
    const list = this.#byKey.get(key);
    if (list === undefined) this.#byKey.set(key, [idle]);
    else list.push(idle);
    if (this.#count++ === 0) this.#watchdog.start(this.#longest, () => this.#sweep());
    // Its end, or bytes that nobody has asked for: either way it is of no more use.
    const drop = () => this.#drop(key, idle);
    idle.reader.readAhead().then(drop, drop);
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#watchdog[Symbol.dispose]();
    this.#closeAll();
  }

  #isOld({ since }: Parked): boolean {
    return performance.now() - since >= this.#longest;
  }

  /** Others come and go meanwhile: each has its own time. */
  #sweep(): void {
    for (const [key, list] of [...this.#byKey]) {
      for (const idle of list.filter((one) => this.#isOld(one))) this.#drop(key, idle);
    }
    if (this.#count > 0) this.#watchdog.start(this.#longest / 4, () => this.#sweep());
  }

  #drop(key: string, idle: Parked): void {
    const list = this.#byKey.get(key);
    const place = list?.indexOf(idle) ?? -1;
    if (place < 0) return;
    list?.splice(place, 1);
    this.#forget(key);
    close(idle.reader.connection);
  }

  #forget(key: string): void {
    this.#count--;
    if (this.#byKey.get(key)?.length === 0) this.#byKey.delete(key);
  }

  #closeAll(): void {
    for (const { reader } of [...this.#byKey.values()].flat()) close(reader.connection);
    this.#byKey.clear();
    this.#count = 0;
  }
}
