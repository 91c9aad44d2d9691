import { Time } from '@jupyterlab/coreutils';
import React from 'react';

import type { IBuild } from '../../api/answers';
import { duration } from '../../units';
import { label, listing, sentence } from '../../words';
import { useView } from '../context';
import { Disclosure, Mark, MarkKind, Mini, NextSteps, Prose } from '../parts/basics';
import { Empty, More, Unanswered } from '../parts/empty';
import { Lines } from '../parts/lines';
import { Phases } from '../parts/phases';
import type { ISection } from './index';

const FIRST = 20;

const MARKS: { [state in IBuild['state']]: MarkKind } = {
  running: 'run',
  done: 'ok',
  failed: 'err',
  cancelled: 'wait',
  interrupted: 'warn'
};

export const builds: ISection = {
  id: 'builds',
  title: trans => trans.__('Builds'),
  body: () => <Builds />,
  summary: (model, trans) => {
    const all = model.builds.all;
    const running = all.filter(build => build.state === 'running').length;
    if (running) {
      return trans._n('%1 running', '%1 running', running);
    }
    if (all[0]?.state === 'failed') {
      return trans.__('last one failed');
    }
    return all.length ? String(all.length) : trans.__('none');
  }
};

function Builds(): React.ReactElement {
  const { model, trans } = useView();
  const all = model.builds.all;
  const problem = model.builds.problem;
  return (
    <div className="jp-Devbox-section">
      {problem && <Unanswered problem={problem} />}
      {!all.length && !problem && <Empty>{trans.__('Nothing was built yet.')}</Empty>}
      <More items={all} first={FIRST}>
        {build => <BuildRow key={build.id} build={build} />}
      </More>
    </div>
  );
}

function BuildRow({ build }: { build: IBuild }): React.ReactElement {
  const { actions, trans } = useView();
  const name = build.path.split('/').pop() ?? build.path;
  const targets = listing(
    trans,
    build.targets.map(target => label(trans, target))
  );
  const what = build.write_only ? trans.__('files') : targets;
  const title = `${name} · ${what}`;
  return (
    <li className="jp-Devbox-item">
      <Mark kind={MARKS[build.state]} />
      <div className="jp-Devbox-grow jp-Devbox-stack4">
        <div className="jp-Devbox-name" title={build.path}>
          {title}
        </div>
        <p className="jp-Devbox-dim jp-Devbox-small">
          {[useOutcome(build), Time.formatHuman(build.started)].join(' · ')}
        </p>
        {build.problem && (
          <p className="jp-Devbox-small">
            <Prose text={sentence(build.problem.message)} />
          </p>
        )}
        <Disclosure label={trans.__('Steps')}>
          {build.problem && build.problem.log.length > 0 && (
            <Lines
              lines={build.problem.log}
              label={trans.__('Last lines of the failed step of %1', title)}
              role="log"
            />
          )}
          <NextSteps text={build.problem?.hint ?? ''} />
          <Phases build={build} />
        </Disclosure>
        <div className="jp-Devbox-row jp-mod-wrap">
          <Mini
            label={trans.__('Open the log of %1', title)}
            onClick={() => actions.openLog(build)}
          >
            {trans.__('Open log')}
          </Mini>
          {build.state === 'running' ? (
            <Mini
              label={trans.__('Cancel the build of %1', title)}
              onClick={() => actions.cancel(build)}
            >
              {trans.__('Cancel')}
            </Mini>
          ) : (
            build.state !== 'done' && (
              <Mini label={trans.__('Build %1 again', title)} onClick={() => actions.retry(build)}>
                {trans.__('Retry')}
              </Mini>
            )
          )}
        </div>
      </div>
    </li>
  );
}

function useOutcome(build: IBuild): string {
  const { trans } = useView();
  const took = duration(build.seconds);
  switch (build.state) {
    case 'running':
      return trans.__('step %1 of %2', ...build.step);
    case 'done':
      return trans.__('done in %1', took);
    case 'failed':
      return trans.__('failed: %1', build.problem?.phase ?? took);
    case 'cancelled':
      return trans.__('cancelled');
    default:
      return trans.__('Jupyter stopped meanwhile');
  }
}
