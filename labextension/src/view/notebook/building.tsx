import React from 'react';

import type { IBuild } from '../../api/answers';
import { asideIcon, copyIcon } from '../../icons';
import { clock } from '../../units';
import { sentence, whatIsBuilt } from '../../words';
import { useView } from '../context';
import { Hint, IconButton, NextSteps, Note, Primary, Prose, Secondary } from '../parts/basics';
import { Lines } from '../parts/lines';
import { Log } from '../parts/log';
import { Bar, Phases } from '../parts/phases';

export function Building(props: {
  build: IBuild;
  heading?: React.Ref<HTMLHeadingElement>;
}): React.ReactElement {
  const { actions, model, trans } = useView();
  const { build } = props;
  return (
    <>
      <div className="jp-Devbox-stack8">
        <div className="jp-Devbox-row">
          <h4 className="jp-Devbox-title jp-Devbox-grow" tabIndex={-1} ref={props.heading}>
            {whatIsBuilt(trans, build)}
          </h4>
          <Elapsed build={build} />
        </div>
        <Bar build={build} />
      </div>
      <Phases build={build} />
      <Log build={build} />
      <div className="jp-Devbox-stack8">
        <Secondary onClick={() => actions.cancel(build)}>{trans.__('Cancel build')}</Secondary>
        <Hint>
          {trans.__(
            'Keep working: the build goes on when you close this page. %1 stays on its kernel until you switch.',
            model.current.name
          )}
        </Hint>
      </div>
    </>
  );
}

/** How long a build has run: the server's seconds, and those since its answer. */
function Elapsed({ build }: { build: IBuild }): React.ReactElement {
  const answered = React.useRef({ build, at: Date.now() });
  if (answered.current.build.seconds !== build.seconds) {
    answered.current = { build, at: Date.now() };
  }
  const [, tick] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    const timer = window.setInterval(tick, 1000);
    return () => window.clearInterval(timer);
  }, []);
  const since = (Date.now() - answered.current.at) / 1000;
  return <span className="jp-Devbox-small jp-Devbox-num">{clock(build.seconds + since)}</span>;
}

export function Failed({ build }: { build: IBuild }): React.ReactElement {
  const { actions, model, trans } = useView();
  const problem = build.problem;
  const fix = problem?.fix;
  const log = problem?.log ?? [];
  const said = [problem?.message ?? '', ...log].join('\n');
  return (
    <>
      <Note kind="err">
        <div className="jp-Devbox-row jp-mod-top">
          <p role="alert" className="jp-Devbox-grow">
            <b>
              {problem?.phase
                ? trans.__('Build failed: %1', problem.phase)
                : trans.__('Build failed')}
            </b>
          </p>
          <IconButton
            icon={asideIcon}
            label={trans.__('Dismiss')}
            onClick={() => model.putAside(build)}
          />
        </div>
        <p>
          <Prose text={sentence(problem?.message ?? '')} />
        </p>
        {!fix && <NextSteps text={problem?.hint ?? ''} />}
      </Note>
      {log.length > 0 && (
        <div className="jp-Devbox-stack4">
          <div className="jp-Devbox-row">
            <span className="jp-Devbox-grow jp-Devbox-h4">{trans.__('Its last lines')}</span>
            <IconButton
              icon={copyIcon}
              label={trans.__('Copy the error')}
              onClick={() => actions.copy(said)}
            />
          </div>
          <Lines lines={log} label={trans.__('Last lines of the failed step')} role="log" />
        </div>
      )}
      <div className="jp-Devbox-stack8">
        <Primary onClick={() => actions.retry(build, fix?.edits)}>
          {fix ? fix.label : trans.__('Retry')}
        </Primary>
        <div className="jp-Devbox-row">
          <Secondary onClick={() => actions.containerize(build.edits, build.write_only)}>
            {trans.__('Edit plan')}
          </Secondary>
          <Secondary onClick={() => actions.openLog(build)}>{trans.__('Open log')}</Secondary>
        </div>
        <Hint>{trans.__('Your kernel still runs and no earlier image was touched.')}</Hint>
      </div>
      <Phases build={build} />
    </>
  );
}

/** The build was cancelled, or the server ended in the middle of it. */
export function Stopped({ build }: { build: IBuild }): React.ReactElement {
  const { actions, model, trans } = useView();
  const title =
    build.state === 'cancelled'
      ? trans.__('Build cancelled')
      : trans.__('Jupyter stopped in the middle of the build');
  return (
    <>
      <Note kind="warn">
        <div className="jp-Devbox-row jp-mod-top">
          <p role="status" className="jp-Devbox-grow">
            <b>{title}</b>
          </p>
          <IconButton
            icon={asideIcon}
            label={trans.__('Dismiss')}
            onClick={() => model.putAside(build)}
          />
        </div>
        <p>{trans.__('The finished steps are kept.')}</p>
      </Note>
      <Primary onClick={() => actions.retry(build)}>{trans.__('Build again')}</Primary>
      <Phases build={build} />
    </>
  );
}
