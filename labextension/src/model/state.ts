import type {
  IBuild,
  IDrift,
  IEngine,
  IKernelSpec,
  INotebookFacts,
  INotebookKernel,
  IProblem
} from '../api/answers';
import type { PlanDraft } from './plan';

/** What the section *This notebook* is about at a moment. */
export type State =
  | { kind: 'server-off' }
  | { kind: 'none' }
  | { kind: 'not-python' }
  | { kind: 'unsaved' }
  | { kind: 'loading' }
  | { kind: 'problem'; problem: IProblem }
  | { kind: 'plan'; draft: PlanDraft }
  | ({ facts: INotebookFacts } & Known);

type Known =
  | { kind: 'building'; build: IBuild }
  | { kind: 'unapproved' }
  | { kind: 'engine'; engine: IEngine }
  | { kind: 'death'; death: IProblem; kernel: INotebookKernel }
  | { kind: 'failed'; build: IBuild }
  | { kind: 'stopped'; build: IBuild }
  | { kind: 'rebuilt'; kernel: INotebookKernel }
  | { kind: 'drift'; kernel: INotebookKernel; drift: IDrift[] }
  | { kind: 'written'; build: IBuild }
  | { kind: 'ready'; kernel: IKernelSpec; build: IBuild | null }
  | { kind: 'box'; kernel: INotebookKernel }
  | { kind: 'fresh' };

/** All that the state depends on. */
export interface ISituation {
  serverOff: boolean;
  /** Whether there is a notebook in front. */
  open: boolean;
  language: string;
  /** Whether its code is in the page alone. */
  neverSaved: boolean;
  facts: INotebookFacts | null;
  problem: IProblem | null;
  draft: PlanDraft | null;
  /** The project's newest build; null also where the user has put it aside. */
  build: IBuild | null;
}

/** Return what to show: the first thing that is in the way, else what can be done next. */
export function stateOf(now: ISituation): State {
  if (now.serverOff) {
    return { kind: 'server-off' };
  }
  if (!now.open) {
    return { kind: 'none' };
  }
  const code = now.problem?.code;
  if ((now.language && now.language !== 'python') || code === 'unsupported_kernel') {
    return { kind: 'not-python' };
  }
  if (unsaved(now)) {
    return { kind: 'unsaved' };
  }
  if (now.draft) {
    return { kind: 'plan', draft: now.draft };
  }
  if (!now.facts) {
    return now.problem ? { kind: 'problem', problem: now.problem } : { kind: 'loading' };
  }
  return { facts: now.facts, ...known(now.facts, now.build) };
}

function known(facts: INotebookFacts, build: IBuild | null): Known {
  const { kernel, engine } = facts;
  if (build?.state === 'running') {
    return { kind: 'building', build };
  }
  if (kernel?.death) {
    return { kind: 'death', death: kernel.death, kernel };
  }
  if (!facts.approved) {
    return { kind: 'unapproved' };
  }
  if (build?.state === 'failed') {
    return { kind: 'failed', build };
  }
  const boxed = kernel && kernel.target !== 'host' ? kernel : null;
  const ready = readyKernel(facts, build);
  if (!engine.ok && boxed?.target !== 'venv') {
    // What was made just now, and runs without an engine, comes before what is missing.
    return ready?.build ? { kind: 'ready', ...ready } : { kind: 'engine', engine };
  }
  if (build?.state === 'cancelled' || build?.state === 'interrupted') {
    return { kind: 'stopped', build };
  }
  if (boxed && !boxed.current) {
    return { kind: 'rebuilt', kernel: boxed };
  }
  if (boxed && facts.drift.length) {
    return { kind: 'drift', kernel: boxed, drift: facts.drift };
  }
  if (boxed) {
    return { kind: 'box', kernel: boxed };
  }
  if (build?.state === 'done' && build.write_only) {
    return { kind: 'written', build };
  }
  return ready ? { kind: 'ready', ...ready } : { kind: 'fresh' };
}

/** Return the kernel to offer, and the build if it made it; null where none runs here. */
function readyKernel(
  facts: INotebookFacts,
  build: IBuild | null
): { kernel: IKernelSpec; build: IBuild | null } | null {
  // The build's own kernels first: the facts may be of the moment before it ended.
  const made = build?.state === 'done' ? (build.result?.kernels ?? []) : [];
  const kernel = [...made, ...facts.kernels].find(spec => runs(facts, spec));
  return kernel ? { kernel, build: builtIt(build, kernel) } : null;
}

/** Return whether a kernel can be started on this machine. */
export function runs(facts: INotebookFacts, spec: IKernelSpec): boolean {
  return facts.targets.find(state => state.target === spec.target)?.runs ?? true;
}

/** Return the build if it made this kernel. */
function builtIt(build: IBuild | null, spec: IKernelSpec): IBuild | null {
  const made = build?.result?.kernels.some(kernel => kernel.name === spec.name);
  return build && made ? build : null;
}

/** Return whether the file is not there, or has nothing of what stands in the page. */
function unsaved({ problem, facts, neverSaved }: ISituation): boolean {
  const gone = problem?.code === 'not_found' || problem?.code === 'http_404';
  return gone || (neverSaved && !!facts && !facts.kernels.length);
}
