import { UseSignal } from '@jupyterlab/ui-components';
import React from 'react';

import type { IBuild } from '../../api/answers';
import { copyIcon, openIcon } from '../../icons';
import { useView } from '../context';
import { IconButton } from './basics';
import { Lines } from './lines';

/** A build's log with its buttons, fetched while it is on the screen. */
export function Log(props: { build: IBuild; whole?: boolean }): React.ReactElement {
  const { actions, model, trans } = useView();
  const { build, whole = false } = props;
  const { builds } = model;
  const log = builds.log(build.id, whole);
  React.useEffect(() => builds.watch(build.id, whole), [builds, build.id, whole]);
  return (
    <div className={`jp-Devbox-stack4${whole ? ' jp-Devbox-fill' : ''}`}>
      <div className="jp-Devbox-row">
        <span className="jp-Devbox-grow jp-Devbox-h4">{trans.__('Log')}</span>
        {!whole && (
          <IconButton
            icon={openIcon}
            label={trans.__('Open the log in a tab')}
            onClick={() => actions.openLog(build)}
          />
        )}
        <IconButton
          icon={copyIcon}
          label={trans.__('Copy the log')}
          onClick={() => actions.copy(builds.text(build.id))}
        />
      </div>
      {log.first > 0 && (
        <p className="jp-Devbox-dim jp-Devbox-small">
          {trans._n(
            '%1 earlier line is in the tab.',
            '%1 earlier lines are in the tab.',
            log.first
          )}
        </p>
      )}
      <UseSignal signal={log.changed}>
        {() => (
          <Lines lines={log.lines} label={trans.__('Build log')} role="log" follow tall={whole} />
        )}
      </UseSignal>
    </div>
  );
}
