import { MainAreaWidget, ReactWidget } from '@jupyterlab/apputils';
import React from 'react';

import { boxIcon } from '../icons';
import { whatIsBuilt } from '../words';
import { IView, ViewProvider, useView } from './context';
import { Mini } from './parts/basics';
import { Log } from './parts/log';
import { Bar } from './parts/phases';

/** Return a tab with the whole log of one build. */
export function logTab(view: IView, id: string): MainAreaWidget {
  const { model, trans } = view;
  const content = ReactWidget.create(
    <ViewProvider view={view} signal={model.changed}>
      {() => <LogTab id={id} />}
    </ViewProvider>
  );
  content.addClass('jp-Devbox-logTab');
  const tab = new MainAreaWidget({ content });
  const path = model.builds.get(id)?.path ?? '';
  tab.id = `jupyter-devbox-log-${id}`;
  tab.title.label = trans.__('Log of %1', path.split('/').pop() ?? id);
  tab.title.caption = path;
  tab.title.icon = boxIcon;
  tab.title.closable = true;
  return tab;
}

function LogTab({ id }: { id: string }): React.ReactElement {
  const { actions, model, trans } = useView();
  const build = model.builds.get(id);
  if (!build) {
    return <p>{trans.__('This build is not known any more.')}</p>;
  }
  const running = build.state === 'running';
  return (
    <>
      <div className="jp-Devbox-row">
        <b className="jp-Devbox-grow">
          {running ? whatIsBuilt(trans, build) : (build.problem?.message ?? build.path)}
        </b>
        {running && <Mini onClick={() => actions.cancel(build)}>{trans.__('Cancel build')}</Mini>}
      </div>
      {running && <Bar build={build} />}
      <Log build={build} whole />
    </>
  );
}
