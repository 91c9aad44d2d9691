import { Debouncer } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import type { IEdits, IPackage, IPlan, IProblem, Target } from '../api/answers';
import { Api, ISubject, problemOf } from '../api/requests';

/** How long typing must pause before the plan is made again; milliseconds. */
const PAUSE = 300;

/** What was looked up for a name that the user typed. */
export interface ILookUp {
  text: string;
  busy: boolean;
  found: IPackage | null;
  problem: IProblem | null;
}

/** A plan while the user changes it: their wishes, and what the server makes of them. */
export class PlanDraft {
  /**
   * @param filesOnly - Whether the files are all that is wanted, as without an engine.
   */
  constructor(
    private readonly _api: Api,
    readonly subject: ISubject,
    edits: IEdits = {},
    readonly filesOnly = false
  ) {
    this._edits = edits;
    this._debouncer = new Debouncer(() => this._make(), PAUSE);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get plan(): IPlan | null {
    return this._plan;
  }

  get problem(): IProblem | null {
    return this._problem;
  }

  /** Whether the plan on the screen is older than the wishes. */
  get busy(): boolean {
    return this._made < this._asked;
  }

  get edits(): IEdits {
    return this._edits;
  }

  /** Make the first plan. */
  async start(): Promise<void> {
    await this._ask();
  }

  /** Change a wish; the plan is made again once no more changes come. */
  wish(edits: IEdits): void {
    this._edits = { ...this._edits, ...edits };
    this._asked += 1;
    this._changed.emit();
    void this._debouncer.invoke();
  }

  /** Wait until the plan is that of the wishes. */
  async settled(): Promise<void> {
    while (this.busy) {
      await this._debouncer.invoke();
    }
  }

  /** Make the plan again although no wish changed: the files or the notebook did. */
  async again(): Promise<void> {
    await this._ask();
  }

  package(name: string, included: boolean): void {
    const { include = [], exclude = [] } = this._edits;
    const usual = this._usual.get(`package ${name}`) ?? false;
    this.wish({
      include: toggled(include, name, included && !usual),
      exclude: toggled(exclude, name, !included && usual)
    });
  }

  apt(name: string, included: boolean): void {
    const { apt = [], exclude_apt = [] } = this._edits;
    const usual = this._usual.get(`apt ${name}`) ?? false;
    this.wish({
      apt: toggled(apt, name, included && !usual),
      exclude_apt: toggled(exclude_apt, name, !included && usual)
    });
  }

  target(target: Target, chosen: boolean): void {
    const now = this.targets;
    this.wish({ targets: toggled([...now], target, chosen) as Target[] });
  }

  get targets(): readonly Target[] {
    const planned = this._plan?.targets.filter(state => state.chosen).map(state => state.target);
    return this._edits.targets ?? planned ?? [];
  }

  /** Whether a package is wanted, by the newest wish. */
  wanted(name: string, planned: boolean): boolean {
    const { include = [], exclude = [] } = this._edits;
    return include.includes(name) || (planned && !exclude.includes(name));
  }

  aptWanted(name: string, planned: boolean): boolean {
    const { apt = [], exclude_apt = [] } = this._edits;
    return apt.includes(name) || (planned && !exclude_apt.includes(name));
  }

  /** Take a module from outside the project along, or leave it out. */
  pack(name: string, along: boolean): void {
    const { pack = [], exclude = [] } = this._edits;
    this.wish({ pack: toggled(pack, name, along), exclude: toggled(exclude, name, !along) });
  }

  /** What was looked up for an import that was not found, or for "" to be added. */
  lookUp(place: string): ILookUp {
    return this._lookUps.get(place) ?? { text: '', busy: false, found: null, problem: null };
  }

  /** Take in what was typed; it counts for nothing yet. */
  type(place: string, text: string): void {
    this._lookUps.set(place, { text, busy: false, found: null, problem: null });
    const { [place]: answered, ...others } = this._edits.provides ?? {};
    if (answered !== undefined) {
      this.wish({ provides: others });
    } else {
      this._changed.emit();
    }
  }

  /** Look up what was typed: only a package that there is, with its summary shown, can count. */
  async find(place: string): Promise<void> {
    const text = this.lookUp(place).text.trim();
    if (!text || this.lookUp(place).found) {
      return;
    }
    const open = { text, found: null, problem: null };
    this._lookUps.set(place, { ...open, busy: true });
    this._changed.emit();
    let answer: ILookUp;
    try {
      answer = { ...open, busy: false, found: await this._api.package(text) };
    } catch (error) {
      answer = { ...open, busy: false, problem: problemOf(error) };
    }
    if (this.lookUp(place).text.trim() !== text) {
      return; // something else was typed meanwhile
    }
    this._lookUps.set(place, answer);
    if (place && answer.found?.known) {
      this.wish({ provides: { ...this._edits.provides, [place]: answer.found.name } });
    }
    this._changed.emit();
  }

  /** Take the package that was looked up for "" into the plan. */
  addFound(): void {
    const found = this.lookUp('').found;
    if (found?.known) {
      this._lookUps.delete('');
      this.package(found.name, true);
    }
  }

  /** Imports that nothing provides so far. */
  get unanswered(): string[] {
    const provides = this._edits.provides ?? {};
    const open = (this._plan?.questions ?? []).flatMap(question =>
      question.kind === 'unresolved' ? [question.import] : []
    );
    return open.filter(name => !(name in provides));
  }

  /** Questions without whose answer nothing can be written. */
  get blocked(): boolean {
    const { pack = [], exclude = [], keep_mine = false } = this._edits;
    return (this._plan?.questions ?? []).some(question => {
      switch (question.kind) {
        case 'outside':
          return !pack.includes(question.name) && !exclude.includes(question.name);
        case 'conflict':
          return !keep_mine;
        default:
          return false;
      }
    });
  }

  dispose(): void {
    this._debouncer.dispose();
    Signal.clearData(this);
  }

  private async _ask(): Promise<void> {
    this._asked += 1;
    this._changed.emit();
    await this._make();
  }

  private async _make(): Promise<void> {
    const asked = this._asked;
    try {
      const plan = await this._api.plan(this.subject, this._edits);
      if (asked < this._made) {
        return;
      }
      this._remember(plan);
      this._plan = plan;
      this._problem = null;
    } catch (error) {
      this._problem = problemOf(error);
    }
    this._made = Math.max(asked, this._made);
    this._changed.emit();
  }

  /** Keep what is in the plan without a wish: only what differs from it is a wish. */
  private _remember(plan: IPlan): void {
    const { include = [], exclude = [], apt = [], exclude_apt = [] } = this._edits;
    const keep = (kind: string, name: string, usual: boolean, wishes: string[]) => {
      if (!wishes.includes(name)) {
        this._usual.set(`${kind} ${name}`, usual);
      }
    };
    plan.requirements.forEach(r => keep('package', r.name, r.included, [...include, ...exclude]));
    plan.apt.forEach(a => keep('apt', a.name, a.included, [...apt, ...exclude_apt]));
  }

  private _edits: IEdits;
  private _plan: IPlan | null = null;
  private _problem: IProblem | null = null;
  private _asked = 0;
  private _made = 0;
  private readonly _usual = new Map<string, boolean>();
  private readonly _lookUps = new Map<string, ILookUp>();
  private readonly _debouncer: Debouncer<void>;
  private readonly _changed = new Signal<this, void>(this);
}

function toggled(names: readonly string[], name: string, on: boolean): string[] {
  const others = names.filter(one => one !== name);
  return on ? [...others, name] : others;
}
