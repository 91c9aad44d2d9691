import type { INotebookTracker } from '@jupyterlab/notebook';
import type { Event, ServiceManager } from '@jupyterlab/services';
import { PromiseDelegate } from '@lumino/coreutils';
import { Debouncer } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import {
  BUILD_EVENT,
  CHANGED_EVENT,
  Changed,
  IAsk,
  IBoxes,
  IBuild,
  IBuildEvent,
  IEdits,
  IImages,
  IKernelSpec,
  INotebookFacts,
  IPorts,
  IProblem
} from '../api/answers';
import { Api, IBuildOptions, ISubject, RequestError, problemOf } from '../api/requests';
import type { IDevboxModel, IShared } from '../tokens';
import { Builds } from './builds';
import { CurrentNotebook } from './current';
import { PlanDraft } from './plan';
import { Resource } from './resource';
import { State, stateOf } from './state';

/** Saving and running several cells are one change; milliseconds. */
const PAUSE = 800;

/** All that the views show: one source for panel, badge, status bar and menus. */
export class DevboxModel implements IDevboxModel {
  constructor(
    readonly api: Api,
    private readonly _services: ServiceManager.IManager,
    tracker: INotebookTracker | null
  ) {
    this.current = new CurrentNotebook(tracker);
    this.builds = new Builds(api);
    const online = this._online.promise;
    this.boxes = new Resource<IBoxes>(() => online.then(() => api.boxes()));
    this.kernels = new Resource<IKernelSpec[]>(() => online.then(() => api.kernels()));
    this.ports = new Resource<IPorts>(() => online.then(() => api.ports()));
    this.images = new Resource<IImages>(() => online.then(() => api.images()));
    this.asks = new Resource<IAsk[]>(() => online.then(() => api.asks()));
    this.sharing = new Resource<IShared>(() => online.then(() => this._askSharing()));
    this._debouncer = new Debouncer(() => this.refresh(), PAUSE);
    this.current.moved.connect(this._onMoved, this);
    this.current.touched.connect(() => void this._debouncer.invoke(), this);
    this.current.dirtied.connect(this._tell, this);
    this.builds.changed.connect(this._tell, this);
    this.builds.ended.connect(this._onEnded, this);
    this.asks.changed.connect(this._tell, this);
    _services.events.stream.connect(this._onEvent, this);
    document.addEventListener('visibilitychange', this._onVisible);
    this.asks.watch();
    void this.connect();
  }

  readonly current: CurrentNotebook;
  readonly builds: Builds;
  readonly boxes: Resource<IBoxes>;
  readonly kernels: Resource<IKernelSpec[]>;
  readonly ports: Resource<IPorts>;
  readonly images: Resource<IImages>;
  readonly asks: Resource<IAsk[]>;
  readonly sharing: Resource<IShared>;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get facts(): INotebookFacts | null {
    return this._facts;
  }

  /** The newest build of the notebook's project. */
  get build(): IBuild | null {
    const facts = this._facts;
    if (!facts) {
      return null;
    }
    const named = this.builds.get(facts.build);
    const newest = this.builds.of(facts.project.root);
    return newest ?? named ?? null;
  }

  get draft(): PlanDraft | null {
    return this._drafts.get(this.current.subject?.path ?? '') ?? null;
  }

  get state(): State {
    const build = this.build;
    return stateOf({
      serverOff: this._serverOff,
      open: !!this.current.subject,
      language: this.current.language,
      neverSaved: this.current.neverSaved,
      facts: this._facts,
      problem: this._problem,
      draft: this.draft,
      build: build && this._aside.has(build.id) ? null : build
    });
  }

  /** Find out whether the server half is there, and read what it knows. */
  async connect(): Promise<void> {
    try {
      await this.api.about();
      this._serverOff = false;
      this._online.resolve();
    } catch (error) {
      this._serverOff = error instanceof RequestError && error.status === 404;
      this._problem = problemOf(error);
      this._tell();
      return;
    }
    await Promise.all([this.builds.load(), this.refresh()]);
  }

  /** Ask about the notebook in front again. */
  async refresh(): Promise<void> {
    if (this._serverOff) {
      return this.connect();
    }
    const subject = this.current.subject;
    if (!subject || document.hidden) {
      this._stale = !!subject;
      this._tell();
      return;
    }
    const asked = (this._asked += 1);
    this._stale = false;
    let facts: INotebookFacts | null = null;
    let problem: IProblem | null = null;
    try {
      facts = await this.api.notebook(subject);
    } catch (error) {
      problem = problemOf(error);
    }
    if (asked < this._shown) {
      return; // another notebook or kernel is in front by now, or a newer answer has come
    }
    this._shown = asked;
    this._facts = facts ?? this._facts;
    this._problem = problem;
    if (facts?.build && !this.builds.get(facts.build)) {
      void this.builds.refresh(facts.build);
    }
    this._tell();
  }

  /** Open the plan of the notebook in front. */
  async openPlan(edits: IEdits = {}, filesOnly = false): Promise<PlanDraft | null> {
    const subject = this.current.subject;
    if (!subject) {
      return null;
    }
    this.closePlan();
    const draft = new PlanDraft(this.api, subject, edits, filesOnly);
    draft.changed.connect(this._tell, this);
    this._drafts.set(subject.path, draft);
    await draft.start();
    return draft;
  }

  closePlan(): void {
    const draft = this.draft;
    if (draft) {
      this._drafts.delete(draft.subject.path);
      draft.dispose();
      this._tell();
    }
  }

  /** Begin a build of a notebook; one of its project that runs already is joined. */
  async startBuild(subject: ISubject, edits: IEdits, options: IBuildOptions): Promise<IBuild> {
    const build = await this.api.build(subject, edits, options);
    this.builds.add(build);
    if (this.draft?.subject.path === subject.path) {
      this.closePlan();
    }
    return build;
  }

  /** Kernels of this machine, outside of every box, that a notebook can be switched to. */
  get hostKernels(): { name: string; display_name: string }[] {
    const specs = Object.values(this._services.kernelspecs.specs?.kernelspecs ?? {});
    return specs.flatMap(spec =>
      spec && spec.language === 'python' && !spec.metadata?.jupyter_devbox
        ? [{ name: spec.name, display_name: spec.display_name }]
        : []
    );
  }

  /** Return what a kernelspec of ours is called; null where none of that name is registered. */
  registered(name: string): string | null {
    const spec = this._services.kernelspecs.specs?.kernelspecs[name];
    return spec?.metadata?.jupyter_devbox ? spec.display_name : null;
  }

  /** Stop showing an ended build under *This notebook*; *Builds* keeps it. */
  putAside(build: IBuild): void {
    this._aside.add(build.id);
    this._tell();
  }

  /** Read anew which kernels are registered. */
  async readKernelspecs(): Promise<void> {
    await this._services.kernelspecs.refreshSpecs();
  }

  dispose(): void {
    document.removeEventListener('visibilitychange', this._onVisible);
    this._services.events.stream.disconnect(this._onEvent, this);
    this._debouncer.dispose();
    this.current.dispose();
    this.builds.dispose();
    Signal.clearData(this);
  }

  private _onMoved(): void {
    const path = this.current.subject?.path;
    if (this._facts?.path !== path) {
      this._facts = null;
      this._problem = null;
    }
    this._shown = this._asked += 1; // what was asked before is of another notebook or kernel
    this.boxes.expire();
    this.sharing.expire();
    this._tell();
    void this._debouncer.invoke();
  }

  private _onEnded(_: Builds, build: IBuild): void {
    this.kernels.expire();
    this.images.expire();
    this.boxes.expire();
    this.sharing.expire();
    void this._services.kernelspecs.refreshSpecs();
    if (build.project.root === this._facts?.project.root) {
      void this.refresh();
    }
  }

  private _onEvent(_: Event.IManager, event: Event.Emission): void {
    if (event.schema_id === BUILD_EVENT) {
      this.builds.apply(event as unknown as IBuildEvent);
    } else if (event.schema_id === CHANGED_EVENT) {
      this._onChanged((event as unknown as { what: Changed }).what);
    }
  }

  private _onChanged(what: Changed): void {
    switch (what) {
      case 'boxes':
      case 'images':
      case 'asks':
      case 'ports':
        this[what].expire();
        break;
      case 'kernels':
        this.kernels.expire();
        void this._services.kernelspecs.refreshSpecs();
        break;
      case 'builds':
        void this.builds.load();
        break;
    }
    if (what !== 'images' && what !== 'asks' && what !== 'ports') {
      void this._debouncer.invoke();
    }
  }

  private _onVisible = (): void => {
    if (!document.hidden) {
      this.sharing.expire(); // somebody may have been away to commit and push
      [this.boxes, this.kernels, this.ports, this.images, this.asks].forEach(one => one.wake());
      if (this._stale) {
        void this.refresh();
      }
    }
  };

  private async _askSharing(): Promise<IShared> {
    const path = this.current.subject?.path ?? null;
    return { path, sharing: path === null ? null : await this.api.share(path) };
  }

  private _tell(): void {
    this._changed.emit();
  }

  private readonly _online = new PromiseDelegate<void>();
  private _serverOff = false;
  private _facts: INotebookFacts | null = null;
  private _problem: IProblem | null = null;
  private _asked = 0;
  private _shown = 0;
  private _stale = false;
  private readonly _aside = new Set<string>();
  private readonly _drafts = new Map<string, PlanDraft>();
  private readonly _debouncer: Debouncer<void>;
  private readonly _changed = new Signal<this, void>(this);
}
