import type { IEdits, ILimits } from '../api/answers';

/** Return the wishes of a build with those of a fix on top: lists are united. */
export function withFix(edits: IEdits, fix: IEdits): IEdits {
  const union = <T>(a: T[] = [], b: T[] = []): T[] => [...new Set([...a, ...b])];
  const all: IEdits = { ...edits, ...fix };
  for (const key of ['include', 'exclude', 'apt', 'exclude_apt', 'pack'] as const) {
    if (edits[key] || fix[key]) {
      all[key] = union(edits[key], fix[key]);
    }
  }
  if (edits.provides || fix.provides) {
    all.provides = { ...edits.provides, ...fix.provides };
  }
  return all;
}

/** Return the wishes that turn limits into others; emptied ones go, and cards are all again. */
export function limitEdits(now: ILimits, wanted: ILimits): Partial<ILimits> {
  const names = ['memory', 'cpus', 'shm_size', 'pids', 'gpus'] as const;
  const changed = names.filter(name => (now[name] ?? '') !== (wanted[name] ?? ''));
  return Object.fromEntries(changed.map(name => [name, wanted[name] || none(name)]));
}

/** Return the word for no bound. */
function none(name: keyof ILimits): string {
  return name === 'gpus' ? 'all' : 'off';
}
