import type { ResourceProvider } from "@pulumi/pulumi/dynamic";

type Properties = Record<string, unknown>;
type Handler = Required<ResourceProvider<Properties, Properties>>;

/**
 * FROZEN CONTRACT: Pulumi stores the text of this object in every state, and old states run it. It knows nothing but
 * the way to the installed code, so that fixes reach every existing stack, and captures no value of the program or the
 * environment. The lookup starts at the working directory, since a plain `require` cannot resolve a package by its own
 * name from inside its repository.
 */
function load(): Handler {
  try {
    return require("node:module").createRequire(`${process.cwd()}/`)("pulumi-electronhub/handler");
  } catch (error) {
    throw Object.assign(error as NodeJS.ErrnoException, {
      message: `pulumi-electronhub cannot be loaded (${(error as NodeJS.ErrnoException).code}): run npm ci in ${process.cwd()}`,
      stack: "",
      toString: () => "",
    });
  }
}

// Short, and no comment inside the functions: their text is stored twice for each resource.
export const shim: Handler = {
  configure: (...args) => load().configure(...args),
  check: (...args) => load().check(...args),
  diff: (...args) => load().diff(...args),
  create: (...args) => load().create(...args),
  read: (...args) => load().read(...args),
  update: (...args) => load().update(...args),
  delete: (...args) => load().delete(...args),
};
