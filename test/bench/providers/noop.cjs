"use strict";
// A dynamic provider that does nothing: shows the cost of the engine and the host.
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
