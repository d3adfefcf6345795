/** Examples for help and man page: a command line, and what it is for. */
export const EXAMPLES: readonly (readonly [line: string, purpose: string])[] = [
  ["tombolo run -- make test", "build and test without network"],
  ["tombolo run --allow-net=github.com:443 -- git fetch", "one host, one port"],
  ["tombolo run --preset=npm -- npm install", "npm's cache and registry"],
  ["tombolo run --publish=8080:3000 -- npm run dev", "a server inside, on port 8080 outside"],
  ["tombolo run --preset=read-only --timeout=30s -- ./untrusted.sh", "write nothing, for half a minute"],
];
