import type { Random } from "../chaos/random";
import type { AccountName, KeySpec, Program, RotatingSpec, Settings } from "./model";
import { mentionRestrictions } from "./restrictions";
import { changeSettings, LISTS } from "./settings";

/** The keys that a change of the program may refer to. */
export interface View {
  /** Labels of keys that belong to no stack. */
  strangers: readonly { label: string; account: AccountName }[];
  /** Labels of the keys of the stack's resources. */
  held: readonly { label: string; resource: string; account: AccountName }[];
}

const MOST_KEYS = 4;

/** Makes a few changes to a program, as its author may. */
export class Mutation {
  readonly program: Program;

  constructor(
    readonly random: Random,
    program: Program,
    readonly view: View,
    /** Returns a new resource name. */
    readonly newName: () => string,
  ) {
    this.program = structuredClone(program);
    // Most aliases stay for one `up`.
    for (const key of this.program.keys) if (random.chance(0.7)) delete key.alias;
  }

  apply(changes: number): Program {
    const { keys } = this.program;
    if (keys.length === 0) this.add();
    for (let n = 0; n < changes; n++) this.changeOne();
    this.dropBadTriggers();
    return this.program;
  }

  private changeOne(): void {
    const { random, program } = this;
    if (program.keys.length === 0) {
      this.add();
      return;
    }
    const key = random.pick(program.keys);
    const change = random.pick([
      () => this.add(),
      () => this.remove(key),
      ...Array.from({ length: 6 }, () => () => changeSettings(random, key.settings)),
      () => this.rename(key),
      () => this.changeOption(key),
      () => this.adoptStranger(key),
      () => this.move(key),
      () => this.move(key),
      () => this.adoptHeld(),
      () => {
        delete key.adopt;
      },
      () => this.changeAccount(key),
      () => this.rotate(key),
      () => this.changeRotation(),
      () => this.changeRotation(),
    ]);
    change();
  }

  private add(): KeySpec {
    const { random, program } = this;
    const key: KeySpec = { resource: this.newName(), settings: {} };
    for (let n = random.integer(0, 3); n > 0; n--) changeSettings(random, key.settings);
    if (random.chance(0.2)) key.account = random.pick(["main", "team"]);
    if (random.chance(0.15)) key.deleteBeforeReplace = true;
    if (random.chance(0.1)) key.retain = true;
    if (program.keys.length < MOST_KEYS) program.keys.push(key);
    return key;
  }

  private remove(key: KeySpec): void {
    this.program.keys = this.program.keys.filter((other) => other !== key);
  }

  private rename(key: KeySpec): void {
    const { resource } = key;
    key.resource = this.newName();
    if (this.random.chance(0.7)) key.alias = resource;
    else delete key.alias;
    for (const other of this.program.keys)
      if (other.triggerFrom === resource) other.triggerFrom = key.resource;
  }

  private changeOption(key: KeySpec): void {
    const { random } = this;
    const option = random.pick([
      "protect",
      "retain",
      "deleteBeforeReplace",
      "ignoreChanges",
      "replaceOnChanges",
    ] as const);
    if (key[option] !== undefined) delete key[option];
    else if (option === "ignoreChanges")
      key.ignoreChanges = random.pick([["budget"], ["models"], ["rotationTrigger"], ["enabled"], ["name"]]);
    else if (option === "replaceOnChanges")
      key.replaceOnChanges = random.pick([["budget"], ["models"], ["name"]]);
    // A protected key blocks many later steps.
    else if (option !== "protect" || random.chance(0.4)) key[option] = true;
  }

  private adoptStranger(key: KeySpec): void {
    const { random, program, view } = this;
    const free = view.strangers.filter(({ label }) => program.keys.every(({ adopt }) => adopt !== label));
    if (free.length === 0) return;
    this.adopt(random.chance(0.6) ? this.add() : key, random.pick(free));
  }

  /** The documented move: a new resource adopts the key of one that the program drops. */
  private move(key: KeySpec): void {
    const held = this.view.held.find(({ resource }) => resource === key.resource);
    if (held === undefined) return;
    this.remove(key);
    const { deleteBeforeReplace: _, ...kept } = key;
    const moved: KeySpec = {
      ...(this.random.chance(0.7) ? kept : { settings: {} }),
      resource: this.newName(),
    };
    delete moved.alias;
    this.program.keys.push(moved);
    this.adopt(moved, held);
    if (this.random.chance(0.4)) this.add();
    if (held.account === "main" && this.random.chance(0.4)) moved.account = "main";
  }

  /** A mistake: a key that another resource holds. */
  private adoptHeld(): void {
    const { random, view } = this;
    if (view.held.length > 0) this.adopt(this.add(), random.pick(view.held));
  }

  private adopt(key: KeySpec, { label, account }: { label: string; account: AccountName }): void {
    key.adopt = label;
    delete key.triggerFrom;
    // Some authors leave out what restricts the key.
    if (!/[05]$/.test(key.resource)) mentionRestrictions(key.settings);
    if (account === "team") key.account = "team";
    else if (key.account === "team") delete key.account;
  }

  private changeAccount(key: KeySpec): void {
    const { random } = this;
    if (key.adopt !== undefined) return;
    if (key.account === "main") delete key.account;
    else if (key.account === undefined && random.chance(0.6)) key.account = "main";
    else {
      // A change of the account needs a new key, which the program must request.
      if (key.account === "team") delete key.account;
      else key.account = "team";
      delete key.triggerFrom;
      delete key.alias;
      delete key.ignoreChanges;
      key.settings.rotationTrigger = random.integer(1_001, 2_000);
    }
  }

  private rotate(key: KeySpec): void {
    const { random, program } = this;
    const at = program.keys.indexOf(key);
    const before = program.keys[at - 1];
    if (before !== undefined && key.adopt === undefined && random.chance(0.4)) {
      key.triggerFrom = before.resource;
      delete key.settings.rotationTrigger;
    } else {
      delete key.triggerFrom;
      key.settings.rotationTrigger = random.integer(1, 1_000);
    }
  }

  private changeRotation(): void {
    const { random, program } = this;
    const { rotating } = program;
    if (rotating === undefined) {
      program.rotating = { nowH: 0, settings: {} };
    } else if (random.chance(0.1)) delete program.rotating;
    else changeRotating(random, rotating);
  }

  /** Drops triggers that do not come from an earlier resource. */
  private dropBadTriggers(): void {
    const { keys } = this.program;
    for (const [at, key] of keys.entries()) {
      const isThere = keys.slice(0, at).some(({ resource }) => resource === key.triggerFrom);
      if (!isThere || key.adopt !== undefined) delete key.triggerFrom;
    }
  }
}

function changeRotating(random: Random, { settings }: RotatingSpec): void {
  const changes: readonly (() => Settings)[] = [
    () => ({ budget: random.integer(1, 9) }),
    () => ({ models: structuredClone(random.pick(LISTS.models)) }),
    () => ({ enabled: !(settings.enabled ?? true) }),
    () => ({ budgetWindow: random.pick(LISTS.windows) }),
  ];
  Object.assign(settings, random.pick(changes)());
}
