import { objectOf, type Answer } from "./answer";
import type { LiveApi } from "./api";

/** Uses a key once: the shortest question to a model. */
export function useOnce(api: LiveApi, key: string, model: string): Promise<Answer> {
  const messages = [{ role: "user", content: "1" }];
  return api.send("chat", { model, messages, max_tokens: 16 }, key);
}

/** The model of `ELECTRONHUB_LIVE_MODEL`, or else the cheapest of the catalogue. Undefined: it shows no prices. */
export async function modelFor(
  api: LiveApi,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  return environment["ELECTRONHUB_LIVE_MODEL"] ?? cheapest((await api.send("models", undefined, null)).json);
}

export const NO_MODEL = "the catalogue shows no price of a text model; set ELECTRONHUB_LIVE_MODEL";

/** The text model with the lowest price above 0: a free one shows no use of credits. */
export function cheapest(catalogue: unknown): string | undefined {
  const { data = catalogue } = objectOf(catalogue);
  const models = (Array.isArray(data) ? (data as unknown[]) : []).map(objectOf).flatMap((model) => {
    const { id, endpoints, premium_model } = model;
    const { input, output } = objectOf(model["pricing"]);
    const isText = !Array.isArray(endpoints) || endpoints.some((one) => /chat/.test(String(one)));
    const price = Number(input) + Number(output);
    return typeof id === "string" && isText && premium_model !== true && price > 0 ? [{ id, price }] : [];
  });
  return models.toSorted((a, b) => a.price - b.price)[0]?.id;
}
