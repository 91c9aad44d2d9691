import React from 'react';

import type { IBuild, IPhase } from '../../api/answers';
import { current } from '../../model/builds';
import { duration } from '../../units';
import { useView } from '../context';
import { Mark, MarkKind } from './basics';

const MARKS: { [status in IPhase['status']]: MarkKind } = {
  waiting: 'wait',
  running: 'run',
  done: 'ok',
  failed: 'err'
};

/** The steps of a build; of a failed one the failed step first, and none that never began. */
export function Phases({ build }: { build: IBuild }): React.ReactElement {
  const failed = build.state !== 'running' && build.state !== 'done';
  const phases = failed
    ? build.phases.filter(phase => phase.status !== 'waiting').reverse()
    : build.phases;
  return (
    <ol className="jp-Devbox-phases">
      {phases.map(phase => (
        <Phase key={phase.phase} phase={failed ? stopped(phase) : phase} />
      ))}
    </ol>
  );
}

/** Return a phase as it is once nothing runs any more. */
function stopped(phase: IPhase): IPhase {
  return phase.status === 'running' ? { ...phase, status: 'waiting' } : phase;
}

function Phase({ phase }: { phase: IPhase }): React.ReactElement {
  const { trans } = useView();
  const spoken = {
    waiting: phase.seconds === null ? trans.__('waiting: ') : trans.__('stopped: '),
    running: trans.__('running: '),
    done: trans.__('done: '),
    failed: trans.__('failed: ')
  }[phase.status];
  return (
    <li className={`jp-Devbox-phase jp-mod-${phase.status}`}>
      <Mark kind={MARKS[phase.status]} />
      <span className="jp-Devbox-phaseName">
        <span className="jp-Devbox-unseen">{spoken}</span>
        {phase.phase}
      </span>
      <span className="jp-Devbox-aside">{useSummary(phase)}</span>
    </li>
  );
}

/** Return what is to be said behind a phase's name. */
function useSummary(phase: IPhase): string {
  const { trans } = useView();
  const { status, detail, current: done, total, seconds } = phase;
  const took = seconds !== null && seconds >= 1 ? duration(seconds) : '';
  switch (status) {
    case 'failed':
      return took && trans.__('after %1', took);
    case 'running':
      return join(total ? trans.__('%1 of %2', done, total) : detail, took);
    case 'done':
      return phase.cached ? join(detail, trans.__('cached')) : join(detail, detail ? '' : took);
    default:
      return took && trans.__('stopped after %1', took);
  }
}

function join(...parts: string[]): string {
  return parts.filter(part => part).join(' · ');
}

/** How far a build is; a screen reader is told of each step, and of nothing else. */
export function Bar({ build }: { build: IBuild }): React.ReactElement {
  const { trans } = useView();
  const [step, steps] = build.step;
  const words = trans.__('Step %1 of %2', step, steps);
  return (
    <>
      <div
        className="jp-Devbox-bar"
        role="progressbar"
        aria-label={trans.__('Build')}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(build.fraction * 100)}
        aria-valuetext={words}
      >
        <i style={{ width: `${build.fraction * 100}%` }} />
      </div>
      <p className="jp-Devbox-unseen" role="status">
        {trans.__('%1: %2', words, current(build)?.phase ?? '')}
      </p>
    </>
  );
}
