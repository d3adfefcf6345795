/** Stands for the port in a variable that is no URL, until the port is known. */
export const PORT_PLACEHOLDER = "{TOMBOLO_PORT}";
