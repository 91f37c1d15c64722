/**
 * FROZEN CONTRACT: Pulumi stores this text with every resource, twice, and old states run it. It knows nothing but the
 * way to the installed code, so that fixes reach every existing stack, and holds no value of the program or the
 * environment. A literal, so that no compiler, bundler or serializer can change a byte of it.
 *
 * The host calls `handler()` for the provider. The lookup starts at the working directory, since a plain `require`
 * cannot resolve a package by its own name from inside its repository.
 */
export const PROVIDER_TEXT = `exports.handler = () => {
  try {
    return require("node:module").createRequire(process.cwd() + "/")("pulumi-electronhub/handler");
  } catch (error) {
    const message = "pulumi-electronhub cannot be loaded (" + error.code + "): run npm ci in " + process.cwd();
    throw Object.assign(error, { message, stack: "", toString: () => "" });
  }
};
`;
