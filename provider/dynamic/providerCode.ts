/**
 * FROZEN CONTRACT: Pulumi stores these texts with every resource, and old states run them. They only load the installed
 * code, so that fixes reach every existing stack, and contain no value of the program or the environment. Literals, so that
 * no compiler, bundler or serializer can change them.
 *
 * The host calls `handler()` for the provider. The lookup starts at the working directory, since a plain `require`
 * cannot resolve a package by its own name from inside its repository.
 */
function textFor(provider: string): string {
  return `exports.handler = () => {
  try {
    return require("node:module").createRequire(process.cwd() + "/")("pulumi-electronhub/handler")${provider};
  } catch (error) {
    const folder = process.cwd();
    const isMissing = /MODULE_NOT_FOUND$/.test(error.code) && /'pulumi-electronhub\\/handler'/.test(error.message);
    const message = error.isForUser
      ? error.message
      : isMissing
        ? "pulumi-electronhub is not installed for " + folder + ": add pulumi-electronhub to this project's dependencies (npm install pulumi-electronhub). If it is one of them, run npm ci."
        : "pulumi-electronhub cannot be loaded (" + (error.code || error.message) + "): run npm ci in " + folder;
    throw Object.assign(error, { message, stack: "", toString: () => "" });
  }
};
`;
}

/** The provider of a `ProxyKey`. */
export const PROVIDER_TEXT = textFor("");

/** The provider of a `RotatingProxyKey`'s records. */
export const ROTATION_TEXT = textFor(".rotation");
