import type { TranslationBundle } from '@jupyterlab/translation';

import type { IBuild, IDrift, IGpu, ILimits, IUnresolved, IUse, Target } from './api/answers';

import { gibibytes, memory } from './units';

/** Names that a line has room for. */
const SHOWN = 3;

/** Return words as a list in a sentence: `a`, `a and b`, `a, b and c`. */
export function listing(trans: TranslationBundle, words: readonly string[]): string {
  if (words.length < 2) {
    return words.join('');
  }
  return trans.__('%1 and %2', words.slice(0, -1).join(', '), words[words.length - 1]);
}

/** Return what a notebook uses: `Uses 9 packages and ffmpeg`. */
export function uses(trans: TranslationBundle, packages: number, apt: readonly string[]): string {
  const counted = trans._n('%1 package', '%1 packages', packages);
  const system =
    apt.length > SHOWN
      ? [trans._n('%1 system package', '%1 system packages', apt.length)]
      : [...apt];
  return trans.__('Uses %1', listing(trans, [counted, ...system]));
}

/** Return where an import stands: `(cell 3)`, `(cells 3 and 5)`; "" where it is not known. */
export function inCells(trans: TranslationBundle, cells: readonly number[]): string {
  if (!cells.length) {
    return '';
  }
  const numbers = listing(trans, cells.slice(0, SHOWN).map(String));
  return cells.length === 1 ? trans.__('(cell %1)', numbers) : trans.__('(cells %1)', numbers);
}

/** Return the imports that were not found, in one line; names stand in backticks. */
export function notFound(trans: TranslationBundle, unresolved: readonly IUnresolved[]): string {
  const names = unresolved
    .slice(0, SHOWN)
    .map(({ import: name, cells }) => `\`${name}\` ${inCells(trans, cells)}`.trim());
  const more = unresolved.length - names.length;
  const rest = more > 0 ? trans._n(', and %1 more', ', and %1 more', more) : '';
  const list = names.join(', ') + rest;
  return trans._n('%1 import not found: ', '%1 imports not found: ', unresolved.length) + list;
}

/** Return a message with a full stop. Its first word may be a name, and stays as it is. */
export function sentence(text: string): string {
  return !text || /[.!?:`]$/.test(text) ? text : `${text}.`;
}

/** Return a part of a sentence, or a hint, as a sentence of its own. */
export function capital(text: string): string {
  return sentence(text.charAt(0).toUpperCase() + text.slice(1));
}

/** Return what a build makes: `the CPU image`. */
export function whatIsBuilt(trans: TranslationBundle, build: IBuild): string {
  if (build.write_only) {
    return trans.__('Writing the files');
  }
  const labels = build.targets.map(target => label(trans, target));
  if (build.targets.every(target => target === 'venv')) {
    return trans.__('Making the virtual environment');
  }
  return build.targets.length > 1
    ? trans.__('Building %1', listing(trans, labels))
    : trans.__('Building the %1 image', labels[0] ?? '');
}

/** Return a target's name for people. */
export function label(trans: TranslationBundle, target: Target | 'host'): string {
  switch (target) {
    case 'host':
      return trans.__('Host');
    case 'venv':
      return trans.__('Environment');
    default:
      return target.toUpperCase();
  }
}

/** Return one change: the name in backticks, then what became of it. */
export function change(trans: TranslationBundle, drift: IDrift): string {
  const what = drift.version ? `\`${drift.name} ${drift.version}\`` : `\`${drift.name}\``;
  switch (drift.kind) {
    case 'added':
      return trans.__('%1 added', what);
    case 'removed':
      return trans.__('%1 is not used any more', what);
    default:
      // Of a plain pin the number is enough: "was 0.13.1".
      return drift.pinned
        ? trans.__('%1 changed, was %2', what, drift.pinned.replace(/^==/, ''))
        : trans.__('%1 changed', what);
  }
}

/** Return what a box uses, in words; CPUs and processes only where they are bounded. */
export function boxUse(trans: TranslationBundle, use: IUse): string[] {
  const parts: string[] = [];
  if (use.memory !== null) {
    parts.push(
      use.memory_limit === null
        ? trans.__('memory %1', memory(use.memory))
        : trans.__('memory %1 of %2', memory(use.memory), memory(use.memory_limit))
    );
  }
  if (use.cpus !== null && use.cpus_limit !== null) {
    parts.push(trans.__('CPUs %1 of %2', use.cpus.toFixed(1), use.cpus_limit));
  }
  if (use.pids !== null && use.pids_limit !== null) {
    parts.push(trans.__('processes %1 of %2', use.pids, use.pids_limit));
  }
  return parts;
}

/** Return how busy a graphics card is; its number where a box sees several. */
export function card(trans: TranslationBundle, gpu: IGpu, several: boolean): string {
  const name = several ? trans.__('GPU %1', gpu.index) : trans.__('GPU');
  const room =
    gpu.memory_used === null
      ? trans.__('%1 GiB', gibibytes(gpu.memory))
      : trans.__('%1 of %2 GiB', gibibytes(gpu.memory_used), gibibytes(gpu.memory));
  const busy = gpu.utilization === null ? '' : trans.__(', %1 % busy', gpu.utilization);
  return `${name} ${gpu.memory ? room : gpu.name}${busy}`;
}

/** Return the limits that a box can have, with their labels and an example each. */
export function limitFields(
  trans: TranslationBundle,
  cards: boolean
): { name: keyof ILimits; label: string; like: string }[] {
  const fields: { name: keyof ILimits; label: string; like: string }[] = [
    { name: 'memory', label: trans.__('Memory'), like: '4g' },
    { name: 'cpus', label: trans.__('CPUs'), like: '2' },
    { name: 'shm_size', label: trans.__('Shared memory'), like: '1g' },
    { name: 'pids', label: trans.__('Processes'), like: '512' }
  ];
  return cards ? [...fields, { name: 'gpus', label: trans.__('GPUs'), like: '0,1' }] : fields;
}

/** Return the limits that are set in one line: `memory 4g, CPUs 2`; "" for none. */
export function limits(trans: TranslationBundle, set: ILimits): string {
  return [
    set.memory && trans.__('memory %1', set.memory),
    set.cpus && trans.__('CPUs %1', set.cpus),
    set.shm_size && trans.__('shared memory %1', set.shm_size),
    set.pids && trans.__('processes %1', set.pids),
    set.gpus && set.gpus !== 'all' && trans.__('GPUs %1', set.gpus)
  ]
    .filter(part => part)
    .join(', ');
}

/** Return a sentence as it goes on after a colon. */
export function goingOn(text: string): string {
  return text.replace(/^(This|The|There|You)\b/, word => word.toLowerCase());
}
