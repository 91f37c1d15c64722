"use strict";
// The least that a dynamic provider can do: what the engine and the host cost by themselves.
const pulumi = require("@pulumi/pulumi");

const provider = {
  async create(inputs) {
    return { id: inputs.name, outs: { ...inputs, key: inputs.name } };
  },
  async delete() {},
};

class NoopKey extends pulumi.dynamic.Resource {
  constructor(name, args) {
    super(provider, name, { key: undefined, ...args }, { additionalSecretOutputs: ["key"] });
  }
}

/** Declares `count` keys. */
exports.declareNoopKeys = ({ count, budget }) => {
  return Array.from({ length: count }, (_, at) => new NoopKey(`key-${at}`, { name: `key-${at}`, budget }));
};
