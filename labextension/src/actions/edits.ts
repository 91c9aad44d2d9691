import type { IEdits } from '../api/answers';

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
