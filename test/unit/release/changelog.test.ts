import { describe, expect, it } from "vitest";
import { checkTag, releaseNotes } from "../../release/changelog";

const changelog = (...sections: string[]) => ["# Changelog", "", "A text.", "", ...sections, ""].join("\n");
const UNRELEASED = "## [Unreleased]\n";
const RELEASED = "## 1.2.0 - 2026-02-28\n\n### Added\n\n- A thing.\n";
const OLD = "## 1.1.0 - 2026-01-01\n\n- An old thing.\n";

describe("releaseNotes", () => {
  it("returns the version's section without its heading, and nothing of its neighbours", () => {
    expect(releaseNotes(changelog(UNRELEASED, RELEASED, OLD), "1.2.0")).toBe("### Added\n\n- A thing.\n");
    expect(releaseNotes(changelog(UNRELEASED, RELEASED, OLD), "1.1.0")).toBe("- An old thing.\n");
  });

  it("also reads a version in brackets", () => {
    expect(releaseNotes(changelog("## [1.0.0] - 2026-01-01\n\n- First.\n"), "1.0.0")).toBe("- First.\n");
  });

  it.each([
    ["has no section for it", changelog(UNRELEASED, OLD), /no section "## 1\.2\.0/],
    ["names a longer version only", changelog("## 1.2.01 - 2026-01-01\n\n- A.\n"), /no section/],
    ["is not dated", changelog("## 1.2.0 - unreleased\n\n- A.\n"), /dates 1\.2\.0 with "unreleased"/],
    ["has no date", changelog("## 1.2.0\n\n- A.\n"), /dates 1\.2\.0 with ""/],
    ["has a date that does not exist", changelog("## 1.2.0 - 2026-02-30\n\n- A.\n"), /2026-02-30/],
    ["says nothing about it", changelog("## 1.2.0 - 2026-01-01\n", OLD), /says nothing/],
    ["has it twice", changelog(RELEASED, RELEASED), /two sections/],
    [
      "still lists something as unreleased",
      changelog("## [Unreleased]\n\n- Forgotten.\n", RELEASED),
      /\[Unreleased\]/,
    ],
  ])("refuses a changelog that %s", (_, text, message) => {
    expect(() => releaseNotes(text, "1.2.0")).toThrow(message);
  });
});

describe("checkTag", () => {
  it("accepts the version's own tag only", () => {
    expect(() => checkTag("v1.2.0", "1.2.0")).not.toThrow();
    for (const tag of ["1.2.0", "v1.2.1", "v1.2.0-rc.1", ""])
      expect(() => checkTag(tag, "1.2.0"), tag).toThrow("Tag v1.2.0.");
  });
});
