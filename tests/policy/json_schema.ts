type Schema = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function hasType(type: unknown, value: unknown): boolean {
  switch (type) {
    case "object":
      return isObject(value);
    case "array":
      return Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    case "string":
      return typeof value === "string";
    case "boolean":
      return typeof value === "boolean";
    default:
      throw new Error(`unknown type ${String(type)}`);
  }
}

function acceptsObject(schema: Schema, value: Schema): boolean {
  const { properties = {}, additionalProperties = true, propertyNames = true, required = [] } = schema;
  const known = isObject(properties) ? properties : {};
  const names = Object.keys(value);
  return names.every((name) =>
    accepts(propertyNames, name) &&
    accepts(Object.hasOwn(known, name) ? known[name] : additionalProperties, value[name])
  ) && (!Array.isArray(required) || required.every((name) => names.includes(String(name))));
}

function isWithin({ exclusiveMinimum = -Infinity, maximum = Infinity }: Schema, value: number): boolean {
  return value > Number(exclusiveMinimum) && value <= Number(maximum);
}

const UNDERSTOOD = new Set([
  "$schema",
  "title",
  "type",
  "properties",
  "additionalProperties",
  "propertyNames",
  "required",
  "items",
  "anyOf",
  "const",
  "exclusiveMinimum",
  "maximum",
]);

/** Whether a JSON Schema accepts a value; a keyword that is not understood is an error (draft 2020-12, in part). */
export function accepts(schema: unknown, value: unknown): boolean {
  if (typeof schema === "boolean") return schema;
  if (!isObject(schema)) throw new Error("a schema is an object or a boolean");
  for (const keyword of Object.keys(schema)) {
    if (!UNDERSTOOD.has(keyword)) throw new Error(`unknown keyword ${keyword}`);
  }
  if ("type" in schema && !hasType(schema["type"], value)) return false;
  if ("const" in schema && schema["const"] !== value) return false;
  if (typeof value === "number" && !isWithin(schema, value)) return false;
  const { anyOf, items } = schema;
  if (Array.isArray(anyOf) && !anyOf.some((each) => accepts(each, value))) return false;
  if (items !== undefined && Array.isArray(value) && !value.every((item) => accepts(items, item))) {
    return false;
  }
  return !isObject(value) || acceptsObject(schema, value);
}
