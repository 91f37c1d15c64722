/**
 * What the changelog says about a version, for its release.
 *
 * @throws if the version has no section with a date and a text, or if something is still listed as unreleased.
 */
export function releaseNotes(changelog: string, version: string): string {
  const [, ...sections] = changelog.split(/^## /m);
  const found = new Map<string, { date: string; text: string }>();
  for (const section of sections) {
    const end = section.indexOf("\n");
    const [, name = "", date = ""] =
      /^\[?([^\]\s]+)\]?(?: - (.*))?$/.exec(section.slice(0, end).trim()) ?? [];
    if (found.has(name)) throw new Error(`CHANGELOG.md has two sections for ${name}.`);
    found.set(name, { date, text: section.slice(end).trim() });
  }
  const own = found.get(version);
  if (own === undefined) throw new Error(`CHANGELOG.md has no section "## ${version} - YYYY-MM-DD".`);
  if (!isDate(own.date))
    throw new Error(`CHANGELOG.md dates ${version} with "${own.date}". Write the day as YYYY-MM-DD.`);
  if (own.text === "") throw new Error(`CHANGELOG.md says nothing about ${version}.`);
  if ((found.get("Unreleased")?.text ?? "") !== "")
    throw new Error(`CHANGELOG.md lists changes below [Unreleased]. Move them below ${version}.`);
  return `${own.text}\n`;
}

function isDate(text: string): boolean {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN;
  // Some days, such as the 30th of February, are read as another one.
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

/** @throws unless the tag is "v" and the version. */
export function checkTag(tag: string, version: string): void {
  if (tag !== `v${version}`)
    throw new Error(`The tag is ${tag}, but package.json has the version ${version}. Tag v${version}.`);
}
