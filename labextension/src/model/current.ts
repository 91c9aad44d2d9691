import type { Cell } from '@jupyterlab/cells';
import type { DocumentRegistry } from '@jupyterlab/docregistry';
import {
  INotebookModel,
  INotebookTracker,
  Notebook,
  NotebookActions,
  NotebookPanel
} from '@jupyterlab/notebook';
import type { Kernel } from '@jupyterlab/services';
import { Debouncer } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import type { ISubject } from '../api/requests';

/** Cells with one of these words may change what the notebook uses. */
const TELLING = /\b(import|pip|conda|mamba|uv|apt|apt-get|install)\b/;

/** A kernel's states in which there is a reason to be told. */
const ENDED: readonly Kernel.Status[] = ['dead', 'autorestarting'];

/** Typing is one change; milliseconds. */
const PAUSE = 500;

/** The notebook in front, and what happens to it. */
export class CurrentNotebook {
  constructor(private readonly _tracker: INotebookTracker | null) {
    _tracker?.currentChanged.connect(this._follow, this);
    _tracker?.widgetAdded.connect(this._onAdded, this);
    _tracker?.forEach(panel => this._onAdded(_tracker, panel));
    NotebookActions.executed.connect(this._onExecuted, this);
    this._follow();
  }

  /** Emitted when another notebook, kernel or path is current. */
  get moved(): ISignal<this, void> {
    return this._moved;
  }

  /** Emitted when what the notebook uses may have changed: it was saved, or a cell was run. */
  get touched(): ISignal<this, void> {
    return this._touched;
  }

  /** Emitted when the page has changes that the file lacks, or has none any more. */
  get dirtied(): ISignal<this, void> {
    return this._dirtied;
  }

  get panel(): NotebookPanel | null {
    return this._panel;
  }

  /** The notebook's name for people. */
  get name(): string {
    return this._panel?.title.label ?? '';
  }

  get subject(): ISubject | null {
    const panel = this._panel;
    if (!panel || panel.isDisposed) {
      return null;
    }
    return { path: panel.context.path, kernel: panel.sessionContext.session?.kernel?.id };
  }

  /** Whether cells in the page differ from those of the file. */
  get dirty(): boolean {
    const model = this._panel?.context.model;
    // Lab also marks a notebook for what it writes into the metadata by itself.
    const file = model && this._files.get(model);
    return !!model?.dirty && file !== undefined && sources(model) !== file;
  }

  /** Whether all its code is in the page alone. */
  get neverSaved(): boolean {
    const model = this._panel?.context.model;
    const file = (model && this._files.get(model)) ?? '';
    return this.dirty && !file.split('\0').some(source => source.trim());
  }

  /** The language of its kernel, else of its file; "" when neither is known. */
  get language(): string {
    const panel = this._panel;
    if (!panel) {
      return '';
    }
    const name = panel.sessionContext.session?.kernel?.name;
    const spec = name ? panel.sessionContext.specsManager.specs?.kernelspecs[name] : undefined;
    return spec?.language || panel.context.model.defaultKernelLanguage || '';
  }

  async save(): Promise<void> {
    await this._panel?.context.save();
  }

  dispose(): void {
    this._leave();
    this._debouncer.dispose();
    Signal.clearData(this);
  }

  private _follow(): void {
    const panel = this._tracker?.currentWidget ?? null;
    if (panel === this._panel) {
      return;
    }
    this._leave();
    this._panel = panel;
    if (panel) {
      panel.sessionContext.kernelChanged.connect(this._tell, this);
      panel.sessionContext.statusChanged.connect(this._onStatus, this);
      panel.context.pathChanged.connect(this._tell, this);
      panel.context.saveState.connect(this._onSave, this);
      panel.context.model.contentChanged.connect(this._onContent, this);
      void panel.context.ready.then(() => this._tell());
    }
    this._tell();
  }

  private _leave(): void {
    const panel = this._panel;
    this._panel = null;
    if (panel && !panel.isDisposed) {
      panel.sessionContext.kernelChanged.disconnect(this._tell, this);
      panel.sessionContext.statusChanged.disconnect(this._onStatus, this);
      panel.context.pathChanged.disconnect(this._tell, this);
      panel.context.saveState.disconnect(this._onSave, this);
      panel.context.model.contentChanged.disconnect(this._onContent, this);
    }
  }

  private _onAdded(_: unknown, panel: NotebookPanel): void {
    void panel.context.ready.then(() => this._remember(panel));
  }

  /** Keep what the file has: the page has no more than that now. */
  private _remember(panel: NotebookPanel | null): void {
    if (panel && !panel.isDisposed) {
      this._files.set(panel.context.model, sources(panel.context.model));
    }
  }

  private _tell(): void {
    this._moved.emit();
  }

  private _onSave(_: unknown, state: DocumentRegistry.SaveState): void {
    if (state === 'completed') {
      this._remember(this._panel);
      this._touched.emit();
    }
  }

  private _onStatus(_: unknown, status: Kernel.Status): void {
    if (ENDED.includes(status)) {
      this._touched.emit();
    }
  }

  private _onContent(): void {
    void this._debouncer.invoke();
  }

  private _onExecuted(_: unknown, run: { notebook: Notebook; cell: Cell }): void {
    const ours = run.notebook === this._panel?.content;
    if (ours && TELLING.test(run.cell.model.sharedModel.getSource())) {
      this._touched.emit();
    }
  }

  private _panel: NotebookPanel | null = null;
  private readonly _files = new WeakMap<INotebookModel, string>();
  private readonly _debouncer = new Debouncer(() => this._dirtied.emit(), PAUSE);
  private readonly _moved = new Signal<this, void>(this);
  private readonly _touched = new Signal<this, void>(this);
  private readonly _dirtied = new Signal<this, void>(this);
}

/** Return the text of all cells, to be compared. */
function sources(model: INotebookModel): string {
  return [...model.cells].map(cell => cell.sharedModel.getSource()).join('\0');
}
