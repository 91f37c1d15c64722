import { goRunner } from "./languageStack";
import { testLanguage } from "./languageTests";

testLanguage("Go", goRunner);
