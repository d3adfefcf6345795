/** Closes a connection that may be closed already. */
export function close(connection: { close(): void }): void {
  try {
    connection.close();
  } catch {
    // Closed already, by the other side of the race.
  }
}
