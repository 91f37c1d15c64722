import type { ResourceProvider } from "@pulumi/pulumi/dynamic";

type Properties = Record<string, unknown>;
type Handler = Required<ResourceProvider<Properties, Properties>>;

/**
 * FROZEN CONTRACT: Pulumi stores the text of this object in every state, and old states run it. It knows nothing but
 * the way to the installed code, so that fixes reach every existing stack, and captures no value of the program or the
 * environment. The lookup starts at the working directory, since a plain `require` cannot resolve a package by its own
 * name from inside its repository.
 */
function handler(): Handler {
  try {
    return require("node:module").createRequire(process.cwd() + "/")("pulumi-electronhub/handler");
  } catch (error) {
    throw Object.assign(
      new Error(
        "pulumi-electronhub cannot be loaded in " +
          process.cwd() +
          ": " +
          (error as Error).message +
          "\nRun npm ci there.",
      ),
      { stack: "" },
    );
  }
}

// No comment inside the functions: their text is stored twice for each resource.
export const shim: Handler = {
  configure: (request) => handler().configure(request),
  check: (olds, news) => handler().check(olds, news),
  diff: (id, olds, news) => handler().diff(id, olds, news),
  create: (inputs) => handler().create(inputs),
  read: (id, props) => handler().read(id, props),
  update: (id, olds, news) => handler().update(id, olds, news),
  delete: (id, props) => handler().delete(id, props),
};
