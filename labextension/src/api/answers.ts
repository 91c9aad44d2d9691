/** What the server answers: the contract of `/jupyter-devbox/`, type by type. */

export type Target = 'cpu' | 'cuda' | 'venv';

/** Every error of the server's: one sentence, and the next command. */
export interface IProblem {
  code: string;
  message: string;
  hint: string;
  details?: string[];
}

export interface IProject {
  name: string;
  root: string;
}

export interface ITargetState {
  target: Target;
  label: string;
  builds: boolean;
  runs: boolean;
  /** Why it cannot run here, "" where it can. */
  reason: string;
  hint: string;
  bytes: number | null;
}

/** Upper bounds of a box, as people write them: `4g`, `1.5`, `512`; null for none. */
export interface ILimits {
  memory: string | null;
  cpus: string | null;
  shm_size: string | null;
  pids: string | null;
  /** Graphics cards of a CUDA box: `all`, `0,1`; null for another box. */
  gpus: string | null;
}

/** What a kernel's box has from its next start on, and what the user should know of it. */
export interface ILimited {
  name: string;
  files: string[];
  limits: ILimits;
  warnings: { code: string; message: string }[];
}

/** What the user wishes of the plan; a key that is not there wishes nothing. */
export interface IEdits {
  targets?: Target[];
  include?: string[];
  exclude?: string[];
  provides?: { [name: string]: string };
  apt?: string[];
  exclude_apt?: string[];
  pack?: string[];
  memory?: string | null;
  cpus?: string | null;
  shm_size?: string | null;
  pids?: string | null;
  gpus?: string | null;
  python?: string | null;
  base?: string | null;
  keep_mine?: boolean;
  split?: 'each' | 'off' | null;
}

export interface IKernelSpec {
  name: string;
  display_name: string;
  target: Target;
  /** Which of a split project's environments it is. */
  group?: string;
  project: string;
  image: string | null;
  bytes: number | null;
}

export interface IEngine {
  ok: boolean;
  code: string;
  message: string;
  hint: string;
}

export interface IUnresolved {
  import: string;
  cells: number[];
}

export interface IDrift {
  kind: 'added' | 'removed' | 'changed';
  name: string;
  version: string | null;
  /** What requirements.in says of its version, such as `==1.2`; "" where it is not there. */
  pinned: string;
  cell: number | null;
}

export interface INotebookKernel {
  id: string;
  name: string;
  display_name: string;
  target: 'host' | Target;
  /** Starting is also one that Jupyter is about to restart by itself. */
  state: 'starting' | 'running' | 'ended';
  /** Those of its box; null where it is in none. */
  limits: ILimits | null;
  /** False where it runs an older image than its kernelspec names. */
  current: boolean;
  death: IProblem | null;
}

export interface INotebookFacts {
  path: string;
  project: IProject;
  kernel: INotebookKernel | null;
  uses: { packages: number; apt: string[]; unresolved: IUnresolved[]; source: string };
  kernels: IKernelSpec[];
  drift: IDrift[];
  approved: boolean;
  engine: IEngine;
  targets: ITargetState[];
  /** The newest build of the project. */
  build: string | null;
}

export interface IRequirement {
  name: string;
  version: string | null;
  reason: string;
  detail: string;
  notable: boolean;
  included: boolean;
}

export type IQuestion =
  | { kind: 'unresolved'; import: string; cells: number[] }
  | { kind: 'outside'; name: string; path: string }
  | { kind: 'conflict'; files: string[] };

export interface IPlan {
  path: string;
  project: IProject;
  /** Identifies exactly what would be written; a build that names it builds nothing else. */
  digest: string;
  requirements: IRequirement[];
  apt: { name: string; reason: string; included: boolean }[];
  questions: IQuestion[];
  files: { path: string; state: 'new' | 'changed' | 'same' | 'removed' }[];
  diff: string[];
  base: { ref: string; python: string; reason: string };
  targets: (ITargetState & { chosen: boolean })[];
  limits: ILimits;
  /** All notebooks of the project, and its groups where it is split, each with its own. */
  notebooks: string[];
  groups: { [name: string]: string[] };
  /** What splitting saves, in sentences, where it is asked for. */
  savings: { says: string[] } | null;
  estimated_bytes: number | null;
  free_bytes: number | null;
  /** What building the chosen targets takes of it at most; 0 where all is there. */
  needed_bytes: number;
  decisions: { what: string; choice: string; reason: string }[];
  warnings: { code: string; message: string; cell: number | null }[];
}

export interface IPackage {
  name: string;
  version: string | null;
  summary: string;
  known: boolean;
}

export type BuildState = 'running' | 'done' | 'failed' | 'cancelled' | 'interrupted';

export interface IPhase {
  phase: string;
  status: 'waiting' | 'running' | 'done' | 'failed';
  detail: string;
  cached: boolean;
  seconds: number | null;
  current: number;
  total: number;
}

export interface IBuildProblem extends IProblem {
  phase: string;
  log: string[];
  fix: { label: string; edits: IEdits } | null;
}

export interface IBuild {
  id: string;
  path: string;
  project: IProject;
  targets: Target[];
  write_only: boolean;
  joined: boolean;
  state: BuildState;
  /** Rises with every change. */
  seq: number;
  started: string;
  ended: string | null;
  seconds: number;
  phases: IPhase[];
  fraction: number;
  step: [number, number];
  lines: number;
  problem: IBuildProblem | null;
  result: {
    files: string[];
    image: string | null;
    bytes: number | null;
    kernels: IKernelSpec[];
    left_out: string[];
  } | null;
  edits: IEdits;
}

export interface ILogPage {
  since: number;
  next: number;
  lines: string[];
  more: boolean;
}

export interface IBox {
  id: string;
  name: string;
  project: IProject;
  target: Target;
  group?: string;
  image: string | null;
  running: boolean;
  stale: boolean;
  /** VS Code made it: it is never stopped from here. */
  foreign: boolean;
  memory: string | null;
  use: IUse | null;
  gpus: IGpu[];
  kernels: { id: string; path: string | null; name: string }[];
  /** The command line that opens a shell in it. */
  shell: string;
}

/** What a box uses against its limits, in bytes and CPUs; null for what is not known or bounded. */
export interface IUse {
  memory: number | null;
  memory_limit: number | null;
  cpus: number | null;
  cpus_limit: number | null;
  pids: number | null;
  pids_limit: number | null;
}

/** A graphics card as a box sees it; bytes, and percent. */
export interface IGpu {
  index: number;
  name: string;
  memory: number;
  memory_used: number | null;
  utilization: number | null;
}

export interface IBoxes {
  boxes: IBox[];
  engine: IEngine;
}

/** A TCP port that a program in a box listens on. */
export interface IPort {
  port: number;
  /** What it listens at in the box. */
  address: string;
  /** 0 for a process of another user's. */
  pid: number;
  process: string;
  /** Which dashboard it seems to be; "" for others. */
  label: string;
  /** Its number on the loopback of the server's machine; null if it is not forwarded. */
  local: number | null;
}

export interface IBoxPorts {
  id: string;
  project: IProject;
  target: Target;
  group?: string;
  ports: IPort[];
}

export interface IPorts {
  boxes: IBoxPorts[];
  /** Whether the server's own address leads to ports. */
  proxied: boolean;
}

export interface IImage {
  id: string;
  name: string;
  project: IProject | null;
  target: Target;
  bytes: number;
  /** What removing it frees; null where the engine does not tell. */
  own_bytes: number | null;
  created: string;
  last_used: string | null;
  /** Why it stays; "" where nothing uses it. */
  used: string;
}

export interface IImages {
  images: IImage[];
  bytes: number;
  prunable_bytes: number;
  engine: IEngine;
}

export interface IPruned {
  removed: { kind: string; id: string; bytes: number }[];
  kept: { kind: string; id: string; reason: string }[];
  dry_run: boolean;
}

/** One way to open the project elsewhere. */
export interface IOffer {
  id: string;
  title: string;
  /** Null where a link would not work; `reason` says why, `hint` what to do. */
  url: string | null;
  /** The link as Markdown. */
  badge: string | null;
  reason: string;
  hint: string;
  /** What does the same from a terminal. */
  command: string;
}

export interface ISharing {
  project: IProject;
  repository: { host: string; path: string; url: string; branch: string } | null;
  offers: IOffer[];
}

export interface IFinding {
  id: string;
  kind: string;
  text: string;
  /** What stands there. */
  value?: string;
  path: string;
  allowed: boolean;
  /** A build waits for the answer. */
  blocking: boolean;
}

export interface ITrust {
  project: IProject;
  approved: boolean;
  digest: string;
  files: { path: string; state: string; diff: string[] }[];
  findings: IFinding[];
}

/** What a box asks the host for. */
export interface IAsk {
  id: string;
  project: IProject;
  box: string;
  notebook: string;
  asked: string;
  diff: string[];
}

/** A delta on the event bus: little, often, and never the whole truth. */
export interface IBuildEvent {
  build: string;
  seq: number;
  state: BuildState;
  phase: string;
  step: [number, number];
  fraction: number;
  lines: number;
}

export type Changed = 'boxes' | 'kernels' | 'images' | 'asks' | 'trust' | 'builds' | 'ports';

export const BUILD_EVENT = 'urn:jupyter-devbox:build';
export const CHANGED_EVENT = 'urn:jupyter-devbox:changed';
