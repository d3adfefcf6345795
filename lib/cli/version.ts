/** The version of this tombolo; deno.json has the same. */
export const VERSION = "0.1.0";
