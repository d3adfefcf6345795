/** What an exit status of `tombolo run` means; help and man page are made from these. */
export const EXIT_STATUSES: readonly (readonly [status: string, meaning: string])[] = [
  ["the command's", "it ran and ended by itself"],
  ["128+n", "signal n ended it"],
  ["124", "--timeout or --max-cpu-time ended it"],
  ["125", "tombolo itself failed, and nothing ran: bad flag, bad policy, no sandbox"],
  ["126", "the command is not executable, or refused by --allow-run or --deny-run"],
  ["127", "the command was not found"],
];
