import { bridge } from "./bridge.ts";
import { fail } from "./fail.ts";
import { launch } from "./launch.ts";

const [role, separator, ...command] = Deno.args;
if (role === "bridge") await bridge();
else if (role === "launch" && separator === "--") launch(command);
else fail(125, "stage2 is started by tombolo only: expected bridge, or launch -- COMMAND");
