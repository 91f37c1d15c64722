import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { secretInputNames, type Properties } from "../lifecycle/schema/inputs";
import { inClear, isSecret, secretResult } from "../lifecycle/schema/secretEnvelope";
import { plainJson, secretOutputNames } from "../lifecycle/schema/state";

/** Properties of a request, in clear, and the names of those that are secrets or contain one. */
export interface Received {
  properties: Properties;
  secrets: readonly string[];
}

export function received(struct: Struct | undefined): Received {
  const sent = (struct?.toJavaScript() ?? {}) as Properties;
  return {
    properties: inClear(sent) as Properties,
    secrets: Object.keys(sent).filter((name) => isSecret(sent[name])),
  };
}

const ALWAYS_SECRET: ReadonlySet<string> = new Set([...secretInputNames, ...secretOutputNames]);

/**
 * Properties for the engine. A property that is always a secret, or that came as one, is marked as a secret.
 *
 * @param secrets names of further properties that are secrets.
 */
export function toStruct(properties: Properties, secrets: readonly string[] = []): Struct {
  const marked = Object.entries(plainJson(properties)).map(([name, value]) => {
    const isHidden = !isSecret(value) && (ALWAYS_SECRET.has(name) || secrets.includes(name));
    return [name, isHidden ? secretResult(value) : value];
  });
  return Struct.fromJavaScript(Object.fromEntries(marked) as Parameters<typeof Struct.fromJavaScript>[0]);
}
