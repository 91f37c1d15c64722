import { yamlRunner } from "./languageStack";
import { testLanguage } from "./languageTests";

testLanguage("YAML", yamlRunner);
