import { join } from "node:path";
import ts from "typescript";
import { REPOSITORY_ROOT } from "../support/engineEnvironment";

/**
 * The comments of a declaration's members, by their names, as one paragraph each.
 *
 * @throws Error when the file has no such declaration, or a member has no comment.
 */
export function memberDocs(file: string, declaration: string): Record<string, string> {
  const found = declarationIn(file, declaration);
  if (!ts.isInterfaceDeclaration(found) && !ts.isClassDeclaration(found)) {
    throw new Error(`${declaration} in ${file} has no members.`);
  }
  const members = [...found.members].filter(
    (member) =>
      (ts.isPropertySignature(member) || ts.isPropertyDeclaration(member)) && ts.isIdentifier(member.name),
  );
  return Object.fromEntries(members.map((member) => [member.name!.getText(), commentOf(member)]));
}

/** The comment of an exported declaration. */
export function docOf(file: string, declaration: string): string {
  const found = commentOf(declarationIn(file, declaration));
  if (found === "") throw new Error(`${declaration} in ${file} has no comment.`);
  return found;
}

function declarationIn(file: string, name: string): ts.Node {
  const path = join(REPOSITORY_ROOT, file);
  const source = ts.createSourceFile(path, ts.sys.readFile(path) ?? "", ts.ScriptTarget.Latest, true);
  // A class may share its name with an interface without a comment.
  const named = source.statements.filter(
    (statement) =>
      (ts.isInterfaceDeclaration(statement) ||
        ts.isClassDeclaration(statement) ||
        ts.isFunctionDeclaration(statement)) &&
      statement.name?.text === name,
  );
  const found = named.find((statement) => commentOf(statement) !== "") ?? named[0];
  if (found === undefined) throw new Error(`${file} does not declare ${name}.`);
  return found;
}

function commentOf(node: ts.Node): string {
  const comment = ts.getJSDocCommentsAndTags(node).find(ts.isJSDoc);
  const text = ts.getTextOfJSDocComment(comment?.comment) ?? "";
  return text
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.replaceAll(/\s*\n\s*/g, " ").trim())
    .filter((paragraph) => paragraph !== "Required.")
    .join("\n\n");
}
