/** The oldest Node on which the package's dependencies run, as package.json says. */
const MINIMUM = { major: 22, minor: 19 };

/** Why a version of Node is refused, and what to do. Undefined: it is new enough. */
export function refusalOfNode(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > MINIMUM.major || (major === MINIMUM.major && minor >= MINIMUM.minor)) return undefined;
  return `pulumi-electronhub needs Node ${MINIMUM.major}.${MINIMUM.minor} or newer, and this is ${version}.\nInstall a newer one: https://nodejs.org`;
}
