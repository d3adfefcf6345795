/**
 * Feeds the parsers with broken input for a while; ends with 1 at the first error that is not a parser's own.
 *
 *     deno task fuzz [--seconds=30] [--seed=NUMBER] [--target=NAME]
 */
import { fuzz, TARGETS } from "./targets.ts";

const ROUNDS = 2000;

function option(name: string): string | undefined {
  const start = `--${name}=`;
  return Deno.args.find((argument) => argument.startsWith(start))?.slice(start.length);
}

const wanted = option("target");
const targets = Object.entries(TARGETS).filter(([name]) => wanted === undefined || name === wanted);
if (targets.length === 0) {
  console.error(`Cannot fuzz "${wanted}": wanted one of ${Object.keys(TARGETS).join(", ")}`);
  Deno.exit(2);
}
const first = Number(option("seed") ?? crypto.getRandomValues(new Uint32Array(1))[0]);
const end = performance.now() + 1000 * Number(option("seconds") ?? 30);
let turns = 0;
console.log(`seed ${first}`);
try {
  do {
    for (const [name, target] of targets) await fuzz(name, target, first + turns, ROUNDS);
    turns++;
  } while (performance.now() < end);
} catch (error) {
  console.error(error);
  Deno.exit(1);
}
console.log(`${turns * ROUNDS} inputs for each of: ${targets.map(([name]) => name).join(", ")}`);
