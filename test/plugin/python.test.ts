import { pythonRunner } from "./languageStack";
import { testLanguage } from "./languageTests";

testLanguage("Python", pythonRunner);
