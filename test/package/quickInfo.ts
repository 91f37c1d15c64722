import { join } from "node:path";
import ts from "typescript";
import { REPOSITORY_ROOT } from "../support/engineEnvironment";

/** What an editor shows of a property of one of the package's types. */
export interface QuickInfo {
  property: string;
  isOptional: boolean;
  /** The declaration, the comment and its tags, with one space between words. */
  text: string;
}

/** The types of the built package, as an editor reads them by TypeScript's language service. */
export class Editor {
  readonly #file = join(REPOSITORY_ROOT, "test", "package", "hovered.ts");
  readonly #service: ts.LanguageService;
  #text = "";
  #version = 0;

  constructor() {
    this.#service = ts.createLanguageService({
      getScriptFileNames: () => [this.#file],
      getScriptVersion: (file) => (file === this.#file ? String(this.#version) : "1"),
      getScriptSnapshot: (file) => {
        const text = file === this.#file ? this.#text : ts.sys.readFile(file);
        return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
      },
      getCurrentDirectory: () => REPOSITORY_ROOT,
      getCompilationSettings: () => ({
        module: ts.ModuleKind.NodeNext,
        moduleResolution: ts.ModuleResolutionKind.NodeNext,
        target: ts.ScriptTarget.ES2023,
        strict: true,
        skipLibCheck: true,
        types: ["node"],
      }),
      getDefaultLibFileName: ts.getDefaultLibFilePath,
      fileExists: ts.sys.fileExists,
      readFile: ts.sys.readFile,
      directoryExists: ts.sys.directoryExists,
    });
  }

  /**
   * @param type an expression for a type of the package, such as `ProxyKeyArgs`.
   * @param named the types of the package that it names.
   */
  propertiesOf(type: string, ...named: string[]): QuickInfo[] {
    const names = named.length === 0 ? [type] : named;
    const declaration = `import type { ${names.join(", ")} } from "pulumi-electronhub";\ndeclare const it: ${type};\n`;
    this.#write(`${declaration}it;\n`);
    const program = this.#service.getProgram();
    const source = program?.getSourceFile(this.#file);
    const statement = source?.statements.at(-1);
    if (!program || !statement || !ts.isExpressionStatement(statement))
      throw new Error("The file has no program.");
    const properties = program.getTypeChecker().getTypeAtLocation(statement.expression).getProperties();
    const uses = properties.map(({ name }) => `it.${name};`);
    this.#write(`${declaration}${uses.join("\n")}\n`);
    return properties.map(({ name, flags }, at) => {
      const before = [declaration, ...uses.slice(0, at).map((use) => `${use}\n`)].join("");
      const info = this.#service.getQuickInfoAtPosition(this.#file, before.length + "it.".length);
      const tags = (info?.tags ?? []).map((tag) => `@${tag.name} ${ts.displayPartsToString(tag.text)}`);
      const parts = [ts.displayPartsToString(info?.documentation), ...tags];
      return {
        property: name,
        isOptional: (flags & ts.SymbolFlags.Optional) !== 0,
        text: parts.join(" ").replaceAll(/\s+/g, " ").trim(),
      };
    });
  }

  #write(text: string): void {
    this.#text = text;
    this.#version += 1;
  }
}
