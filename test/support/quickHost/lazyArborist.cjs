"use strict";
const Module = require("node:module");

/**
 * Loads npm's `@npmcli/arborist` on its first use: Pulumi's SDK loads it, with 450 modules, a quarter of the CPU time that a
 * host takes to start, for the serialization of functions only.
 */
const load = Module._load;
Module._load = function lazily(request, ...context) {
  if (request !== "@npmcli/arborist") return load.call(this, request, ...context);
  let loaded;
  // The SDK copies what a module exports, and so loads it, unless it is an ES module.
  const get = (_, name) => name === "__esModule" || (loaded ??= load.call(this, request, ...context))[name];
  return new Proxy({}, { get });
};
