/** A client whose request has not come, as long as nobody needs its place. */
export interface WaitingClient {
  /** Ends its connection. */
  giveUp(): void;
}

/** Clients without a complete request, the longest waiting first: they make room for others. */
export class WaitingClients {
  readonly #clients = new Set<WaitingClient>();
  readonly #needs = new Set<symbol>();

  add(client: WaitingClient): void {
    this.#clients.add(client);
  }

  delete(client: WaitingClient): void {
    this.#clients.delete(client);
  }

  /**
   * Ends the client that waits longest; where all are busy, the next one that has to wait.
   *
   * @returns Says that the place has been found, from wherever it came
   */
  needPlace(): () => void {
    const [longest] = this.#clients;
    if (longest !== undefined) {
      longest.giveUp();
      return () => {};
    }
    const need = Symbol();
    this.#needs.add(need);
    return () => this.#needs.delete(need);
  }

  /** Notes that the next bytes of a client have not come yet: its place may be needed. */
  awaitBytesOf(client: WaitingClient): void {
    const [need] = this.#needs;
    if (need === undefined || !this.#clients.has(client)) return;
    this.#needs.delete(need);
    client.giveUp();
  }
}
