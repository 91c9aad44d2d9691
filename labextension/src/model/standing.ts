import type { IDevboxModel } from '../tokens';

/** Where the notebook runs and how it stands: what badge, status item and menu agree on. */
export interface IStanding {
  target: 'host' | 'cpu' | 'cuda' | 'venv';
  /** How far the project's build is, 0 to 1; null where none runs. */
  building: number | null;
  /** Changes that the image lacks. */
  changes: number;
}

/** Return how the notebook in front stands; null where nothing is known of it. */
export function standing(model: IDevboxModel): IStanding | null {
  const { facts, build } = model;
  if (!facts) {
    return null;
  }
  const target = facts.kernel?.target ?? 'host';
  return {
    target,
    building: build?.state === 'running' ? build.fraction : null,
    changes: target === 'host' ? 0 : facts.drift.length
  };
}

/** Return a share as whole percent. */
export function percent(share: number): number {
  return Math.round(share * 100);
}
