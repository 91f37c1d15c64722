import { HOW_TO_GET_PULUMI } from "../pulumi/command";
import { PulumiProject } from "../pulumi/project";
import { ok, problemIn, warning, type Check } from "./check";

/** The project of the folder, as far as there is one. */
export type OpenedProject = { project: PulumiProject } | { error: unknown };

export async function openProject(folder: string): Promise<OpenedProject> {
  try {
    return { project: await PulumiProject.open(folder, { count: 0 }) };
  } catch (error) {
    return { error };
  }
}

const ASK_PULUMI = "See what `pulumi whoami -v` says in the program's folder.";

/** Who is logged in, and where. */
export function backendCheck(opened: OpenedProject): Promise<Check> {
  return looking("Backend", opened, async (project) => {
    const { user, url } = await project.backend();
    return `${user} at ${url === "" ? "a backend that has no URL" : withoutSecrets(url)}`;
  });
}

export function projectCheck(opened: OpenedProject): Promise<Check> {
  return looking("Project", opened, (project) => project.name());
}

async function looking(
  name: string,
  opened: OpenedProject,
  look: (project: PulumiProject) => Promise<string>,
): Promise<Check> {
  try {
    if ("error" in opened) throw opened.error;
    return ok(name, await look(opened.project));
  } catch (error) {
    const { why, nextStep } = problemIn(error, ASK_PULUMI);
    if (nextStep === HOW_TO_GET_PULUMI) return warning(name, "not known", "See Pulumi CLI.");
    return warning(name, why, nextStep);
  }
}

/** A parameter of a URL that a driver or a cloud takes a secret from. */
const SECRET_PARAMETER = /pass|pwd|secret|token|key|sig|cred/i;

/** A backend's URL without the password that one of a database may carry. */
export function withoutSecrets(text: string): string {
  // What cannot be taken apart may have a password anywhere.
  if (!URL.canParse(text)) return text.includes("@") ? `${text.split(":", 1)[0]}:…` : text;
  const url = new URL(text);
  if (url.password === "" && url.search === "") return text;
  if (url.password !== "") url.password = "***";
  for (const name of new Set(url.searchParams.keys())) {
    if (SECRET_PARAMETER.test(name)) url.searchParams.set(name, "***");
  }
  return url.href;
}
