import { expect, it } from "vitest";
import { oneLine } from "../../../../provider/cli/terminal/plainText";
import { shellWord } from "../../../../provider/cli/terminal/shell";

it.each([
  ["bot\nprod  pk-1  removed", "bot prod  pk-1  removed"],
  ["a\r\nb\tc\u2028d\u2029e\u0085f\vg", "a b c d e f g"],
  ["\u001B[31mred\u001B[0m\u001B]0;title\u0007\u009B2J", "red"],
  ["a\u202Eb\u2066c\u200Ed\u061Ce\uFEFFf\u200Bg\u00ADh", "abcdefgh"],
  ["a\uD800b\u0000c\u007Fd", "abcd"],
  ["Schlüssel 鍵 🔑", "Schlüssel 鍵 🔑"],
])("%j is printed on one line, and as it is seen", (text, printed) => {
  expect(oneLine(text)).toBe(printed);
});

it.each([
  ["keys.json", "keys.json"],
  ["my keys.json", "'my keys.json'"],
  ["it's", String.raw`'it'\''s'`],
  ["pr-*", "'pr-*'"],
  ["$(rm -rf ~)", "'$(rm -rf ~)'"],
  ["~", "'~'"],
  ["a\nb", "'a\nb'"],
  ["", "''"],
  ["#1", "'#1'"],
])("%j is %s in a shell's command", (text, word) => {
  expect(shellWord(text)).toBe(word);
});
