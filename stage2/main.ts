import { abi } from "./abi.ts";
import { confine } from "./confine.ts";
import { dial } from "./dial.ts";
import { fail } from "./fail.ts";
import { launch } from "./launch.ts";
import { start } from "./start.ts";
import { trial } from "./trial.ts";

const [role, ...parameters] = Deno.args;
// Not awaited: the build makes a script of it, which has no await of its own.
if (role === "start" && parameters[0] === "--") void start(parameters.slice(1));
else if (role === "launch" && parameters[0] === "--") launch(parameters.slice(1));
else if (role === "confine") confine(parameters);
else if (role === "dial") void dial(parameters);
else if (role === "trial") trial();
else if (role === "abi") abi();
else {
  fail(
    125,
    "stage2 is started by tombolo only: expected start or launch -- COMMAND, confine, dial, trial or abi",
  );
}
