"use strict";
// A dynamic provider as in Pulumi's documentation: fetch, one attempt, the key as id.
const pulumi = require("@pulumi/pulumi");

/** Declares `count` keys. */
exports.declarePlainKeys = ({ count, budget, baseUrl, apiKey }) => {
  const call = async (path, body) => {
    const response = await fetch(`${baseUrl}/auth/proxy/${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`Electron Hub: HTTP ${response.status}: ${await response.text()}`);
    return response.json();
  };
  const settings = (inputs) => ({
    name: inputs.name,
    allocated_ammount: inputs.budget,
    expires_at: -1,
    model_whitelist: [],
    ip_whitelist: [],
    limit_type: "daily",
  });
  const provider = {
    async create(inputs) {
      const created = await call("create", settings(inputs));
      return { id: created.key, outs: { ...inputs, key: created.key } };
    },
    async read(id, props) {
      const found = await call("lookup", { proxy_key: id });
      return { id, props: { ...props, name: found.name, budget: found.allocated_ammount } };
    },
    async update(id, olds, news) {
      await call("update", { proxy_key: id, ...settings(news) });
      return { outs: { ...news, key: id } };
    },
    async delete(id) {
      await call("remove", { proxy_key: id });
    },
  };
  class PlainKey extends pulumi.dynamic.Resource {
    constructor(name, args) {
      super(provider, name, { key: undefined, ...args }, { additionalSecretOutputs: ["key"] });
    }
  }
  return Array.from({ length: count }, (_, at) => new PlainKey(`key-${at}`, { name: `key-${at}`, budget }));
};
