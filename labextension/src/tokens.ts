import { Token } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';

import type {
  IAsk,
  IBox,
  IBoxes,
  IBuild,
  IEdits,
  IImages,
  IKernelSpec,
  ILimits,
  INotebookFacts,
  IPorts,
  ISharing
} from './api/answers';
import type { Api, IBuildOptions, ISubject } from './api/requests';
import type { Builds } from './model/builds';
import type { CurrentNotebook } from './model/current';
import type { PlanDraft } from './model/plan';
import type { Resource } from './model/resource';
import type { State } from './model/state';

/** How the project of one notebook can be opened elsewhere; null without a notebook. */
export interface IShared {
  path: string | null;
  sharing: ISharing | null;
}

/** What all views are drawn from. It has no widget, and asks only while somebody looks. */
export interface IDevboxModel {
  readonly api: Api;
  readonly current: CurrentNotebook;
  readonly builds: Builds;
  readonly boxes: Resource<IBoxes>;
  readonly kernels: Resource<IKernelSpec[]>;
  readonly ports: Resource<IPorts>;
  readonly images: Resource<IImages>;
  readonly asks: Resource<IAsk[]>;
  readonly sharing: Resource<IShared>;
  /** Emitted when anything about the notebook in front, its plan or its build changed. */
  readonly changed: ISignal<IDevboxModel, void>;
  readonly facts: INotebookFacts | null;
  readonly build: IBuild | null;
  readonly draft: PlanDraft | null;
  readonly state: State;
  connect(): Promise<void>;
  refresh(): Promise<void>;
  openPlan(edits?: IEdits, filesOnly?: boolean): Promise<PlanDraft | null>;
  closePlan(): void;
  startBuild(subject: ISubject, edits: IEdits, options: IBuildOptions): Promise<IBuild>;
  readonly hostKernels: { name: string; display_name: string }[];
  registered(name: string): string | null;
  readKernelspecs(): Promise<void>;
  putAside(build: IBuild): void;
}

export const IDevboxModel = new Token<IDevboxModel>(
  'jupyter-devbox:IDevboxModel',
  'What the views of jupyter-devbox are drawn from: the notebook in front, builds, boxes, images.'
);

/** What a user can do: the same from a button, the palette, a menu and a cell's output. */
export interface IDevboxActions {
  containerize(edits?: IEdits, filesOnly?: boolean): Promise<void>;
  build(filesOnly?: boolean): Promise<void>;
  retry(build: IBuild, edits?: IEdits): Promise<void>;
  cancel(build: IBuild): Promise<void>;
  addToImage(): Promise<void>;
  switchTo(name: string): Promise<void>;
  restartWithLimits(suggested?: Partial<ILimits>): Promise<void>;
  review(): Promise<void>;
  stopBox(id: string): Promise<void>;
  /** Whether Lab has terminals, and this server gives them. */
  readonly terminals: boolean;
  openTerminal(box: IBox): Promise<void>;
  prune(): Promise<void>;
  /** Start TensorBoard beside the notebook in front, or find it; ends when it listens. */
  startTensorboard(): Promise<void>;
  answer(ask: IAsk, accept: boolean): Promise<void>;
  openLog(build: IBuild): Promise<void>;
  copy(text: string | Promise<string>): Promise<void>;
  save(): Promise<void>;
  checkAgain(): Promise<void>;
  openPanel(): Promise<void>;
}

export const IDevboxActions = new Token<IDevboxActions>(
  'jupyter-devbox:IDevboxActions',
  'What a user can do with jupyter-devbox, with the questions that it needs.'
);
