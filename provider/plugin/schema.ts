import { packageVersion } from "../config";
import schema from "./schema.json";

/** The package's schema for the engine, for `pulumi package add` and for the generators of SDKs. */
export function schemaText(): string {
  return JSON.stringify({ ...schema, version: packageVersion() });
}
