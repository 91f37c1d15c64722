import { secretEnvelope } from "../../../../provider/lifecycle/schema/secretEnvelope";

export const PROXY_KEY = "pulumi-nodejs:dynamic/electronhub:ProxyKey";
export const PROVIDER = "pulumi:providers:pulumi-nodejs";
export const BUCKET = "aws:s3/bucket:Bucket";
export const SAVED = "2026-11-24T11:52:16.795476678Z";

export const urn = (type: string, name: string) => `urn:pulumi:dev::app::${type}::${name}`;
export const stackItself = { urn: urn("pulumi:pulumi:Stack", "app-dev"), type: "pulumi:pulumi:Stack" };

export function encrypted(): Record<string, string> {
  const [entry] = Object.entries(secretEnvelope(""));
  return { ...(entry === undefined ? {} : { [entry[0]]: entry[1] }), ciphertext: "v1:nonce:text" };
}

export function provider(name: string, inputs: Record<string, unknown>) {
  return { urn: urn(PROVIDER, name), type: PROVIDER, id: `id-of-${name}`, custom: true, inputs };
}

export function proxyKey(name: string, changes: Record<string, unknown> = {}) {
  return {
    urn: urn(PROXY_KEY, name),
    type: PROXY_KEY,
    id: `pk-${name}`,
    custom: true,
    provider: `${urn(PROVIDER, "default")}::id-of-default`,
    inputs: { name: `${name}-inputs`, budget: 10 },
    outputs: { name: `${name}-on-account`, key: secretEnvelope(`made-up-${name}`), onDestroy: "remove" },
    ...changes,
  };
}

export function deployment(resources: unknown[], pending: unknown[] = []) {
  return { manifest: { time: SAVED }, resources: [stackItself, ...resources], pending_operations: pending };
}

export const mainAccount = provider("default", {
  version: "3.270.0",
  "electronhub:apiKey": secretEnvelope("made-up-api-key"),
  "electronhub:baseUrl": "http://127.0.0.1:1/v1",
  nested: { a: 1 },
});
